"""When a camera that failed is tried again."""

from __future__ import annotations

import random

from omni.sources.diagnosis import Failure

SHORTEST_S, LONGEST_S = 1.0, 60.0
PERMANENT_AFTER = 3
"""So many failures in a row that only somebody can mend are believed."""
PERMANENT_S = 300.0
GOOD_AFTER_S = 60.0
"""A connection that lasted so long was a good one: the next failure is the first."""


class Backoff:
    """Exponential with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS 2015), from 1 s to 60 s."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self._failures = 0
        self._permanent = 0

    def next_s(self, failure: Failure, lasted_s: float) -> tuple[float, bool]:
        """After a failure: seconds to wait, and whether it is one that only somebody can mend.

        Args:
            failure: what happened.
            lasted_s: seconds from the connection's first picture to its last; 0 where none came.
        """
        self._failures = 1 if lasted_s >= GOOD_AFTER_S else self._failures + 1
        self._permanent = self._permanent + 1 if failure.permanent else 0
        if self._permanent >= PERMANENT_AFTER:
            return PERMANENT_S, True
        ceiling = min(LONGEST_S, SHORTEST_S * 2.0 ** min(self._failures, 16))
        return self._chance.uniform(SHORTEST_S, ceiling), False
