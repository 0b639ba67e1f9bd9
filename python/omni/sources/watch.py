"""Whether the pictures of a connection are as they should be."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

import numpy as np

from omni.sources.clock import Moment
from omni.types import UInt8

WINDOW_S = 5.0
SLOW_SHARE = 0.5
"""Fewer of the usual number of pictures than this share is slow."""
FROZEN_S = 10.0
JUMP_TOLD_S = 10.0
"""For so long a jump of the clock is told."""
STALL_S, STALL_INTERVALS = 5.0, 10
_NORM_OF = 20
_SAMPLE_STEP = 16


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is not as it should be: ``cause`` for programs, ``reason`` for people."""

    cause: str
    reason: str


class PictureWatch:
    """Watches one connection's pictures. Not thread-safe."""

    def __init__(self) -> None:
        self._arrivals: deque[float] = deque()
        self._steps: list[float] = []
        self._before: Moment | None = None
        self._sample = b""
        self._changed_at = 0.0
        self._jumped_at = -float("inf")

    @property
    def interval_s(self) -> float | None:
        """Usual seconds between two pictures, from the first ones of the connection."""
        return statistics.median(self._steps) if len(self._steps) >= 3 else None

    @property
    def stall_limit_s(self) -> float:
        """The connection is given up when no picture came for so long."""
        return max(STALL_S, STALL_INTERVALS * (self.interval_s or 0.0))

    def arrived(self, moment: Moment, now: float) -> None:
        """A picture came."""
        if self._before is not None and not moment.jumped and not moment.waited and len(self._steps) < _NORM_OF:
            self._steps.append(moment.at - self._before.at)
        self._before = moment
        self._arrivals.append(now)
        while self._arrivals[0] < now - WINDOW_S:
            self._arrivals.popleft()
        if moment.jumped:
            self._jumped_at = now

    def seen(self, picture: UInt8, now: float) -> None:
        """What a picture shows. Real ones are never twice the same to the last bit."""
        sample = np.ascontiguousarray(picture[::_SAMPLE_STEP, ::_SAMPLE_STEP]).tobytes()
        if sample != self._sample:
            self._sample, self._changed_at = sample, now

    def trouble(self, begun: float, now: float) -> Trouble | None:
        """What is the matter at a time of the monotonic clock, for a connection that began at another."""
        if now - self._jumped_at < JUMP_TOLD_S:
            return Trouble("clock_jump", "the camera's clock was set anew")
        if self._sample and now - self._changed_at > FROZEN_S:
            return Trouble("frozen", f"the picture has stood still for more than {FROZEN_S:.0f} s")
        usual = self.interval_s
        if usual is not None and now - begun > 2 * WINDOW_S:
            came = sum(at > now - WINDOW_S for at in self._arrivals)
            if (came + 1) * usual < SLOW_SHARE * WINDOW_S:
                return Trouble("slow", f"{came / WINDOW_S:.1f} of {1 / usual:.1f} pictures a second come")
        return None
