"""How much the log may hold, and what goes first (delivery, line 6)."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from math import ceil

from omni.delivery.store import Store

logger = logging.getLogger(__name__)

CHUNK = 500
"""Messages a transaction; the writer is not held up for longer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes on disk, and the greatest age of a message in seconds."""

    bytes: int = 1 << 30
    age_s: float = 72 * 3600.0


def retain(store: Store, bounds: Bounds, now: float, dropped: Counter[tuple[str, str]]) -> None:
    """Bring the log within its bounds.

    By age everything goes, except the message that a lane is trying to deliver, which has its own plan. By bytes:
    pictures first, oldest first, then what nobody waits for, then the oldest that is waited for, which its lanes are
    told of as a gap.

    Args:
        store: the log, outside a transaction.
        bounds: its bounds.
        now: Unix epoch seconds.
        dropped: (class, why) -> how many; counted up.
    """
    before = sum(dropped.values())
    _retain(store, bounds, now, dropped)
    if (lost := sum(dropped.values()) - before) > 0:
        logger.warning("webhooks: the outbox is full or old; %d messages or pictures were given up", lost)


def _retain(store: Store, bounds: Bounds, now: float, dropped: Counter[tuple[str, str]]) -> None:
    old = now - bounds.age_s
    oldest = store.oldest()
    if oldest is not None and oldest < old:
        while _drop_delivered(store, old, CHUNK) or _drop_waiting(store, old, CHUNK, "too old", dropped):
            pass
    while (count := _too_many(store, bounds.bytes)) > 0:
        if not (
            _drop_pictures(store, count, dropped)
            or _drop_delivered(store, float("inf"), count)
            or _drop_waiting(store, float("inf"), count, "outbox full", dropped)
        ):
            return


def _too_many(store: Store, most_bytes: int) -> int:
    """About how many messages have to go, at most ``CHUNK``; 0: there is room."""
    used = store.used_bytes()
    if used <= most_bytes:
        return 0
    return min(ceil((used - most_bytes) / store.mean_bytes()), CHUNK)


def _drop_pictures(store: Store, most: int, dropped: Counter[tuple[str, str]]) -> bool:
    with store:
        count = store.drop_pictures(most)
    dropped["image", "outbox full"] += count
    return count > 0


def _drop_delivered(store: Store, before: float, most: int) -> bool:
    with store:
        return store.drop_delivered(before, most) > 0


def _drop_waiting(store: Store, before: float, most: int, why: str, dropped: Counter[tuple[str, str]]) -> bool:
    with store:
        lost = store.drop_waiting(before, most)
    dropped["durable", why] += sum(count for _, count in lost)
    return bool(lost)
