"""Messages of one stream to one endpoint: first in, first out, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from omni.types import ProcessMessage

logger = logging.getLogger(__name__)

MOST_WAITING = 2000
"""Messages a lane keeps for a receiver that is away; beyond it the oldest are dropped and counted."""


@dataclass(slots=True)
class Waiting:
    """A message on its way. ``since`` is the event loop's time at which it came."""

    message: ProcessMessage
    since: float


class Lane:
    """A queue with one sender. Lives in one event loop.

    An ongoing message that has not gone out is replaced by a newer one: it would tell nothing new.

    Args:
        send: sends one message and returns when its fate is known.
        dropped: is told the reason of each message that is given up for want of room.
    """

    def __init__(self, send: Callable[[Waiting], Awaitable[None]], dropped: Callable[[str], None]) -> None:
        self._send = send
        self._dropped = dropped
        self._queue: deque[Waiting] = deque()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def depth(self) -> int:
        """Messages waiting, the one under way not counted."""
        return len(self._queue)

    def put(self, waiting: Waiting) -> None:
        """Add a message."""
        if waiting.message.reason == "ongoing":
            self._queue = deque(w for w in self._queue if w.message.reason != "ongoing")
        if len(self._queue) >= MOST_WAITING:
            self._dropped(self._queue.popleft().message.reason)
        self._queue.append(waiting)
        self._idle.clear()
        self._filled.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._filled.wait()
            while self._queue:
                await self._send(self._queue.popleft())
            self._filled.clear()
            self._idle.set()

    async def drained(self) -> None:
        """Wait until nothing is waiting or under way."""
        await self._idle.wait()
