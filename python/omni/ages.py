"""How old things are, on a machine whose clock may be set while we run."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Seconds = Callable[[], float]

BELIEVED_AFTER_S = 3600.0
"""So long a clock that was set forward counts for no age: what is deleted is not there again when it is set back."""
_AHEAD_S = 60.0
_MARKS = 50

Mark = TypeVar("Mark")


def passing() -> float:
    """Seconds that only go forward, those of the machine's sleep among them where it tells (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Ages(Generic[Mark]):
    """Says what is old enough to be deleted; nothing grows older because the machine's clock is set forward.

    For ``BELIEVED_AFTER_S`` the clock is not believed, for it may be set back. Then it is, but what this run has
    written is never taken for older than the time that has passed since. Not thread-safe.

    Args:
        monotonic: seconds that only go forward.
    """

    def __init__(self, monotonic: Seconds = passing) -> None:
        self._monotonic = monotonic
        self._before: tuple[float, float] | None = None
        self._ahead_since: float | None = None
        self._was_set = False
        self._marks: deque[tuple[float, Mark]] = deque()

    def old(self, age_s: float, wall: float, newest: Mark) -> tuple[float, Mark]:
        """What is older than ``age_s`` seconds: what is dated before a time, and no newer than a mark.

        To be asked often, the first time before anything is written.

        Args:
            age_s: seconds.
            wall: the clock, Unix epoch seconds.
            newest: marks what is written by now.
        """
        at = self._monotonic()
        if not self._marks or at - self._marks[-1][0] >= age_s / _MARKS:
            self._marks.append((at, newest))
        while len(self._marks) > 1 and at - self._marks[1][0] >= age_s:
            self._marks.popleft()
        return self._now(wall, at) - age_s, self._marks[0][1] if self._was_set else newest

    def _now(self, wall: float, at: float) -> float:
        """The time by which things are old."""
        passed = wall if self._before is None else self._before[0] + at - self._before[1]
        if wall <= passed + _AHEAD_S:
            self._ahead_since = None
        else:
            self._was_set = True
            self._ahead_since = at if self._ahead_since is None else self._ahead_since
            if at - self._ahead_since < BELIEVED_AFTER_S:
                return passed
        self._before = wall, at
        return wall
