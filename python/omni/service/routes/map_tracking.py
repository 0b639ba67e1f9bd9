"""People on the map (protocol, section 1)."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse

from omni.service.answers import MapTracking
from omni.service.context import HttpRequest
from omni.service.operations import operation


def blueprint(path: str) -> Blueprint:
    """``path`` is where the configuration puts it."""
    routes = Blueprint("map_tracking")
    routes.add_route(map_tracking, path)
    return routes


@operation("People on the map", scope="read", answer=MapTracking, of_the_original=True)
async def map_tracking(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    text = context.map_body.text(context.agent.map_ticks() if context.runs else [])  # wrongly configured: no views
    return HTTPResponse(text, content_type="application/json")
