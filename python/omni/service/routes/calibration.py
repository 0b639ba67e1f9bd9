"""Point pairs, tried before they are used."""

from __future__ import annotations

import asyncio

from pydantic import ValidationError
from sanic import Blueprint, HTTPResponse, json

from omni.config.faults import pointer
from omni.service.answers import Calibration
from omni.service.calibration import Pairs, fit
from omni.service.context import HttpRequest
from omni.service.fields import read_document
from omni.service.operations import operation
from omni.service.problems import Problem


def blueprint() -> Blueprint:
    routes = Blueprint("calibration", url_prefix="/api/v1/calibration")
    routes.add_route(check, "/check", methods=["POST"])
    return routes


@operation(
    "What point pairs come to",
    scope="read",
    answer=Calibration,
    body=Pairs,
    errors={400: ["invalid-body"], 409: ["no-picture"], 422: ["calibration-invalid"]},
)
async def check(request: HttpRequest) -> HTTPResponse:
    """Answers 422 with the reason where the pairs can give no map."""
    document = read_document(request)
    try:
        pairs = Pairs.model_validate(document)
    except ValidationError as error:
        problems = [{"path": pointer(e["loc"]), "message": e["msg"]} for e in error.errors(include_url=False)]
        detail = "; ".join(f"{problem['path']}: {problem['message']}" for problem in problems)
        raise Problem("calibration-invalid", 422, detail, problems=problems) from None
    sizes = {status.stream_uuid: status.image_size for status in request.app.ctx.agent.streams()}
    size = sizes.get(str(pairs.stream_uuid))
    if size is None:
        raise Problem(
            "no-picture",
            409,
            f"$.stream_uuid: {pairs.stream_uuid} is no stream that has given a picture; try again then",
        )
    return json(await asyncio.to_thread(fit, pairs, size))
