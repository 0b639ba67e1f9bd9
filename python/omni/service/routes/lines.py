"""Lines: how often each was crossed (protocol, section 4)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, json

from omni.service.context import HttpRequest


def blueprint() -> Blueprint:
    routes = Blueprint("lines", url_prefix="/api/v1/lines")
    routes.add_route(lines, "/")
    routes.add_route(reset, "/<uuid:str>/reset", methods=["POST"])
    return routes


async def lines(request: HttpRequest) -> HTTPResponse:
    return json({"lines": await asyncio.to_thread(request.app.ctx.agent.lines)})


async def reset(request: HttpRequest, uuid: str) -> HTTPResponse:
    await asyncio.to_thread(request.app.ctx.agent.reset_line, uuid[:100].lower())
    return json({})
