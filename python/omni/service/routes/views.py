"""Regions and lines, and the views of the map: size, scale, cameras, plan."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, json

from omni.agent.flow import WINDOW_S
from omni.service.answers import Flow, Regions, Views
from omni.service.context import HttpRequest
from omni.service.etags import answer_if_changed, etag_of
from omni.service.fields import Field, read_query
from omni.service.operations import operation
from omni.service.problems import Problem
from omni.service.scene import region_documents, view_documents

_WINDOW = Field("window_s", "int", WINDOW_S, least=1, most=WINDOW_S)


def blueprint() -> Blueprint:
    routes = Blueprint("views", url_prefix="/api/v1")
    routes.add_route(regions, "/regions")
    routes.add_route(views, "/views")
    routes.add_route(flow, "/views/<name:str>/flow", unquote=True)
    routes.add_route(plan, "/views/<name:str>/plan", unquote=True)
    return routes


@operation("Regions and lines as they are configured", scope="read", answer=Regions)
async def regions(request: HttpRequest) -> HTTPResponse:
    return json({"regions": region_documents(request.app.ctx.agent)})


@operation("The views of the map that are in use", scope="read", answer=Views)
async def views(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    return json({"views": view_documents(context.agent, context.plans)})


@operation(
    "Where people were, and which way they went",
    scope="read",
    answer=Flow,
    query=(_WINDOW,),
    path={"name": "of the view"},
    errors={404: ["no-view"]},
)
async def flow(request: HttpRequest, name: str) -> HTTPResponse:
    window_s = read_query(request, (_WINDOW,))["window_s"]
    try:
        document = await asyncio.to_thread(request.app.ctx.agent.map_flow, name, window_s)
    except KeyError:
        raise Problem("no-view", 404, f"no view named {name[:100]!r}; GET /api/v1/views lists them") from None
    return json(document)


@operation(
    "The picture of a plan",
    scope="read",
    media="image/*",
    path={"name": "of the view"},
    errors={404: ["no-plan"]},
    statuses=(200, 304),
)
async def plan(request: HttpRequest, name: str) -> HTTPResponse:
    found = request.app.ctx.plans.get(name)
    if found is None:
        raise Problem("no-plan", 404, f"no view named {name[:100]!r} with a plan; GET /api/v1/views lists them")
    return answer_if_changed(request, found.data, found.content_type, etag_of(found.data))
