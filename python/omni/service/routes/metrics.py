"""Figures for Prometheus (delivery, line 15)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, text

from omni.delivery import prometheus
from omni.service.context import HttpRequest
from omni.service.metrics import network_metrics, stream_metrics
from omni.service.operations import operation

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint() -> Blueprint:
    routes = Blueprint("metrics")
    routes.add_route(metrics, "/metrics")
    return routes


@operation("Figures for Prometheus", scope="read", media="text/plain")
async def metrics(request: HttpRequest) -> HTTPResponse:
    agent = request.app.ctx.agent
    stats = await asyncio.to_thread(agent.stats)
    lines = [*stream_metrics(agent.streams()), *network_metrics(stats["networks"])]
    return text(prometheus(stats["webhooks"]) + "\n".join(lines) + "\n", content_type=_CONTENT_TYPE)
