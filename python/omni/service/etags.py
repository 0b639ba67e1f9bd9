"""Answers that are sent only when they changed (RFC 9110)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sanic import HTTPResponse

if TYPE_CHECKING:
    from omni.service.context import HttpRequest


def etag_of(data: bytes) -> str:
    """The strong entity tag of a representation."""
    return f'"{sha256(data).hexdigest()[:20]}"'


def answer_if_changed(request: HttpRequest, data: bytes, content_type: str, etag: str) -> HTTPResponse:
    """The data with its tag, or 304 where the caller has just that."""
    headers = {"etag": etag, "cache-control": "no-cache"}
    if etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
        return HTTPResponse(status=304, headers=headers)
    return HTTPResponse(data, headers=headers, content_type=content_type)
