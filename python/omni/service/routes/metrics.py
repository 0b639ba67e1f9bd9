"""Figures for Prometheus (delivery, line 15)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, text

from omni.delivery import prometheus
from omni.service.context import HttpRequest
from omni.service.operations import operation

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint() -> Blueprint:
    routes = Blueprint("metrics")
    routes.add_route(metrics, "/metrics")
    return routes


@operation("Figures for Prometheus", scope="read", media="text/plain")
async def metrics(request: HttpRequest) -> HTTPResponse:
    stats = await asyncio.to_thread(request.app.ctx.agent.delivery.stats)
    return text(prometheus(stats), content_type=_CONTENT_TYPE)
