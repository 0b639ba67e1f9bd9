"""What time of day it is, on a machine whose clock may be set while we run."""

from __future__ import annotations

import time
from collections.abc import Callable

Seconds = Callable[[], float]

SET_S = 1.0
"""The time of day was set where it parts from the monotonic clock by more: what NTP slews, both follow."""
_AT_ONCE_S = 0.01


class TimeOfDay:
    """Moments of the monotonic clock as Unix epoch seconds.

    They follow the machine's clock when it is set (by hand, by NTP, after sleep), and only then: between two settings
    they go on evenly.

    Args:
        wall: Unix epoch seconds; may jump.
        monotonic: seconds that only go forward.
    """

    def __init__(self, wall: Seconds = time.time, monotonic: Seconds = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._ahead = self._difference()

    def of(self, at: float) -> float:
        """Epoch seconds of a moment, as the clock was last followed."""
        return at + self._ahead

    def now(self) -> float:
        """Epoch seconds."""
        difference = self._difference()
        return self._monotonic() + (difference if abs(difference - self._ahead) > SET_S else self._ahead)

    def follow(self) -> float:
        """Take over how the machine's clock was set since the last call. Returns by how many seconds; 0: it was not."""
        set_by = self._difference() - self._ahead
        if abs(set_by) <= SET_S:
            return 0.0
        self._ahead += set_by
        return set_by

    def _difference(self) -> float:
        """The one clock less the other, both read at once: a thread may be held up between two readings."""
        for _ in range(5):
            before = self._monotonic()
            wall = self._wall()
            if self._monotonic() - before < _AT_ONCE_S:
                break
        return wall - before
