"""How good a calibration is before it is used, and the plans to calibrate to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sanic import Blueprint, HTTPResponse, json, raw

from omni.errors import CalibrationError
from omni.service.calibration import CalibrationQuestion, calibration_document
from omni.service.context import HttpRequest
from omni.service.operations import operation
from omni.service.plans import decode_plan, is_plan_name, plan_names, read_plan
from omni.service.problems import Problem


def blueprint() -> Blueprint:
    routes = Blueprint("calibration", url_prefix="/api/v1")
    routes.add_route(check, "/calibration/check", methods=["POST"])
    routes.add_route(plans, "/plans")
    routes.add_route(plan, "/plans/<name:str>", unquote=True)
    routes.add_route(upload, "/plans/<name:str>", methods=["PUT"], unquote=True, name="upload_plan")
    return routes


@operation(
    "What point pairs come to",
    scope="read",
    answer=dict[str, Any],
    body=CalibrationQuestion,
    errors={422: ["calibration-unusable"]},
)
async def check(request: HttpRequest) -> HTTPResponse:
    try:
        question = CalibrationQuestion.model_validate_json(request.body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise Problem("invalid-field", 400, f"${path}: {first['msg']}", field=f"${path}") from None
    stream = str(question.stream_uuid)
    size = next((s.image_size for s in request.app.ctx.agent.streams() if s.stream_uuid == stream), None)
    try:
        return json(await asyncio.to_thread(calibration_document, question, size))
    except CalibrationError as error:
        raise Problem("calibration-unusable", 422, str(error)) from None


@operation("Pictures beside the configuration", scope="read", answer=dict[str, Any])
async def plans(request: HttpRequest) -> HTTPResponse:
    path = request.app.ctx.settings.path
    names = [] if path is None else await asyncio.to_thread(plan_names, path.parent)
    return json({"plans": names, "writable": path is not None})


@operation(
    "One of them",
    scope="read",
    media="image/*",
    path={"name": "of the file"},
    errors={400: ["invalid-field"], 404: ["no-plan"], 409: ["no-folder"]},
)
async def plan(request: HttpRequest, name: str) -> HTTPResponse:
    try:
        found = await asyncio.to_thread(read_plan, _path(request, name))
    except (OSError, ValueError):
        raise Problem("no-plan", 404, f"no picture named {name[:100]!r}; GET /api/v1/plans lists them") from None
    return raw(found.data, content_type=found.content_type, headers={"cache-control": "no-cache"})


@operation(
    "Keep a picture",
    scope="config",
    answer=dict[str, Any],
    body="image/*",
    path={"name": "of the file"},
    errors={409: ["no-folder"], 422: ["plan-unusable"], 503: ["plan-not-written"]},
)
async def upload(request: HttpRequest, name: str) -> HTTPResponse:
    path = _path(request, name)
    try:
        found = await asyncio.to_thread(decode_plan, request.body)
    except ValueError as error:
        raise Problem("plan-unusable", 422, f"the body: {error}") from None
    try:
        await asyncio.to_thread(_write, path, request.body)
    except OSError as error:
        raise Problem("plan-not-written", 503, f"{name}: cannot be written: {error.strerror}") from None
    return json({"name": name, "width": found.width, "height": found.height})


def _path(request: HttpRequest, name: str) -> Path:
    file = request.app.ctx.settings.path
    if file is None:
        raise Problem("no-folder", 409, "the configuration is no file, so there is no folder of plans beside it")
    if not is_plan_name(name):
        expected = "a plain file name that ends in .png, .jpg or .webp"
        detail = f"name: expected {expected}, found {name[:100]!r}"
        raise Problem("invalid-field", 400, detail, field="name", expected=expected, found=name[:100])
    return Path(file).parent / name


def _write(path: Path, data: bytes) -> None:
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_bytes(data)
    scratch.replace(path)
