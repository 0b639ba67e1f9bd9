"""The outbox: one thread that writes what happened to the log, before anybody is told (delivery, line 1)."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omni.ages import Ages
from omni.delivery.body import EncodePicture
from omni.delivery.clock import Clock
from omni.delivery.folder import LOCK_NAME, Folder
from omni.delivery.records import Attempt, LaneKey, Pictures
from omni.delivery.retention import Bounds, Retention
from omni.delivery.store import ATTEMPTS_MAX, FILE_NAME, Store
from omni.delivery.writer import Committed, EventsOfEnd, LogWriter, Prepared, Route, class_of
from omni.errors import FolderInUseError
from omni.sqlite_files import is_damage, put_aside
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

GROUP_COMMIT_S = 0.01
"""How long a commit waits for more to come; with the disk's own time well below 50 ms (delivery, line 1)."""

GROUP = 250
"""The most messages of one commit: those of a burst need not wait for its last."""

MOST_HANDED_OVER = 10_000
"""Messages that wait in memory while nothing can be written; beyond it the oldest are dropped and counted."""

MOST_PICTURED = 100
"""With more than this waiting to be written, new ones come without their pictures."""

MEMORY_BYTES = 32 << 20
"""What an outbox in memory may hold."""

TRY_AGAIN_S = 0.5
RETAIN_EVERY_S = 5.0

Change = Callable[[Store], object]
Done = Callable[[], object]


class Outbox:
    """Takes messages from any thread, without ever waiting, and commits them in groups.

    While the disk is full or the database locked, read-only or damaged, messages wait in memory up to
    ``MOST_HANDED_OVER`` and nothing new is told to anybody; ``problem`` says so. A damaged database is put aside and
    a new one begun.

    Args:
        directory: where the file lies; None: in memory, lost with the process.
        run: its ``run_id`` is the epoch, identifiers come from it.
        routes: who is told what.
        encode: makes best shots; None: no picture is kept.
        pictures: which best shots there are. What is kept, also from an earlier run, loses others.
        bounds: how much the log may hold.
        clock: dates messages.
        committed: is told after each commit, in the writer's thread.
        events_of_end: as ``LogWriter`` takes it.
    """

    def __init__(
        self,
        directory: Path | None,
        run: Run,
        routes: Sequence[Route],
        *,
        encode: EncodePicture | None,
        pictures: Pictures,
        bounds: Bounds,
        clock: Clock,
        committed: Callable[[Committed], None],
        events_of_end: EventsOfEnd = lambda _: (),
    ) -> None:
        self._directory = directory
        self._bounds = self._possible(bounds)
        self._clock = clock
        self._committed = committed
        self._handed_over: deque[tuple[ProcessMessage, float]] = deque()
        self._changes: deque[tuple[Change, Done | None]] = deque()
        self._progress: dict[LaneKey, tuple[int, int, int]] = {}
        self._attempts: deque[Attempt] = deque(maxlen=ATTEMPTS_MAX)
        self._filled = threading.Condition()
        self._busy = False
        self._closing = False
        self._thread = threading.Thread(target=self._write, name="outbox", daemon=True)
        self._folder = None if directory is None else Folder(directory)
        self._store: Store | None = None
        self.reader: Store | None = None
        """The sender's connection; None while there is no usable database."""
        self.viewer: Store | None = None
        """A connection for everybody else who looks, so that a long look does not hold up the sender."""
        self.problem = ""
        self.dropped: Counter[tuple[str, str]] = Counter()
        """(class of message, why) -> how many."""
        self._pictures = pictures
        self._writer = LogWriter(run, routes, encode, pictures, self.dropped, events_of_end)
        self._retention = Retention(self.dropped, Ages(clock.monotonic))

    def check(self) -> None:
        """Find out early what ``open`` would refuse; nothing is made.

        Raises:
            ConfigError: another agent uses the directory.
        """
        if self._folder is not None:
            self._folder.check()

    def open(self) -> None:
        """Open or make the file and start to write.

        One that is locked or on a full disk is tried again and again; one that cannot be used at all is replaced by
        memory, and ``problem`` says so.

        Raises:
            ConfigError: another agent uses the directory.
        """
        try:
            if self._folder is not None:
                self._folder.take()
            self._connect()
        except (OSError, sqlite3.Error) as error:
            if _may_pass(error):
                self._tell(f"the outbox cannot be opened yet ({error}); messages wait in memory")
            else:
                self._tell(f"the outbox {self._directory} cannot be used ({error}); what waits is lost at the end")
                self._release()
                self._folder = self._directory = None
                self._bounds = self._possible(self._bounds)
                self._connect()
        if self._store is not None:  # before a lane reads how many messages it will never get
            self._attempt(self._retain)
        self._thread.start()

    def publish(self, message: ProcessMessage) -> None:
        """Hand a message over; returns at once."""
        with self._filled:
            waiting = len(self._handed_over)
            if waiting >= MOST_PICTURED and message.best_shots:
                self.dropped["image", "not written in time"] += 1
                message = replace(message, best_shots={})
            if waiting >= MOST_HANDED_OVER:
                oldest, _ = self._handed_over.popleft()
                self.dropped[class_of(oldest.reason), "not written in time"] += 1
            self._handed_over.append((message, self._clock.time()))
            self._filled.notify()

    def change(self, change: Change, done: Done | None = None) -> None:
        """Have something else written with the next commit; returns at once. ``done`` is called when it is on disk."""
        with self._filled:
            self._changes.append((change, done))
            self._filled.notify()

    def progress(self, key: LaneKey, acknowledged: int, attempts: int, told: int) -> None:
        """Have it written how far a lane is, as ``Store.progress``; returns at once. The latest is enough."""
        with self._filled:
            _, _, before = self._progress.get(key, (0, 0, 0))
            self._progress[key] = (acknowledged, attempts, before + told)
            self._filled.notify()

    def attempted(self, attempt: Attempt) -> None:
        """Have an attempt written along with the progress that follows it; returns at once."""
        with self._filled:
            self._attempts.append(attempt)

    def forget(self, endpoint: str) -> None:
        """An endpoint that wants nothing more: its lanes go, with what waits in them."""
        self.change(lambda store: self._writer.tell_all_but(store, endpoint))

    def reconfigure(
        self, routes: Sequence[Route], *, encode: EncodePicture | None, pictures: Pictures, bounds: Bounds
    ) -> None:
        """Tell others what, from the next commit on; who is told no more loses what waits. As the class takes them."""
        self._writer.encode = encode
        self._bounds = self._possible(bounds)
        with self._filled:
            if pictures != self._pictures:  # those that wait may be of the other kind
                self._handed_over = deque((replace(one, best_shots={}), at) for one, at in self._handed_over)
            self._pictures = pictures
        self.change(lambda store: self._writer.allow_pictures(store, pictures))
        self.change(lambda store: self._writer.tell_only(store, routes))

    def _possible(self, bounds: Bounds) -> Bounds:
        """In memory there is less room than on disk."""
        return bounds if self._directory else replace(bounds, bytes=min(bounds.bytes, MEMORY_BYTES))

    @property
    def on_disk(self) -> bool:
        """Whether what waits outlives this process."""
        return self._directory is not None

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was handed over is on disk. True when it is."""
        with self._filled:
            return self._filled.wait_for(lambda: not (self._waiting() or self._busy), timeout_s)

    def close(self, timeout_s: float) -> None:
        """Write what waits, for at most this long, and end."""
        if not self.flush(timeout_s):
            logger.error("webhooks: %d messages could not be written: %s", len(self._handed_over), self.problem)
        with self._filled:
            self._closing = True
            self._filled.notify()
        self._thread.join(5.0)
        self._disconnect()
        self._release()

    # Opening

    def _connect(self) -> None:
        path = self._directory / FILE_NAME if self._directory else None
        try:
            store = self._opened(path)
        except sqlite3.DatabaseError as error:
            if path is None or not is_damage(error):
                raise
            self._put_aside(path, error)
            store = self._opened(path)
        try:
            self.reader = store if path is None else Store(path, lock_wait_s=0.05)
            self.viewer = store if path is None else Store(path)
        except BaseException:
            store.close()
            raise
        self._store = store
        self._committed(Committed(frozenset(store.lanes())))

    def _opened(self, path: Path | None) -> Store:
        if path is not None and not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        store = Store(path, create=True)
        try:
            with store:
                self._writer.begin(store, self._clock.time())
        except BaseException:
            store.close()
            raise
        return store

    def _disconnect(self) -> None:
        for store in (self._store, self.reader, self.viewer):
            if store is not None:
                store.close()
        self._store = self.reader = self.viewer = None

    def _put_aside(self, path: Path, error: Exception) -> None:
        aside = put_aside(path, self._clock.time())
        logger.error("webhooks: %s is damaged (%s); it is kept as %s and a new one begun", path, error, aside.name)
        self.dropped["durable", "database damaged"] += 1

    def _put_back(self, path: Path) -> None:
        """The file was taken away from where the next start looks for it: what it holds is written there again."""
        assert self._store is not None
        assert self._folder is not None
        if not (path.parent / LOCK_NAME).exists():
            self._folder.release()
            self._folder.take()
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600))
        self._store.write_copy(new)
        self._disconnect()  # which takes what is left of the old one with it
        new.replace(path)
        self._connect()
        logger.error("webhooks: %s was taken away; what it held is written there again", path)

    def _release(self) -> None:
        if self._folder is not None:
            self._folder.release()

    # Writing

    def _write(self) -> None:
        next_retain = 0.0
        while True:
            if time.monotonic() >= next_retain and not self._closing:  # a full disk lets old messages be deleted
                next_retain = time.monotonic() + RETAIN_EVERY_S
                self._attempt(self._retain)
            with self._filled:
                self._busy = False
                self._filled.notify_all()
                self._filled.wait_for(lambda: self._waiting() or self._closing, RETAIN_EVERY_S)
                if self._closing:
                    return
                self._busy = self._waiting()
                if self._busy and len(self._handed_over) < GROUP:
                    self._filled.wait_for(lambda: self._closing, GROUP_COMMIT_S)
            if self._busy:
                self._commit_all()

    def _waiting(self) -> bool:
        return bool(self._handed_over or self._changes or self._progress)

    def _commit_all(self) -> None:
        """An error of ours costs what was being written; a thread that ended would cost all that comes after."""
        try:
            self._commit_until_done()
        except Exception:
            logger.exception("webhooks: what was being written may be lost")
            self.dropped["durable", "internal error"] += 1

    def _commit_until_done(self) -> None:
        with self._filled:
            handed_over = [self._handed_over.popleft() for _ in range(min(len(self._handed_over), GROUP))]
            changes = list(self._changes)
            progress = dict(self._progress)
            tried = list(self._attempts)
            self._attempts.clear()
            self._changes.clear()
            self._progress.clear()
        prepared = [one for message, at in handed_over if (one := self._writer.prepared(message, at)) is not None]
        while not self._attempt(lambda: self._commit(prepared, changes, progress, tried)):
            with self._filled:
                if self._filled.wait_for(lambda: self._closing, TRY_AGAIN_S):
                    return

    def _commit(
        self,
        prepared: Sequence[Prepared],
        changes: Sequence[tuple[Change, Done | None]],
        progress: Mapping[LaneKey, tuple[int, int, int]],
        tried: Sequence[Attempt],
    ) -> None:
        store = self._connected()
        with store:
            for change, _ in changes:
                change(store)
            for key, (acknowledged, attempts, told) in progress.items():
                store.progress(key, acknowledged, attempts, told)
            store.note_attempts(tried)
            appended = self._writer.append(store, prepared)
        self._committed(appended)
        for _, done in changes:
            if done is not None:
                done()

    def _retain(self) -> None:
        path = self._directory / FILE_NAME if self._directory else None
        if self._store is not None and path is not None and not path.exists():
            self._put_back(path)
        lost = self._retention.apply(self._connected(), self._bounds, self._clock.time)
        if lost:
            self._committed(Committed(lost=lost))

    def _connected(self) -> Store:
        if self._store is None:
            self._connect()
        assert self._store is not None
        return self._store

    def _attempt(self, work: Callable[[], None]) -> bool:
        """Do something with the database; False, with the reason in ``problem``, when it would not."""
        try:
            work()
        except (sqlite3.Error, OSError, FolderInUseError) as error:
            self._tell(f"the outbox cannot be written ({error}); messages wait in memory")
            if is_damage(error):
                self._disconnect()
            return False
        if self.problem and self._directory is not None:
            logger.warning("webhooks: the outbox can be written again")
            self.problem = ""
        return True

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            logger.error("webhooks: %s", problem)
        self.problem = problem


def _may_pass(error: Exception) -> bool:
    """Whether it is worth trying again: locked, disk full, disk in trouble."""
    passing = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF in passing
