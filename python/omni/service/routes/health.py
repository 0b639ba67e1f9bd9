"""For supervisors: is the process alive, does it do its work."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, json

from omni.service.context import HttpRequest
from omni.service.status import readiness


def blueprint() -> Blueprint:
    routes = Blueprint("health")
    routes.add_route(healthz, "/healthz")
    routes.add_route(readyz, "/readyz")
    return routes


async def healthz(_: HttpRequest) -> HTTPResponse:
    return json({"alive": True})


async def readyz(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    unusable = [f"safe mode: {path}: {why}" for path, why in context.settings.problems]
    ready, reasons, warnings = (False, unusable, []) if unusable else readiness(context.agent)
    return json({"ready": ready, "reasons": reasons, "warnings": warnings}, 200 if ready else 503)
