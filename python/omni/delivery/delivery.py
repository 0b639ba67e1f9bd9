"""The sending of webhooks: a thread with an event loop of its own, that the pipeline never waits for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import aiohttp

from omni.config import SubscriberConfig
from omni.delivery.body import EncodePicture
from omni.delivery.endpoint import Endpoint
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

DRAIN_S = 10.0
"""How long a graceful stop tries to deliver what waits (delivery, line 13)."""


class Delivery:
    """Sends process messages to all subscribers. Thread-safe.

    At least once and in order per (endpoint, stream) while the process lives. Messages are held in memory: what
    waits when the process is killed is lost.

    Args:
        subscribers: who is told.
        run: epoch and identifiers.
        encode: makes best shots; None: no picture leaves.
    """

    def __init__(self, subscribers: Sequence[SubscriberConfig], run: Run, *, encode: EncodePicture | None) -> None:
        self._subscribers = [s for s in subscribers if s.enabled]
        self._run = run
        self._encode = encode
        self._endpoints: list[Endpoint] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._thread = threading.Thread(target=self._serve, name="webhooks", daemon=True)

    def start(self) -> None:
        """Start the thread; without subscribers there is nothing to start."""
        if not self._subscribers:
            return
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._call(self._open())

    def publish(self, message: ProcessMessage) -> None:
        """Hand a message over; returns at once."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, message)

    def stop(self) -> None:
        """Deliver what waits, for at most ``DRAIN_S``, and end the thread."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), loop).result(DRAIN_S + 5.0)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(5.0)
        loop.close()

    def stats(self) -> dict[str, Any]:
        """``delivered`` by reason over all subscribers, and each ``endpoints``' own figures."""
        endpoints = [endpoint.stats() for endpoint in self._endpoints]
        delivered: Counter[str] = Counter()
        for endpoint in endpoints:
            delivered.update(endpoint["delivered"])
        return {"delivered": dict(sorted(delivered.items())), "endpoints": endpoints}

    def _serve(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10.0)

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._endpoints = [
            Endpoint(s, self._run, encode=self._encode, session=self._session) for s in self._subscribers
        ]

    def _put(self, message: ProcessMessage) -> None:
        for endpoint in self._endpoints:
            endpoint.put(message)

    async def _close(self) -> None:
        try:
            await asyncio.wait_for(asyncio.gather(*(e.drain() for e in self._endpoints)), DRAIN_S)
        except TimeoutError:
            waiting = sum(endpoint.stats()["waiting"] for endpoint in self._endpoints)
            logger.warning("webhooks: stopped with %d messages not delivered", waiting)
        for endpoint in self._endpoints:
            await endpoint.close()
        if self._session is not None:
            await self._session.close()
