"""The document of this API."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse

from omni.service.context import HttpRequest
from omni.service.etags import answer_if_changed, etag_of
from omni.service.openapi import openapi_document
from omni.service.operations import operation
from omni.service.serialize import to_json


def blueprint() -> Blueprint:
    routes = Blueprint("openapi", url_prefix="/api/v1")
    routes.add_route(openapi, "/openapi.json")
    return routes


@operation("This document", scope="read", answer=dict[str, Any], statuses=(200, 304))
async def openapi(request: HttpRequest) -> HTTPResponse:
    data = to_json(openapi_document(request.app)).encode()
    return answer_if_changed(request, data, "application/json", etag_of(data))
