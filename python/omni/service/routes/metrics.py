"""Figures for Prometheus (delivery, line 15)."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, text

from omni.delivery import prometheus
from omni.service.context import HttpRequest
from omni.service.figures import stream_figures

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint() -> Blueprint:
    routes = Blueprint("metrics")
    routes.add_route(metrics, "/metrics")
    return routes


async def metrics(request: HttpRequest) -> HTTPResponse:
    agent = request.app.ctx.agent
    stats = await asyncio.to_thread(agent.delivery.stats)
    return text(prometheus(stats) + stream_figures(agent.streams()), content_type=_CONTENT_TYPE)
