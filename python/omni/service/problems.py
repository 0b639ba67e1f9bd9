"""Errors as ``application/problem+json`` (RFC 9457): one place, from exception to status and slug."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sanic import HTTPResponse
from sanic.exceptions import SanicException

from omni.errors import (
    CalibrationError,
    ConfigError,
    NotOpenError,
    OmniError,
    OutboxError,
    PhotoError,
    StateError,
    StoppedError,
    UnknownEndpointError,
    UnknownLineError,
    UnknownProfileError,
    UnknownStreamError,
)
from omni.service.serialize import to_json
from omni.tokens import TokensBusyError

if TYPE_CHECKING:
    from omni.service.context import HttpRequest

logger = logging.getLogger(__name__)

_STATUS_OF: dict[type[OmniError], int] = {
    CalibrationError: 422,
    ConfigError: 422,
    UnknownStreamError: 404,
    UnknownLineError: 404,
    UnknownProfileError: 404,
    PhotoError: 422,
    NotOpenError: 404,
    UnknownEndpointError: 404,
    OutboxError: 503,
    StateError: 503,
    TokensBusyError: 503,
    StoppedError: 503,
}

_PLAIN = {
    400: ("bad-request", "the request is not valid HTTP"),
    404: ("not-found", "no such path; docs/http.md lists them"),
    405: ("method-not-allowed", "this path does not take that method; the Allow header names those it takes"),
    408: ("request-timeout", "the request did not arrive in time"),
    413: ("too-large", "the request is larger than this service reads"),
    426: ("websocket-only", "this path speaks the websocket protocol only"),
    500: ("internal-error", "an error of ours; the log has it"),
    503: ("unavailable", "the request took too long, or the service is stopping; try again"),
}
"""Slug and detail of errors that tell nothing but their status."""


class Problem(Exception):
    """Something that the caller did wrong.

    Args:
        slug: what kind, stable: the end of ``type``.
        status: HTTP status.
        detail: one line for people: where, what was expected, what came, the remedy.
        headers: of the answer.
        members: further members of the document, e.g. ``field``, ``expected``, ``found``.
    """

    def __init__(
        self, slug: str, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.status = status
        self.headers = headers
        self.members = members


def problem_response(_: HttpRequest | None, error: Exception) -> HTTPResponse:
    """The answer to a request that ended in ``error``. What is not on purpose is logged, and told without insides."""
    if isinstance(error, Problem):
        return _response(error.slug, error.status, str(error), error.members, error.headers)
    if isinstance(error, OmniError) and type(error) in _STATUS_OF:
        return _response(error.slug, _STATUS_OF[type(error)], str(error), _members(error))
    status = error.status_code if isinstance(error, SanicException) else 500
    if status >= 500:
        logger.error("a request failed", exc_info=error)
    slug, detail = _PLAIN.get(status) or _PLAIN[500 if status >= 500 else 400]
    headers = {str(k): str(v) for k, v in (getattr(error, "headers", None) or {}).items()}
    return _response(slug, status, detail, {}, headers)


def _members(error: OmniError) -> dict[str, Any]:
    if not isinstance(error, ConfigError):
        return {}
    return {"problems": [{"path": path, "message": message} for path, message in error.problems]}


def _response(
    slug: str, status: int, detail: str, members: dict[str, Any], headers: dict[str, str] | None = None
) -> HTTPResponse:
    document = {
        "type": f"urn:omni:problem:{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        **members,
    }
    return HTTPResponse(to_json(document), status, headers, "application/problem+json")
