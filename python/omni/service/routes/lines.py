"""Lines: how often each was crossed (protocol, section 4)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, json

from omni.service.answers import Lines, Nothing
from omni.service.context import HttpRequest
from omni.service.operations import operation


def blueprint() -> Blueprint:
    routes = Blueprint("lines", url_prefix="/api/v1/lines")
    routes.add_route(lines, "/")
    routes.add_route(reset, "/<uuid:str>/reset", methods=["POST"])
    return routes


@operation("How often each line was crossed", scope="read", answer=Lines)
async def lines(request: HttpRequest) -> HTTPResponse:
    return json({"lines": await asyncio.to_thread(request.app.ctx.agent.lines)})


@operation(
    "The counters of a line begin at nought",
    scope="control",
    answer=Nothing,
    path={"uuid": "of the line"},
    errors={404: ["unknown-line"]},
)
async def reset(request: HttpRequest, uuid: str) -> HTTPResponse:
    await asyncio.to_thread(request.app.ctx.agent.reset_line, uuid[:100].lower())
    return json({})
