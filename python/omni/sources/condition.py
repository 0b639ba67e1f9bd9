"""How a source is doing, each change told once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger(__name__)

State = Literal["idle", "probing", "online", "degraded", "backoff", "failed", "ended"]
_LEVELS = {"degraded": logging.WARNING, "backoff": logging.WARNING, "failed": logging.ERROR}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a source is doing.

    Attributes:
        state: ``idle`` (not begun), ``probing`` (connecting), ``online``, ``degraded`` (pictures come, but not as they
            should), ``backoff`` (waits before it connects again), ``failed`` (the same, rarely: somebody has to do
            something), ``ended``.
        cause: what is the matter, a word for programs; empty when all is well.
        reason: the same for people.
        next_try_at: when it connects again, seconds on the monotonic clock.
    """

    state: State
    cause: str = ""
    reason: str = ""
    next_try_at: float | None = None

    @property
    def away(self) -> bool:
        """Whether no picture can come."""
        return self.state not in ("online", "degraded")

    @property
    def next_try_s(self) -> float | None:
        """Seconds until it connects again; None: it is connected, or does not wait."""
        return None if self.next_try_at is None else max(round(self.next_try_at - time.monotonic(), 1), 0.0)


class ConditionLog:
    """The condition of one source. Thread-safe.

    Args:
        name: the source, for the log.
        tell: is told of each change, in order, in the thread that causes it; must not block.

    Attributes:
        now: what it is doing.
        changes: how often each (state, cause) began.
    """

    def __init__(self, name: str, tell: Callable[[Condition], None] | None = None) -> None:
        self._name = name
        self._tell = tell
        self._lock = threading.Lock()
        self._closed = False
        self._logged: set[tuple[str, str]] = set()
        self.now = Condition("idle")
        self.changes: Mapping[tuple[str, str], int] = {}

    def set(self, state: State, cause: str = "", reason: str = "", wait_s: float | None = None) -> None:
        """What is so from now on. Told only if state or cause are others than before."""
        at = None if wait_s is None else time.monotonic() + wait_s
        with self._lock:  # while it is told, too: changes are told in their order
            if not self._closed:
                self._take(Condition(state, cause, reason, at))

    def close(self, state: State, cause: str = "", reason: str = "") -> None:
        """What is so for good: whoever is late, such as a decoder that was left behind, changes nothing any more."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._take(Condition(state, cause, reason))

    def _take(self, condition: Condition) -> None:
        before, self.now = self.now, condition
        state, cause, wait_s = condition.state, condition.cause, condition.next_try_s
        if (before.state, before.cause) == (state, cause):
            return
        self.changes = {**self.changes, (state, cause): self.changes.get((state, cause), 0) + 1}
        logger.log(
            self._level(state, cause),
            "stream %s: %s%s%s",
            self._name,
            state,
            f": {condition.reason}" if condition.reason else "",
            "" if wait_s is None else f"; next try in {wait_s:.0f} s",
        )
        if self._tell is not None:
            self._tell(condition)

    def _level(self, state: State, cause: str) -> int:
        """A camera that is away for a week is a line in the log, not one a minute; so is its return."""
        if state == "online" and self._logged:
            self._logged.clear()
            return logging.WARNING
        level = _LEVELS.get(state, logging.INFO)
        if level > logging.INFO and (state, cause) not in self._logged:
            self._logged.add((state, cause))
            return level
        return logging.INFO
