"""POSTs that are carried out once, however often they arrive (``Idempotency-Key``)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sanic import HTTPResponse

from omni.service.problems import Problem

if TYPE_CHECKING:
    from omni.service.context import HttpRequest

HEADER = "idempotency-key"
KEY_MAX = 255
KEPT_S = 24 * 3600.0
KEPT_MAX = 1000
KEPT_BYTES = 16 << 20
"""Of all answers together: that of a check of the settings can be megabytes."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A call. ``answer``: it while it is carried out, then what it answered; None where that was a secret."""

    fingerprint: bytes
    answer: asyncio.Task[Any] | HTTPResponse | None
    begun: float


class Once:
    """Answers by key, for ``KEPT_S``, at most ``KEPT_MAX`` and ``KEPT_BYTES`` of them, the oldest going first.

    Belongs to the event loop's thread. A call goes on when its caller leaves, so that one who comes again with the
    same key gets its answer. What failed may be tried again and is not kept. Of an answer that holds a secret only is
    kept that it was given.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    async def answer(
        self, request: HttpRequest, call: Callable[[], Coroutine[Any, Any, Any]], *, secret: bool = False
    ) -> Any:
        """The answer of ``call``, or that of the first call with the request's key.

        Args:
            request: whose header is looked at.
            call: carries it out.
            secret: whether the answer holds a secret.

        Raises:
            Problem: 400, the key is none; 422, it was used for another request; 409, its answer was a secret.
        """
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None:
            return await call()
        if not 0 < len(key) <= KEY_MAX:
            raise Problem("invalid-field", 400, f"{HEADER}: expected 1 to {KEY_MAX} characters, found {len(key)}")
        named = (request.ctx.caller.name, key)
        fingerprint = _fingerprint(request)
        self._forget_old()
        kept = self._kept.get(named)
        if kept is None:
            answer = asyncio.create_task(call())
            self._kept[named] = _Kept(fingerprint, answer, self._clock())
            answer.add_done_callback(lambda task: self._done(named, task, secret=secret))
            return await asyncio.shield(answer)
        if kept.fingerprint != fingerprint:
            raise Problem("key-reused", 422, f"this {HEADER} came with another request before; take a new one")
        if kept.answer is None:
            detail = f"this was carried out, and its answer is not kept: it holds a secret; take a new {HEADER}"
            raise Problem("secret-shown", 409, detail)
        if isinstance(kept.answer, HTTPResponse):
            return _copy(kept.answer)
        return _copy(await asyncio.shield(kept.answer))

    def _forget_old(self) -> None:
        oldest_wanted = self._clock() - KEPT_S
        while self._kept and next(iter(self._kept.values())).begun < oldest_wanted:
            self._kept.popitem(last=False)

    def _make_room(self) -> None:
        size = sum(map(_size, self._kept.values()))
        while len(self._kept) > KEPT_MAX or size > KEPT_BYTES:
            size -= _size(self._kept.popitem(last=False)[1])

    def _done(self, named: tuple[str, str], task: asyncio.Task[Any], *, secret: bool) -> None:
        kept = self._kept.get(named)
        failed = task.cancelled() or task.exception() is not None
        if kept is None or kept.answer is not task:
            return
        if failed:
            del self._kept[named]
        else:  # a task would keep its request, a photo of 8 MiB may be, for as long
            self._kept[named] = replace(kept, answer=None if secret else _copy(task.result()))
            self._make_room()


def _size(kept: _Kept) -> int:
    return len(kept.answer.body or b"") if isinstance(kept.answer, HTTPResponse) else 0


def _fingerprint(request: HttpRequest) -> bytes:
    digest = sha256()
    for part in (request.method.encode(), request.path.encode(), request.query_string.encode(), request.body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _copy(answer: HTTPResponse) -> HTTPResponse:
    """Sanic sends a response once."""
    again = HTTPResponse(answer.body, answer.status, dict(answer.headers), answer.content_type)
    again.headers["idempotent-replayed"] = "true"
    return again
