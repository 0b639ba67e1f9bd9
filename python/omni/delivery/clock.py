"""The time that delivery asks; tests put their own in its place."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """The system's clocks."""

    def time(self) -> float:
        """Unix epoch seconds; may jump."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
