"""What waits to be sent to one viewer."""

from __future__ import annotations

import asyncio
from collections import deque

PROCESSES_WAITING = 256
"""A viewer that is further behind misses the oldest process messages."""

Message = bytes | str


class Viewer:
    """A slow viewer skips pictures and never holds up others: of each thing only the newest waits.

    Belongs to the event loop's thread.
    """

    def __init__(self) -> None:
        self._newest: dict[str, Message] = {}
        self._in_order: deque[Message] = deque(maxlen=PROCESSES_WAITING)
        self._waiting = asyncio.Event()

    def replace(self, subject: str, message: Message) -> None:
        """Send this unless a newer message on the same subject comes first. It keeps its predecessor's turn."""
        self._newest[subject] = message
        self._waiting.set()

    def append(self, message: Message) -> None:
        """Send this after all that was appended before."""
        self._in_order.append(message)
        self._waiting.set()

    async def next(self) -> Message:
        """The message to send now; waits for one."""
        await self._waiting.wait()
        message = self._in_order.popleft() if self._in_order else self._newest.pop(next(iter(self._newest)))
        if not self._in_order and not self._newest:
            self._waiting.clear()
        return message
