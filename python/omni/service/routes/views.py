"""The views of the map: size, scale, cameras, plan."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sanic import Blueprint, HTTPResponse, json

from omni.config import ViewConfig
from omni.service.answers import Views
from omni.service.context import Context, HttpRequest
from omni.service.etags import answer_if_changed, etag_of
from omni.service.operations import operation
from omni.service.problems import Problem

MARGIN = 0.25
"""Space around the calibration's points where there is no plan, as a part of their extent."""


def blueprint() -> Blueprint:
    routes = Blueprint("views", url_prefix="/api/v1/views")
    routes.add_route(views, "/")
    routes.add_route(plan, "/<name:str>/plan", unquote=True)
    return routes


@operation("The views of the map that are in use", scope="read", answer=Views)
async def views(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    used = {tick.name for tick in context.agent.map_ticks()}
    configured = context.config.map_tracking.views
    return json({"views": [_document(view, context) for view in configured if view.name in used]})


@operation(
    "The picture of a plan",
    scope="read",
    media="image/*",
    path={"name": "of the view"},
    errors={404: ["no-plan"]},
    statuses=(200, 304),
)
async def plan(request: HttpRequest, name: str) -> HTTPResponse:
    found = request.app.ctx.plans.get(name)
    if found is None:
        raise Problem("no-plan", 404, f"no view named {name[:100]!r} with a plan; GET /api/v1/views lists them")
    return answer_if_changed(request, found.data, found.content_type, etag_of(found.data))


def _document(view: ViewConfig, context: Context) -> dict[str, Any]:
    plan = context.plans.get(view.name)
    url = f"/api/v1/views/{quote(view.name, safe='')}/plan"
    return {
        "name": view.name,
        "metres_per_unit": view.metres_per_unit,
        "extent": _extent(view) if plan is None else [0.0, 0.0, float(plan.width), float(plan.height)],
        "plan": None if plan is None else {"url": url, "width": plan.width, "height": plan.height},
        "cameras": [str(camera.stream_uuid) for camera in view.cameras],
    }


def _extent(view: ViewConfig) -> list[float]:
    """x from, y from, x to, y to, in map units: where people can be expected."""
    places = [pair.map for camera in view.cameras for pair in camera.points]
    xs, ys = zip(*places, strict=True)
    margin = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys))
    return [min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin]
