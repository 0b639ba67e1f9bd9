"""What the configuration says of the place: regions and lines, views of the map. Read by the page and by GET."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from omni.config import RegionConfig, ViewConfig
from omni.service.plans import Plan

if TYPE_CHECKING:
    from omni.agent import Agent

MARGIN = 0.25
"""Space around the calibration's points where there is no plan, as a part of their extent."""


def scene_document(agent: Agent, plans: dict[str, Plan]) -> dict[str, Any]:
    """All of it, as the page gets it when it opens and when the configuration changes."""
    return {
        "regions": region_documents(agent),
        "views": view_documents(agent, plans),
        "anonymous": agent.config.anonymous_mode,
    }


def view_documents(agent: Agent, plans: dict[str, Plan]) -> list[dict[str, Any]]:
    """The views of the map that are in use, as ``GET /api/v1/views`` lists them."""
    used = {tick.name for tick in agent.map_ticks()}
    return [
        _view(view, plans.get(view.name), agent.map_footprints(view.name))
        for view in agent.config.map_tracking.views
        if view.name in used
    ]


def region_documents(agent: Agent) -> list[dict[str, Any]]:
    """Regions and lines as ``GET /api/v1/regions`` lists them."""
    return [_region(region) for region in agent.config.mutlistream_ROI.regions]


def _view(view: ViewConfig, plan: Plan | None, footprints: dict[str, list[list[float]]]) -> dict[str, Any]:
    url = f"/api/v1/views/{quote(view.name, safe='')}/plan"
    return {
        "name": view.name,
        "metres_per_unit": view.metres_per_unit,
        "extent": _extent(view) if plan is None else [0.0, 0.0, float(plan.width), float(plan.height)],
        "plan": None if plan is None else {"url": url, "width": plan.width, "height": plan.height},
        "cameras": [str(camera.stream_uuid) for camera in view.cameras],
        "footprints": footprints,
    }


def _extent(view: ViewConfig) -> list[float]:
    """x from, y from, x to, y to, in map units: where people can be expected."""
    places = [pair.map for camera in view.cameras for pair in camera.points]
    xs, ys = zip(*places, strict=True)
    margin = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys))
    return [min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin]


def _region(region: RegionConfig) -> dict[str, Any]:
    trigger = region.trigger_settings
    return {
        "uuid": str(region.uuid),
        "name": region.name,
        "stream_uuid": None if region.stream_uuid is None else str(region.stream_uuid),
        "points": [[corner.x, corner.y] for corner in region.points],
        "direction": None if trigger is None else [trigger.direction.x, trigger.direction.y],
        "presence": region.presence,
    }
