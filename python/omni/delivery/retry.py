"""When to try again (delivery, line 4), and when to leave an endpoint alone for a while."""

from __future__ import annotations

import random
from collections.abc import Sequence

from omni.delivery.clock import Clock

JITTER = 0.2
RETRY_AFTER_AT_MOST = 2.0
"""A receiver's ``Retry-After`` is honoured up to so many times the plan's pause."""

FAILURES = 5
"""Failures in a row, over all its lanes, after which an endpoint is left alone."""

REST_S, LONGEST_REST_S = 30.0, 300.0


class RetryPlan:
    """The pauses before a message's attempts.

    Args:
        pauses_s: seconds before each attempt, the first at index 0, before jitter.
    """

    def __init__(self, pauses_s: Sequence[float]) -> None:
        self._pauses_s = pauses_s

    def pause(self, made: int, retry_after: float | None = None) -> float | None:
        """Seconds to wait when so many attempts were made; None: give up."""
        if made >= len(self._pauses_s):
            return None
        planned = self._pauses_s[made]
        pause = planned * random.uniform(1 - JITTER, 1 + JITTER)
        return pause if retry_after is None else min(max(pause, retry_after), RETRY_AFTER_AT_MOST * planned)


class Breaker:
    """Keeps an endpoint that fails from being tried by all its lanes.

    After ``FAILURES`` in a row, or where the receiver asks for it, it opens: nobody tries for ``REST_S``, or as long as
    was asked for, then one lane; each failure doubles the rest up to ``LONGEST_REST_S``, a success closes it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._asked = False
        self._rest_s = REST_S
        self._closed_until = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        return self.down or self._asked

    @property
    def down(self) -> bool:
        """The endpoint fails, whatever it is sent: it is more than one message that it refuses."""
        return self._failures >= FAILURES

    def wait_s(self) -> float:
        """Seconds until it is worth asking again; 0: a lane may try now, and has to tell how it went."""
        if not self.open:
            return 0.0
        left = self._closed_until - self._clock.monotonic()
        if left > 0 or self._probing:
            return max(left, 1.0)
        self._probing = True
        return 0.0

    def succeeded(self) -> None:
        self._failures, self._asked, self._rest_s, self._probing = 0, False, REST_S, False

    def failed(self, slow_down_s: float | None = None) -> None:
        """One more failure. ``slow_down_s``: the receiver asked for a rest (429, 503)."""
        was_open, probed, self._probing = self.open, self._probing, False
        self._failures += 1
        self._asked |= slow_down_s is not None
        if probed:
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
        if self.open and (probed or not was_open):  # not for those that were under way when it opened
            self._closed_until = self._clock.monotonic() + (self._rest_s if slow_down_s is None else slow_down_s)

    def abandoned(self) -> None:
        """The lane that tried was stopped before it knew."""
        self._probing = False
