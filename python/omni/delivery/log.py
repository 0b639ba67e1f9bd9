"""Looking into the log from outside: what happened, what waits, what was given up (delivery, lines 7 and 14)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from omni.delivery.outbox import Outbox
from omni.delivery.records import Chosen, LaneKey, Message
from omni.delivery.store import FILE_NAME, Store
from omni.errors import ConfigError, OutboxError

T = TypeVar("T")

WRITTEN_S = 5.0

LOCK_WAIT_S = 5.0
"""For a log that another process has locked."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the log.

    Attributes:
        events: ``cursor``, ``webhook_id``, ``epoch``, ``kind``, ``reason``, ``stream_uuid``, ``timestamp``, and the
            ``body`` as it is POSTed; oldest first.
        next: the cursor to go on from.
        gap: messages between the cursor that was given and ``next`` are no longer kept.
    """

    events: list[dict[str, Any]]
    next: str
    gap: bool


class Log:
    """The log of a running agent, for any thread. What the database refuses is an ``OutboxError``.

    Args:
        outbox: whose.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def events(self, after: str = "", limit: int = 100) -> Page:
        """What happened after a cursor; from the oldest kept without one.

        Raises:
            ValueError: the cursor is none of ours.
        """
        return self._read(lambda store: _page(store, after, limit))

    def newest(self) -> str:
        """The cursor behind all that has happened."""
        return self._read(lambda store: _cursor(store.name(), store.newest()))

    def dead(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """Dead letters, oldest first."""
        return self._read(lambda store: store.dead(endpoint=endpoint))

    def deliveries(self, endpoint: str, limit: int) -> list[dict[str, Any]]:
        """What became of the newest messages for one endpoint, as ``Store.deliveries``."""
        return self._read(lambda store: store.deliveries(endpoint, limit))

    def replay(self, chosen: Chosen) -> int:
        """Have dead letters sent again, outside of the order. Returns how many."""
        return self._change(lambda store: store.mark_for_replay(chosen))

    def purge(self, chosen: Chosen) -> int:
        """Forget dead letters. Returns how many."""
        return self._change(lambda store: store.purge(chosen))

    def lanes(self) -> frozenset[LaneKey]:
        return self._seen(lambda store: frozenset(store.lanes()), frozenset())

    def backlog(self) -> dict[str, tuple[int, float]]:
        """Endpoint -> (messages waiting, when the oldest was published); nothing while the database is locked."""
        return self._seen(lambda store: store.backlog(), {})

    def dead_count(self) -> dict[str, int]:
        return self._seen(lambda store: store.dead_count(), {})

    def used_bytes(self) -> int:
        return self._seen(lambda store: store.used_bytes(), 0)

    def _read(self, question: Callable[[Store], T]) -> T:
        viewer = self._viewer()
        try:
            return question(viewer)
        except sqlite3.Error as error:
            raise OutboxError(f"the outbox cannot be read: {error}") from None

    def _viewer(self) -> Store:
        if self._outbox.viewer is None:
            raise OutboxError(self._outbox.problem or "there is no outbox: no subscriber and no delivery.directory")
        return self._outbox.viewer

    def _seen(self, question: Callable[[Store], T], otherwise: T) -> T:
        try:
            return self._read(question)
        except OutboxError:
            return otherwise

    def _change(self, change: Callable[[Store], int]) -> int:
        self._viewer()
        counts: list[int] = []
        written = threading.Event()  # not all that is handed over meanwhile: where much comes, there is always more
        self._outbox.change(lambda store: counts.append(change(store)), written.set)
        if not written.wait(WRITTEN_S):
            raise OutboxError(self._outbox.problem or "the outbox takes too long to write")
        return counts[-1]


@contextmanager
def open_log(directory: Path) -> Iterator[Store]:
    """The log beside a configuration, whether its agent runs or not.

    Raises:
        ConfigError: there is none.
        OutboxError: it cannot be opened, read or written.
    """
    path = directory / FILE_NAME
    if not path.is_file() or not path.stat().st_size:  # the first start may have ended before it wrote anything
        raise ConfigError(f"{path}: no outbox; the agent makes it when it first runs (delivery.directory)")
    try:
        with closing(Store(path, lock_wait_s=LOCK_WAIT_S)) as store:
            yield store
    except sqlite3.Error as error:
        raise OutboxError(f"{path}: cannot be used: {error}") from None


def _page(store: Store, after: str, limit: int) -> Page:
    name, newest = store.name(), store.newest()  # before the messages: what comes meanwhile is the next page's
    start, other = 0, False
    if after:
        of, _, number = after.partition("-")
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise ValueError("a cursor that this agent gave")
        start = int(number)
        if of != name or start > newest:  # of a log that is no more
            start, other = 0, True
    messages = store.events(start, limit)
    last = messages[-1].id if messages else max(start, newest)
    # Ids have no holes but for what was deleted, which may lie behind others: what is waited for is kept longer.
    gap = bool(after) and (other or last - start > len(messages))
    return Page([_event(name, message) for message in messages], _cursor(name, last), gap)


def _cursor(name: str, message_id: int) -> str:
    return f"{name}-{message_id}"


def _event(name: str, message: Message) -> dict[str, Any]:
    return {
        "cursor": _cursor(name, message.id),
        "webhook_id": message.webhook_id,
        "epoch": message.epoch,
        "kind": message.kind,
        "reason": message.reason,
        "stream_uuid": message.stream_uuid,
        "timestamp": message.at,
        "body": orjson.loads(message.body),
    }
