"""What every request passes before its body is read: the host it was meant for, the page it comes from, who sent it."""

from __future__ import annotations

from ipaddress import ip_address
from types import SimpleNamespace
from urllib.parse import urlsplit

from sanic import Request
from sanic.response import BaseHTTPResponse

from omni.service.context import App, HttpRequest
from omni.service.fields import BODY_MAX_BYTES
from omni.service.operations import operation_of
from omni.service.problems import Problem

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class GuardedRequest(Request[App, SimpleNamespace]):
    """A request whose body is read of those alone who may send it: strangers could have the service hold 8 MiB each."""

    async def receive_body(self) -> None:
        await let_in(self)
        operation = operation_of(self.route) if self.route is not None else None
        if self.stream is not None and operation is not None and operation.scope is None:
            self.stream.request_max_size = min(self.stream.request_max_size, BODY_MAX_BYTES)
        await super().receive_body()  # type: ignore[no-untyped-call]


async def let_in(request: HttpRequest) -> None:
    """All checks, once a request.

    Raises:
        Problem: 401, 403, 415, 421.
        StateError: the tokens cannot be read.
    """
    if not getattr(request.ctx, "let_in", False):
        for check in (refuse_other_hosts, refuse_other_origins, authorise, refuse_encoded_bodies):
            await check(request)
        request.ctx.let_in = True


async def refuse_other_hosts(request: HttpRequest) -> None:
    """A name that somebody else points at this address (DNS rebinding) makes pages of theirs look like ours.

    Addresses and ``localhost`` cannot be pointed elsewhere; other names are those of the configuration.

    Raises:
        Problem: 421.
    """
    header = request.headers.get("host")
    if header is None:  # no browser
        return
    name = _host_name(header)
    if name is None or not (_is_address(name) or request.app.ctx.access.knows_itself_as(name)):
        raise Problem(
            "host-refused", 421, f"this service does not know itself as {header[:200]!r}; http.names lists its names"
        )


async def refuse_other_origins(request: HttpRequest) -> None:
    """A page of another site may neither call nor watch. Programs send no ``Origin`` and are not concerned.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    if origin is not None and _place(origin) != request.headers.get("host"):
        raise Problem(
            "origin-refused",
            403,
            f"pages of {origin[:200]!r} may not use this service; open the page that it serves itself, "
            "and behind a proxy pass the Host header on",
        )


async def authorise(request: HttpRequest) -> None:
    """Tokens, sessions, scopes (``access.py``).

    Raises:
        Problem: 401, 403.
        StateError: the tokens cannot be read.
    """
    await request.app.ctx.access.authorise(request)


async def refuse_encoded_bodies(request: HttpRequest) -> None:
    """No call needs a body so large that it would pay, and a small one can unpack to any size.

    Raises:
        Problem: 415.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise Problem(
            "encoding-refused",
            415,
            f"Content-Encoding: {encoding[:100]!r} is not read; send the body as it is (identity)",
            headers={"accept-encoding": "identity"},
        )


async def add_security_headers(_: HttpRequest, response: BaseHTTPResponse) -> None:
    """For every answer: run nothing that is not ours, be embedded nowhere, be stored only where said."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("cache-control", "no-store")


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # a bracket that stays open
        return ""


def _host_name(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
