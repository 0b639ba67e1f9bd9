"""Answers sent only when they changed, and changes made only to what the caller has seen (RFC 9110)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sanic import HTTPResponse

from omni.service.problems import Problem

if TYPE_CHECKING:
    from omni.service.context import HttpRequest


def etag_of(data: bytes) -> str:
    """The strong entity tag of a representation."""
    return f'"{sha256(data).hexdigest()[:20]}"'


def answer_if_changed(request: HttpRequest, data: bytes, content_type: str, etag: str) -> HTTPResponse:
    """The data with its tag, or 304 where the caller has just that."""
    headers = {"etag": etag, "cache-control": "no-cache"}
    if etag in _tags(request, "if-none-match"):
        return HTTPResponse(status=304, headers=headers)
    return HTTPResponse(data, headers=headers, content_type=content_type)


def require_match(request: HttpRequest, etag: str) -> None:
    """Refuse a change by somebody who has not seen what it changes.

    Raises:
        Problem: 428, no ``If-Match``; 412, it changed since.
    """
    given = _tags(request, "if-match")
    if not given:
        raise Problem(
            "precondition-required", 428, "if-match: expected the etag of what is to be changed, found nothing"
        )
    if etag not in given and "*" not in given:
        raise Problem("changed-since", 412, "it was changed since it was read; read it again")


def _tags(request: HttpRequest, header: str) -> list[str]:
    return [tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip()]
