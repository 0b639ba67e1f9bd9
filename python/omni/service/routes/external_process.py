"""External (media) processes: begin, end, end all (protocol, section 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sanic import Blueprint, HTTPResponse, json

from omni.errors import NotOpenError, UnknownStreamError
from omni.service.answers import Nothing
from omni.service.context import HttpRequest
from omni.service.fields import Field, read_fields, refuse_absent
from omni.service.operations import operation

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
_NO_STREAM = {404: ["unknown-stream"]}


def blueprint() -> Blueprint:
    routes = Blueprint("external_process", url_prefix="/external_process")
    for handler in (begin, end, terminate_all):
        routes.add_route(handler, f"/{handler.__name__}", methods=["POST"])
    return routes


@operation(
    "A process of somebody outside begins",
    scope="control",
    answer=Nothing,
    body=BEGIN,
    errors=_NO_STREAM,
    of_the_original=True,
)
async def begin(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, BEGIN)
    await _done(request.app.ctx.agent.external.begin, class_=fields.pop("class"), **fields)
    return json({})


@operation(
    "The last begun of that name and class ends",
    scope="control",
    answer=Nothing,
    body=END,
    errors={404: ["unknown-stream", "external-process-not-open"]},
    of_the_original=True,
)
async def end(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, END)
    await _done(request.app.ctx.agent.external.end, class_=fields.pop("class"), **fields)
    return json({})


@operation(
    "All of them end",
    scope="control",
    answer=Nothing,
    body=TERMINATE_ALL,
    errors=_NO_STREAM,
    of_the_original=True,
)
async def terminate_all(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, TERMINATE_ALL)
    await _done(request.app.ctx.agent.external.terminate_all, **fields)
    return json({})


async def _done(call: Callable[..., None], **fields: Any) -> None:
    """Call it.

    Raises:
        Problem: 404, there is no such stream, or nothing to end; it names the field.
    """
    try:
        await asyncio.to_thread(call, **fields)
    except UnknownStreamError as error:
        refuse_absent("stream_uuid", "a stream of this agent", fields["stream_uuid"], error)
    except NotOpenError as error:
        refuse_absent("name", "that of an external process that is open", fields["name"], error)
