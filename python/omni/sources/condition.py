"""How a source is doing, each change told once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

logger = logging.getLogger(__name__)

State = Literal["idle", "probing", "online", "degraded", "backoff", "failed"]
_LEVELS = {"degraded": logging.WARNING, "backoff": logging.WARNING, "failed": logging.ERROR}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a source is doing.

    Attributes:
        state: ``idle`` (not begun), ``probing`` (connecting), ``online``, ``degraded`` (pictures come, but not as they
            should), ``backoff`` (waits before it connects again), ``failed`` (the same, rarely: somebody has to do
            something).
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
        tell: is told of each change, in the thread that causes it; must not block.
    """

    def __init__(self, name: str, tell: Callable[[Condition], None] | None = None) -> None:
        self._name = name
        self._tell = tell
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self.now = Condition("idle")

    @property
    def changes(self) -> Mapping[tuple[str, str], int]:
        """How often each (state, cause) began."""
        with self._lock:
            return dict(self._counts)

    def set(self, state: State, cause: str = "", reason: str = "", wait_s: float | None = None) -> None:
        """What is so from now on. Told only if state or cause are others than before."""
        at = None if wait_s is None else time.monotonic() + wait_s
        with self._lock:
            before, self.now = self.now, Condition(state, cause, reason, at)
            if (before.state, before.cause) == (state, cause):
                return
            self._counts[state, cause] += 1
            now = replace(self.now)
        wait = f"; next try in {wait_s:.0f} s" if wait_s is not None else ""
        logger.log(
            _LEVELS.get(state, logging.INFO),
            "stream %s: %s%s%s",
            self._name,
            state,
            f": {reason}" if reason else "",
            wait,
        )
        if self._tell is not None:
            self._tell(now)
