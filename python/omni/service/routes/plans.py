"""Pictures of floor plans beside the configuration file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sanic import Blueprint, HTTPResponse, json

from omni.service.answers import Pictures, Uploaded
from omni.service.context import Context, HttpRequest
from omni.service.etags import answer_if_changed, etag_of
from omni.service.operations import operation
from omni.service.plans import checked_plan, plan_names, read_plan, read_plans, write_plan
from omni.service.problems import Problem


def blueprint() -> Blueprint:
    routes = Blueprint("plans", url_prefix="/api/v1/plans")
    routes.add_route(plans, "/")
    routes.add_route(plan, "/<name:str>", unquote=True)
    routes.add_route(upload, "/<name:str>", methods=["PUT"], unquote=True)
    return routes


@operation("Pictures beside the configuration file", scope="read", answer=Pictures)
async def plans(request: HttpRequest) -> HTTPResponse:
    """Without a configuration file there are none, nor can any be added."""
    writable = request.app.ctx.settings.path is not None
    known = await asyncio.to_thread(plan_names, _folder(request.app.ctx)) if writable else []
    return json({"plans": known, "writable": writable})


@operation(
    "One of them",
    scope="read",
    media="image/*",
    path={"name": "of the file"},
    errors={404: ["no-plan"], 409: ["no-folder"]},
    statuses=(200, 304),
)
async def plan(request: HttpRequest, name: str) -> HTTPResponse:
    folder = _folder(request.app.ctx)
    known = [known["name"] for known in await asyncio.to_thread(plan_names, folder)]
    if name not in known:
        raise Problem("no-plan", 404, f"no plan named {name[:100]!r}; GET /api/v1/plans lists them")
    try:
        found = await asyncio.to_thread(read_plan, folder / name)
    except (OSError, ValueError) as error:
        raise Problem("no-plan", 404, f"{name!r} cannot be shown: {error}") from None
    return answer_if_changed(request, found.data, found.content_type, etag_of(found.data))


@operation(
    "Keep a picture there",
    scope="config",
    answer=Uploaded,
    body="image/*",
    path={"name": "of the file"},
    errors={409: ["no-folder"], 422: ["plan-refused"]},
)
async def upload(request: HttpRequest, name: str) -> HTTPResponse:
    """Keeps a picture under this name, in place of one that is there."""
    context = request.app.ctx
    folder, data = _folder(context), request.body
    try:
        width, height = await asyncio.to_thread(checked_plan, name, data)
    except ValueError as error:
        raise Problem("plan-refused", 422, f"{name[:100]!r}: {error}") from None
    async with context.uploading:
        await asyncio.to_thread(write_plan, folder / name, data)
        context.plans = await asyncio.to_thread(read_plans, context.config.map_tracking)
    return json({"name": name, "width": width, "height": height, "bytes": len(data)})


def _folder(context: Context) -> Path:
    if context.settings.path is None:
        raise Problem("no-folder", 409, "this service runs without a configuration file, and has no folder of plans")
    return context.settings.path.parent
