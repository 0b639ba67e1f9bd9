"""Which agent this is (protocol, section 1)."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, json

from omni._build import build_info
from omni.agent.software import software_versions
from omni.service.answers import About
from omni.service.context import HttpRequest
from omni.service.operations import operation


def blueprint() -> Blueprint:
    routes = Blueprint("about")
    routes.add_route(about, "/about")
    return routes


@operation("Which agent this is", scope="read", answer=About, of_the_original=True)
async def about(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    faces = context.agent.faces if context.runs else None
    software = software_versions(faces.name if faces else "none")
    return json({**build_info(), "name": "omni", "used_software": software, "may_be_standalone": True})
