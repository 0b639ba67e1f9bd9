"""Regions and lines, and the views of the map: size, scale, cameras, plan."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, json, raw

from omni.service.context import HttpRequest
from omni.service.problems import Problem
from omni.service.scene import region_documents, view_documents


def blueprint() -> Blueprint:
    routes = Blueprint("views", url_prefix="/api/v1")
    routes.add_route(regions, "/regions")
    routes.add_route(views, "/views")
    routes.add_route(plan, "/views/<name:str>/plan", unquote=True)
    return routes


async def regions(request: HttpRequest) -> HTTPResponse:
    return json({"regions": region_documents(request.app.ctx.agent)})


async def views(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    return json({"views": view_documents(context.agent, context.plans)})


async def plan(request: HttpRequest, name: str) -> HTTPResponse:
    found = request.app.ctx.plans.get(name)
    if found is None:
        raise Problem("no-plan", 404, f"no view named {name[:100]!r} with a plan; GET /api/v1/views lists them")
    return raw(found.data, content_type=found.content_type, headers={"cache-control": "no-cache"})
