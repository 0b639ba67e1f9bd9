"""The recorder: takes messages from any thread without ever waiting, and writes them in a thread of its own."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import weakref
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omni.ages import Ages, passing
from omni.history.archive import Archive
from omni.history.store import FILE_NAME, Store
from omni.sqlite_files import is_damage, put_aside
from omni.types import ProcessMessage, UInt8

logger = logging.getLogger(__name__)

GROUP_COMMIT_S = 0.1
"""How long a commit waits for more to come."""

MOST_WAITING = 2_000
"""Messages that wait in memory while the disk is slow, full or gone; beyond it the oldest are dropped and counted."""

MOST_PICTURED = 100
"""With more than this waiting, new ones come without their pictures."""

TRY_AGAIN_S = 1.0
RETAIN_EVERY_S = 10.0
CHUNK = 500
"""Processes deleted in one transaction: the writer is not held up for longer."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Shots:
    """How best shots are kept.

    Attributes:
        encode: a picture (H, W, 3) uint8 BGR -> base64 of its JPEG.
        anonymous: heads in them were made unrecognisable.
    """

    encode: Callable[[UInt8], str]
    anonymous: bool


class History:
    """Keeps processes and their best shots within bounds.

    While the disk is full, read-only or in trouble, messages wait in memory, up to ``MOST_WAITING``: periodic ones are
    dropped first, then the oldest; ``problems`` and ``stats`` say so. A file that is no database any more is put aside
    and a new one begun. What an earlier run left open is ended when the next one starts. Best shots that the
    configuration does not allow any more are deleted.

    Args:
        folder: where ``history.sqlite`` is kept.
        retention_days: a process is deleted so long after its end.
        max_bytes: most bytes on disk; best shots go first, then the oldest processes.
        shots: None: no picture is kept.
        clock: Unix epoch seconds; where it is set, nothing grows older (``omni.ages``).
        monotonic: seconds that only go forward.
    """

    def __init__(
        self,
        folder: Path,
        *,
        retention_days: float,
        max_bytes: int,
        shots: Shots | None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = passing,
    ) -> None:
        self._ages = Ages[tuple[int, int]](monotonic)
        self._path = folder / FILE_NAME
        self._clock = clock
        self._waiting: deque[ProcessMessage] = deque()
        self._filled = threading.Condition()
        self._busy = self._closing = False
        self._store: Store | None = None
        self._begun = False
        self._dropped_for = ""  # what ``archive.shows`` was when other pictures were deleted
        self._problem = ""
        self._used_bytes = 0
        self._dropped: Counter[str] = Counter()
        self._written: dict[str, weakref.ref[UInt8]] = {}  # process -> its best shot as it is on disk
        self._thread = threading.Thread(target=self._write, name="history", daemon=True)
        self.archive = Archive(self._path)
        self.reconfigure(retention_days, max_bytes, shots)

    def reconfigure(self, retention_days: float, max_bytes: int, shots: Shots | None) -> None:
        """Go on within other bounds; pictures that are not allowed any more are deleted. As the constructor's."""
        with self._filled:
            self._retention_ms = round(retention_days * _DAY_MS)
            self._max_bytes = max_bytes
            self._shots, before = shots, self.archive.shows
            self.archive.shows = "none" if shots is None else "anonymous" if shots.anonymous else "all"
            if self.archive.shows != before:  # those that wait are of the other kind
                self._waiting = deque(replace(one, best_shots={}) if one.best_shots else one for one in self._waiting)
            self._filled.notify_all()

    def start(self) -> None:
        """Open or make the file and begin to write."""
        self._attempt(self._open)
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Write what waits, for at most this long, and end."""
        self.flush(timeout_s)
        with self._filled:
            self._closing = True
            self._filled.notify_all()
        if self._thread.is_alive():
            self._thread.join(5.0)
        if self._waiting:
            logger.error(
                "history: %d messages could not be written: %s", len(self._waiting), self._problem or "it took too long"
            )

    def record(self, message: ProcessMessage) -> None:
        """Take a message; returns at once."""
        with self._filled:
            if message.best_shots and (self._shots is None or len(self._waiting) >= MOST_PICTURED):
                if self._shots is not None:
                    self._dropped["picture"] += len(message.best_shots)
                message = replace(message, best_shots={})
            if len(self._waiting) >= MOST_WAITING:
                self._make_room()
            self._waiting.append(message)
            self._filled.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was taken is on disk. True when it is."""
        with self._filled:
            return self._filled.wait_for(lambda: not (self._waiting or self._busy), timeout_s)

    def problems(self) -> list[str]:
        """Why the history is not kept as it should be; empty when all is well."""
        return [f"history: {self._problem}"] if self._problem else []

    def stats(self) -> dict[str, Any]:
        """``bytes`` on disk, messages ``waiting`` to be written, and what was ``dropped`` by kind."""
        return {"bytes": self._used_bytes, "waiting": len(self._waiting), "dropped": dict(self._dropped)}

    def _make_room(self) -> None:
        periodic = next((i for i, message in enumerate(self._waiting) if message.reason == "ongoing"), 0)
        self._dropped["ongoing" if self._waiting[periodic].reason == "ongoing" else "message"] += 1
        del self._waiting[periodic]

    # In the writer's thread

    def _write(self) -> None:
        next_retain = 0.0
        while True:
            self._attempt(self._open)
            with self._filled:
                self._busy = False
                self._filled.notify_all()
                self._filled.wait_for(self._has_work, RETAIN_EVERY_S)
                closing = self._closing
                self._busy = bool(self._waiting) and not closing
            if closing:
                break
            self._pause(GROUP_COMMIT_S)
            while self._busy and not self._attempt(self._commit):
                if self._pause(TRY_AGAIN_S):  # what is wrong stays, to be told with what it costs
                    self._disconnect()
                    return
            if time.monotonic() >= next_retain:
                next_retain = time.monotonic() + RETAIN_EVERY_S
                self._attempt(self._retain)
        self._disconnect()

    def _has_work(self) -> bool:
        return bool(self._waiting or self._closing or self._dropped_for != self.archive.shows)

    def _pause(self, seconds: float) -> bool:
        """Wait. True when the end has come."""
        with self._filled:
            return self._filled.wait_for(lambda: self._closing, seconds)

    def _open(self) -> Store:
        if self._store is not None and not self._store.in_place:
            logger.error("history: %s was taken away or replaced; what is there now is gone on with", self._path)
            self._disconnect()
        if self._store is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            try:
                self._store = Store(self._path)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._put_aside(error)
                self._store = Store(self._path)
        if not self._begun:
            with self._store as store:
                store.end_open("agent_restarted")
            self._old(self._store)
            self._begun = True
        while self._dropped_for != (shows := self.archive.shows):
            with self._store as store:
                store.drop_shots_but(shows)
            self._dropped_for = shows
        return self._store

    def _commit(self) -> None:
        written: dict[str, UInt8] = {}
        over: list[str] = []
        refused: list[Exception] = []
        with self._open() as store:
            with self._filled:  # now that those of another kind are deleted: what changes from here on deletes these
                messages, shots = list(self._waiting)[:CHUNK], self._shots
            for message in messages:
                try:
                    if message.reason == "stream":
                        store.put_changes(message.stream_uuid, message.events)
                    store.put(message.processes)
                except (TypeError, ValueError, KeyError) as error:  # what is wrong with one costs no other
                    refused.append(error)
                else:
                    written |= self._put_shots(store, message, shots)
                    over += [process["id"] for process in message.processes if process["finalized"]]
        for why in refused:
            logger.error("history: a message cannot be kept; it is lost", exc_info=why)
        self._written |= {id_: weakref.ref(picture) for id_, picture in written.items()}
        for id_ in over:
            self._written.pop(id_, None)
        with self._filled:
            if refused:
                self._dropped["message"] += len(refused)
            taken = set(map(id, messages))  # some may have made room for newer ones meanwhile, or lost their pictures
            self._waiting = deque(one for one in self._waiting if id(one) not in taken)

    def _put_shots(self, store: Store, message: ProcessMessage, shots: Shots | None) -> dict[str, UInt8]:
        """Write those best shots that are not on disk already."""
        if shots is None:
            return {}
        new = {
            id_: picture
            for id_, picture in message.best_shots.items()
            if (known := self._written.get(id_)) is None or known() is not picture
        }
        for id_, picture in new.items():
            try:
                jpeg = b64decode(shots.encode(picture))
            except Exception:
                logger.exception("history: the best shot of process %s cannot be encoded; it is kept without", id_)
                continue
            store.put_shot(id_, jpeg, anonymous=shots.anonymous)
        return new

    def _retain(self) -> None:
        """Bring the history within its bounds."""
        old, last = self._old(self._open())
        while self._dropped_some(lambda store: store.drop_ended_before(round(old * 1000), last, CHUNK)):
            pass
        while (used := self._open().used_bytes()) > self._max_bytes:
            if not self._dropped_some(
                lambda store: store.drop_oldest_shots(CHUNK) or store.drop_ended_before(1 << 62, store.newest(), CHUNK)
            ):
                break
        self._used_bytes = used

    def _old(self, store: Store) -> tuple[float, tuple[int, int]]:
        """What is kept for too long, as ``Ages.old``."""
        newest = store.newest()
        return self._ages.old(self._retention_ms / 1000, self._clock(), newest)  # read last, see delivery/retention.py

    def _dropped_some(self, drop: Callable[[Store], int]) -> bool:
        with self._open() as store:
            return drop(store) > 0

    def _attempt(self, work: Callable[[], object]) -> bool:
        """Do something with the file; False, with the reason in ``problems``, when it would not."""
        try:
            work()
        except (sqlite3.Error, OSError) as error:
            self._tell(f"{self._path.name} cannot be written ({error}); the newest wait in memory")
            if is_damage(error):
                self._disconnect()
            return False
        if self._problem:
            logger.warning("history: %s can be written again", self._path.name)
            self._problem = ""
        return True

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            logger.error("history: %s", problem)
        self._problem = problem

    def _put_aside(self, error: Exception) -> None:
        aside = put_aside(self._path, self._clock())
        logger.error("history: %s is damaged (%s); it is kept as %s, a new one begun", self._path, error, aside.name)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    def _disconnect(self) -> None:
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
            self._store = None
