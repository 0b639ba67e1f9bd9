"""How much the log may hold, and what goes first (delivery, line 6)."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from math import ceil

from omni.ages import Ages, Seconds
from omni.delivery.records import LaneKey
from omni.delivery.store import Store

logger = logging.getLogger(__name__)

CHUNK = 500
"""Messages a transaction; the writer is not held up for longer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes on disk, and the greatest age of a message in seconds."""

    bytes: int = 1 << 30
    age_s: float = 72 * 3600.0


class Retention:
    """Brings a log within its bounds.

    By age everything goes, except the message that a lane is trying to deliver, which has its own plan; nothing grows
    older because the machine's clock is set (``omni.ages``). By bytes:
    pictures first, oldest first, then what nobody waits for, then the oldest that is waited for, which its lanes are
    told of as a gap.

    Args:
        dropped: (class, why) -> how many; counted up.
        ages: how old messages can be.
    """

    def __init__(self, dropped: Counter[tuple[str, str]], ages: Ages[int]) -> None:
        self._dropped = dropped
        self._ages = ages

    def apply(self, store: Store, bounds: Bounds, now: Seconds) -> Counter[LaneKey]:
        """Take out what is too much or too old.

        Args:
            store: the log, outside a transaction.
            bounds: its bounds.
            now: tells Unix epoch seconds.

        Returns:
            How many messages each lane will never get.
        """
        lost: Counter[LaneKey] = Counter()
        newest = store.newest()
        # The clock is read last: what holds us up between it and the monotonic one looks like a clock that was set.
        old, last = self._ages.old(bounds.age_s, now(), newest)
        oldest = store.oldest(last)
        if oldest is not None and oldest < old:
            while _drop_delivered(store, old, last, CHUNK) or self._drop_waiting(
                store, old, last, CHUNK, "too old", lost
            ):
                pass
        while (count := _too_many(store, bounds.bytes)) > 0:
            newest = store.newest()
            if not (
                self._drop_pictures(store, count)
                or _drop_delivered(store, float("inf"), newest, count)
                or self._drop_waiting(store, float("inf"), newest, count, "outbox full", lost)
            ):
                break
        if lost:
            logger.warning("webhooks: the outbox is full, or old; %d messages were given up", lost.total())
        return lost

    def _drop_pictures(self, store: Store, most: int) -> bool:
        with store:
            count = store.drop_pictures(most)
        self._dropped["image", "outbox full"] += count
        return count > 0

    def _drop_waiting(
        self, store: Store, before: float, last: int, most: int, why: str, lost: Counter[LaneKey]
    ) -> bool:
        with store:
            count, owed = store.drop_waiting(before, last, most)
        self._dropped["durable", why] += owed.total()
        lost.update(owed)
        return count > 0


def _too_many(store: Store, most_bytes: int) -> int:
    """About how many messages have to go, at most ``CHUNK``; 0: there is room."""
    used = store.used_bytes()
    if used <= most_bytes:
        return 0
    return min(ceil((used - most_bytes) / store.mean_bytes()), CHUNK)


def _drop_delivered(store: Store, before: float, last: int, most: int) -> bool:
    with store:
        return store.drop_delivered(before, last, most) > 0
