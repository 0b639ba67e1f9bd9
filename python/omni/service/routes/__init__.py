"""The routes: one blueprint a resource."""

from __future__ import annotations

from sanic import Blueprint

from omni.service.routes import (
    about,
    events,
    external_process,
    faces,
    health,
    lines,
    live,
    metrics,
    openapi,
    page,
    session,
    status,
    views,
    webhooks,
)


def blueprints() -> list[Blueprint]:
    """Fresh blueprints of all resources but the map, whose path is configured."""
    parts = [about, external_process, health, status, views, lines, faces, webhooks, events, metrics, live, page]
    parts += [session, openapi]
    return [part.blueprint() for part in parts]
