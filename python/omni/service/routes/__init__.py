"""The routes: one blueprint a resource."""

from __future__ import annotations

from sanic import Blueprint

from omni.service.routes import about, external_process, faces, health, lines, live, page, status, views


def blueprints() -> list[Blueprint]:
    """Fresh blueprints of all resources but the map, whose path is configured."""
    return [part.blueprint() for part in (about, external_process, health, status, views, lines, faces, live, page)]
