"""How the agent is doing, and what its processes look like."""

from __future__ import annotations

import time

from sanic import Blueprint, HTTPResponse, json

from omni.process.schema import processes_schema
from omni.service.context import HttpRequest
from omni.service.status import status_document


def blueprint() -> Blueprint:
    routes = Blueprint("status", url_prefix="/api/v1")
    routes.add_route(status, "/status")
    routes.add_route(schema, "/schema/processes")
    return routes


async def status(request: HttpRequest) -> HTTPResponse:
    return json(status_document(request.app.ctx.agent, time.time()))


async def schema(_: HttpRequest) -> HTTPResponse:
    return json(processes_schema(), content_type="application/schema+json")
