"""What waits to be sent to one viewer."""

from __future__ import annotations

import asyncio
import json
from collections import deque

from omni.service.live.picture import WIDTH_DEFAULT, picture_width

WIDTH_LONGEST = 100_000

PROCESSES_WAITING = 256
"""A viewer that is further behind misses the oldest process messages."""

Message = bytes | str


class Viewer:
    """A slow viewer skips pictures and never holds up others: of each thing only the newest waits.

    Belongs to the event loop's thread.

    Attributes:
        width: of the pictures that it gets, pixels.
    """

    def __init__(self) -> None:
        self.width = WIDTH_DEFAULT
        self._newest: dict[str, Message] = {}
        self._in_order: deque[Message] = deque(maxlen=PROCESSES_WAITING)
        self._waiting = asyncio.Event()

    def listen(self, text: str | bytes) -> None:
        """Take what the viewer says: ``{"width": device pixels of its tiles}``.

        Raises:
            ValueError: anything else; the message says what was expected.
        """
        try:
            width = json.loads(text)["width"]
        except (ValueError, KeyError, TypeError, RecursionError):
            width = None
        if type(width) is not int or not 1 <= width <= WIDTH_LONGEST:
            raise ValueError(f'expected {{"width": an integer from 1 to {WIDTH_LONGEST}}}')
        self.width = picture_width(width)

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
