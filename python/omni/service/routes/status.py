"""How the agent is doing, and what its processes look like."""

from __future__ import annotations

import time
from typing import Any

from sanic import Blueprint, HTTPResponse, json

from omni.process.schema import events_schema, processes_schema, streams_schema
from omni.service.answers import Status
from omni.service.context import HttpRequest
from omni.service.operations import operation
from omni.service.status import status_document


def blueprint() -> Blueprint:
    routes = Blueprint("status", url_prefix="/api/v1")
    routes.add_route(status, "/status")
    routes.add_route(schema_of_processes, "/schema/processes")
    routes.add_route(schema_of_events, "/schema/events")
    routes.add_route(schema_of_streams, "/schema/streams")
    return routes


@operation("How the agent is doing", scope="read", answer=Status)
async def status(request: HttpRequest) -> HTTPResponse:
    return json(status_document(request.app.ctx.agent, time.time()))


@operation("JSON Schema of processes", scope="read", answer=dict[str, Any], media="application/schema+json")
async def schema_of_processes(_: HttpRequest) -> HTTPResponse:
    return json(processes_schema(), content_type="application/schema+json")


@operation("JSON Schema of one event", scope="read", answer=dict[str, Any], media="application/schema+json")
async def schema_of_events(_: HttpRequest) -> HTTPResponse:
    return json(events_schema(), content_type="application/schema+json")


@operation(
    "JSON Schema of what tells how a stream is doing",
    scope="read",
    answer=dict[str, Any],
    media="application/schema+json",
)
async def schema_of_streams(_: HttpRequest) -> HTTPResponse:
    return json(streams_schema(), content_type="application/schema+json")
