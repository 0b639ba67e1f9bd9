"""The routes: one blueprint a resource."""

from __future__ import annotations

from sanic import Blueprint

from omni.service.routes import (
    about,
    calibration,
    config,
    events,
    external_process,
    faces,
    health,
    history,
    lines,
    live,
    metrics,
    openapi,
    page,
    plans,
    session,
    status,
    views,
    webhooks,
)


def blueprints() -> list[Blueprint]:
    """Fresh blueprints of all resources but the map, whose path is configured."""
    parts = (
        about,
        external_process,
        health,
        status,
        views,
        lines,
        faces,
        webhooks,
        events,
        history,
        metrics,
        live,
        page,
    )
    return [part.blueprint() for part in (*parts, calibration, config, plans, session, openapi)]
