"""Which agent this is (protocol, section 1)."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, json

from omni._build import build_info
from omni.service.answers import About
from omni.service.context import HttpRequest
from omni.service.operations import operation


def blueprint() -> Blueprint:
    routes = Blueprint("about")
    routes.add_route(about, "/about")
    return routes


@operation("Which agent this is", scope="read", answer=About, of_the_original=True)
async def about(request: HttpRequest) -> HTTPResponse:
    build = build_info()
    return json(
        {
            "version": build["version"],
            "full_version_with_hash": build["full_version_with_hash"],
            "build_hash": build["build_hash"],
            "build_date": build["build_date"],
            "name": "omni",
            "used_software": request.app.ctx.agent.about_software(),
            "may_be_standalone": True,
        }
    )
