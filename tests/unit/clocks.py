"""A machine's two clocks, moved by the test."""

from __future__ import annotations

DAY_S = 86_400.0


class Clocks:
    def __init__(self) -> None:
        self.at = 100.0
        self.ahead = 1_700_000_000.0

    def wall(self) -> float:
        return self.at + self.ahead

    def monotonic(self) -> float:
        return self.at
