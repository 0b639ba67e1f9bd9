"""Logging in and out of the page."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, json
from typing_extensions import TypedDict

from omni.service.access import Caller, session_cookie
from omni.service.context import HttpRequest
from omni.service.fields import Field, read_fields
from omni.service.operations import operation
from omni.tokens import Scope

_LOGIN = (Field("token", "text"),)


class SessionDocument(TypedDict):
    """``required``: whether a token is; ``scopes``: what this caller may do; ``csrf``: to go along with writes."""

    required: bool
    scopes: list[Scope]
    csrf: str | None


def blueprint() -> Blueprint:
    routes = Blueprint("session", url_prefix="/api/v1/session")
    routes.add_route(session, "/")
    routes.add_route(log_in, "/", methods=["POST"])
    routes.add_route(log_out, "/", methods=["DELETE"])
    return routes


@operation("What this caller may do", scope=None, answer=SessionDocument)
async def session(request: HttpRequest) -> HTTPResponse:
    return json(_document(request, request.ctx.caller))


@operation(
    "Show a token, get a cookie",
    scope=None,
    answer=SessionDocument,
    body=_LOGIN,
    errors={401: ["token-unknown"], 429: ["too-many-logins"]},
)
async def log_in(request: HttpRequest) -> HTTPResponse:
    session_id, caller = await request.app.ctx.access.log_in(read_fields(request, _LOGIN)["token"], request.ip)
    secure = request.headers.get("origin", "").startswith("https:")  # behind a proxy only the browser knows
    cookie = session_cookie(session_id, secure=secure)
    return json(_document(request, caller), headers={"set-cookie": cookie})


@operation("Forget this browser", scope=None, answer=SessionDocument)
async def log_out(request: HttpRequest) -> HTTPResponse:
    access = request.app.ctx.access
    access.log_out(request)
    return json(_document(request, access.caller(request)), headers={"set-cookie": session_cookie("", secure=False)})


def _document(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    return {
        "required": request.app.ctx.access.required,
        "scopes": caller.scopes,
        "csrf": caller.session.csrf if caller.session else None,
    }
