"""For supervisors: is the process alive, does it do its work."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, json

from omni.service.answers import Alive, Readiness
from omni.service.context import HttpRequest
from omni.service.operations import operation
from omni.service.status import readiness


def blueprint() -> Blueprint:
    routes = Blueprint("health")
    routes.add_route(healthz, "/healthz")
    routes.add_route(readyz, "/readyz")
    return routes


@operation("Whether the process lives", scope=None, answer=Alive)
async def healthz(_: HttpRequest) -> HTTPResponse:
    return json({"alive": True})


@operation("Whether it does its work", scope=None, answer=Readiness, statuses=(200, 503))
async def readyz(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    unusable = [f"safe mode: {path}: {why}" if path else f"safe mode: {why}" for path, why in context.settings.problems]
    ready, reasons, warnings = (False, unusable, []) if unusable else readiness(context.agent)
    if not request.ctx.caller.scopes:  # a supervisor without a token learns whether, not which camera and why
        reasons, warnings = [], []
    return json({"ready": ready, "reasons": reasons, "warnings": warnings}, 200 if ready else 503)
