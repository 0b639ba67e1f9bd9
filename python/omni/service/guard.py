"""What keeps other sites in the same browser away: the service has no login and listens on loopback."""

from __future__ import annotations

from urllib.parse import urlsplit

from sanic.response import BaseHTTPResponse

from omni.service.context import HttpRequest
from omni.service.problems import Problem

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


async def refuse_other_origins(request: HttpRequest) -> None:
    """A page of another site may neither call nor watch. Programs send no ``Origin`` and are not concerned.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(
            "origin-refused",
            403,
            f"pages of {origin[:200]!r} may not use this service; open the page that it serves itself, "
            "and behind a proxy pass the Host header on",
        )


async def add_security_headers(_: HttpRequest, response: BaseHTTPResponse) -> None:
    """For every answer: run nothing that is not ours, be embedded nowhere, be stored only where said."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("cache-control", "no-store")
