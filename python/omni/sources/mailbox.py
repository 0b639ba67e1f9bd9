"""One place for one picture: the newest."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from omni.sources.clock import Moment
from omni.types import UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A picture (H, W, 3) uint8 BGR, when it was taken, and when it came (monotonic seconds)."""

    image: UInt8
    moment: Moment
    came_at: float


class Mailbox:
    """What one thread puts in, another takes out; what nobody took is replaced. ``dropped`` counts lost pictures."""

    def __init__(self) -> None:
        self._newest: Arrival | None = None
        self._arrived = threading.Condition()
        self.dropped = 0

    def put(self, arrival: Arrival) -> None:
        with self._arrived:
            self.dropped += self._newest is not None
            self._newest = arrival
            self._arrived.notify()

    def take(self, timeout_s: float) -> Arrival | None:
        """The newest, None if none came within the time."""
        with self._arrived:
            if self._newest is None:
                self._arrived.wait(timeout_s)
            taken, self._newest = self._newest, None
            return taken

    def drop(self) -> None:
        """Count a picture that is not put in."""
        with self._arrived:
            self.dropped += 1
