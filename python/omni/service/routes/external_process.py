"""External (media) processes: begin, end, end all (protocol, section 1)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, json

from omni.service.context import HttpRequest
from omni.service.fields import Field, read_fields

_NAME = Field("name", "text")
_CLASS = Field("class", "text", "media")
_STREAM = Field("stream_uuid", "uuid", "")

BEGIN = (
    _NAME,
    _CLASS,
    Field("repeats", "bool", False),
    Field("duration", "int", 0),
    Field("started_at", "int", 0),
    _STREAM,
)
END = (_NAME, _CLASS, Field("stopped_at", "int", 0), _STREAM)
TERMINATE_ALL = (_STREAM,)


def blueprint() -> Blueprint:
    routes = Blueprint("external_process", url_prefix="/external_process")
    for handler in (begin, end, terminate_all):
        routes.add_route(handler, f"/{handler.__name__}", methods=["POST"])
    return routes


async def begin(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, BEGIN)
    external = request.app.ctx.agent.external
    await asyncio.to_thread(external.begin, class_=fields.pop("class"), **fields)
    return json({})


async def end(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, END)
    external = request.app.ctx.agent.external
    await asyncio.to_thread(external.end, class_=fields.pop("class"), **fields)
    return json({})


async def terminate_all(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, TERMINATE_ALL)
    await asyncio.to_thread(request.app.ctx.agent.external.terminate_all, **fields)
    return json({})
