"""The log of messages and who has had them, in SQLite. Statements only: no thread, no clock, no network.

A message is written once, whoever receives it. A lane (endpoint, kind, stream) is a cursor into the log: what it has
acknowledged. Nothing else has to be written when a message is sent.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from omni.delivery.body import without_pictures
from omni.delivery.database import Database
from omni.delivery.deliveries import deliveries
from omni.delivery.open_processes import OpenProcesses
from omni.delivery.records import Attempt, Chosen, Death, LaneKey, LaneState, Message, Pictures

FILE_NAME = "outbox.sqlite"

ATTEMPTS_MAX = 5000
"""Attempts that are remembered, of all endpoints together; the oldest go first."""

PICTURES: tuple[Pictures, ...] = ("none", "anonymous", "all")
"""Which pictures there may be, each more than those before."""

PICTURES_AT_ONCE = 100

DEAD_MAX = 1000
"""Dead letters that are shown at once."""

_WAITING = "m.kind = lane.kind AND m.stream = lane.stream AND m.id > lane.acknowledged"
_NEXT = f"(SELECT MIN(m.id) FROM message m WHERE {_WAITING})"
_THIS_LANE = "(endpoint, kind, stream) = (?, ?, ?)"
_MESSAGE = "message.id, webhook_id, epoch, kind, reason, stream, message.at, body"
_COLUMNS = ("webhook_id", "epoch", "kind", "reason", "stream_uuid", "at", "body")
_DEAD = (
    "id", "endpoint", "webhook_id", "kind", "reason", "stream_uuid", "published_at", "given_up_at", "cause",
    "attempts", "last_status", "answer", "replay",
)  # fmt: skip


class Store(Database):
    """What is written into one outbox and asked of it. Arguments and errors: as of ``Database``."""

    def __init__(self, path: Path | None, *, create: bool = False, lock_wait_s: float = 1.0) -> None:
        super().__init__(path, create=create, lock_wait_s=lock_wait_s)
        self._written: set[object] = set()  # lanes and streams that need not be written again
        self.open_processes = OpenProcesses(self._run, self._rows)

    def _roll_back(self) -> None:
        self._written.clear()
        self.open_processes.rolled_back()
        super()._roll_back()

    # The log

    def append(self, message: Message, *, pictures: bool) -> int:
        """Add a message. Returns its id."""
        if (message.kind, message.stream_uuid) not in self._written:
            self._run("INSERT OR IGNORE INTO stream VALUES (?, ?)", message.kind, message.stream_uuid)
            self._written.add((message.kind, message.stream_uuid))
        cursor = self._run(
            "INSERT INTO message (webhook_id, epoch, kind, reason, stream, at, body, pictures)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(getattr(message, name) for name in _COLUMNS),
            pictures,
        )
        return int(cursor.lastrowid or 0)

    def begin_after(self, message_id: int) -> None:
        """In a new log: number messages from behind this one, so that no id means two messages."""
        self._run("DELETE FROM sqlite_sequence WHERE name = 'message'")
        self._run("INSERT INTO sqlite_sequence VALUES ('message', ?)", message_id)

    def page(self, kind: str, stream_uuid: str, after: int, *, most: int, most_bytes: int) -> list[Message]:
        """The next messages of one stream: at most so many, and no more once their bodies are so large together."""
        sql = f"SELECT {_MESSAGE} FROM message WHERE kind = ? AND stream = ? AND id > ? ORDER BY id LIMIT ?"
        page: list[Message] = []
        with self._lock, closing(self._db.execute(sql, (kind, stream_uuid, after, most))) as rows:
            for row in rows:
                page.append(Message(*row))
                most_bytes -= len(page[-1].body)
                if most_bytes <= 0:
                    break
        return page

    def events(self, after: int, limit: int) -> list[Message]:
        """The next messages of all streams."""
        rows = self._rows(f"SELECT {_MESSAGE} FROM message WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        return [Message(*row) for row in rows]

    def name(self) -> str:
        """The log's own name: cursors of another log mean nothing here."""
        return str(self._value("SELECT value FROM meta WHERE name = 'log'"))

    def newest(self) -> int:
        """The id of the newest message that there ever was; 0: none yet."""
        return int(self._value("SELECT seq FROM sqlite_sequence WHERE name = 'message'") or 0)

    def write_copy(self, path: Path) -> None:
        """Write all that is there into another file, empty or to be made. Not within a transaction."""
        self._run("VACUUM INTO ?", str(path))

    # Lanes

    def lane(self, key: LaneKey) -> LaneState | None:
        rows = self._rows(f"SELECT acknowledged, attempts, gap FROM lane WHERE {_THIS_LANE}", *_of(key))
        return LaneState(*rows[0]) if rows else None

    def lanes(self) -> list[LaneKey]:
        return [LaneKey(*row) for row in self._rows("SELECT endpoint, kind, stream FROM lane")]

    def add_lane(self, key: LaneKey, acknowledged: int) -> None:
        """A lane that begins behind this message; one that is there stays as it is."""
        if key in self._written:
            return
        self._run(
            "INSERT OR IGNORE INTO lane (endpoint, kind, stream, acknowledged) VALUES (?, ?, ?, ?)",
            *(*_of(key), acknowledged),
        )
        self._written.add(key)

    def remove_lane(self, key: LaneKey) -> None:
        self._run(f"DELETE FROM lane WHERE {_THIS_LANE}", *_of(key))
        self._written.discard(key)

    def progress(self, key: LaneKey, acknowledged: int, attempts: int, told: int) -> None:
        """How far a lane is: the last message out of its hands, the attempts at the next, missing messages reported."""
        self._run(
            "UPDATE lane SET acknowledged = MAX(acknowledged, ?), attempts = ?, gap = MAX(gap - ?, 0)"
            f" WHERE {_THIS_LANE}",
            *(acknowledged, attempts, told, *_of(key)),
        )

    def backlog(self) -> dict[str, tuple[int, float]]:
        """Endpoint -> (messages that wait for it, when the oldest was published); only of those with some."""
        found: dict[str, tuple[int, float]] = {}
        for endpoint, depth, oldest in self._rows(
            f"SELECT endpoint, (SELECT COUNT(*) FROM message m WHERE {_WAITING}),"
            f" (SELECT at FROM message WHERE id = {_NEXT}) FROM lane"
        ):
            if depth:
                before, since = found.get(endpoint, (0, oldest))
                found[endpoint] = (before + depth, min(since, oldest))
        return found

    # Dead letters

    def bury(self, endpoint: str, message_id: int, death: Death) -> None:
        """Remember a message that was given up."""
        self._run(
            "INSERT INTO dead (endpoint, message, at, cause, attempts, status, answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(endpoint, message_id, death.at, death.cause, death.attempts, death.status, death.answer),
        )

    def dead(self, *, endpoint: str | None = None) -> list[dict[str, Any]]:
        """Dead letters, the oldest ``DEAD_MAX`` first, without their bodies."""
        rows = self._rows(
            "SELECT dead.id, endpoint, webhook_id, kind, reason, stream, message.at, dead.at, cause, attempts, status,"
            " answer, replay FROM dead JOIN message ON message.id = dead.message"
            " WHERE endpoint = COALESCE(?, endpoint) ORDER BY dead.id LIMIT ?",
            *(endpoint, DEAD_MAX),
        )
        return [{**dict(zip(_DEAD, row, strict=True)), "replay": bool(row[-1])} for row in rows]

    def dead_count(self) -> dict[str, int]:
        """Endpoint -> its dead letters; only of those with some."""
        return {str(e): int(n) for e, n in self._rows("SELECT endpoint, COUNT(*) FROM dead GROUP BY endpoint")}

    def mark_for_replay(self, chosen: Chosen) -> int:
        """Dead letters to be sent again. Returns how many."""
        where, values = chosen.where()
        return self._run(f"UPDATE dead SET replay = 1 WHERE {where}", *values).rowcount

    def purge(self, chosen: Chosen) -> int:
        """Forget dead letters. Returns how many."""
        where, values = chosen.where()
        return self._run(f"DELETE FROM dead WHERE {where}", *values).rowcount

    def next_replay(self, endpoint: str) -> tuple[int, int, Message] | None:
        """The oldest dead letter of an endpoint that is to be sent again: its id, attempts so far, the message."""
        rows = self._rows(
            f"SELECT dead.id, attempts, {_MESSAGE} FROM dead JOIN message ON message.id = dead.message"
            " WHERE endpoint = ? AND replay ORDER BY dead.id LIMIT 1",
            endpoint,
        )
        return (rows[0][0], rows[0][1], Message(*rows[0][2:])) if rows else None

    def replay_failed(self, dead_id: int, death: Death) -> None:
        """It stays dead."""
        self._run(
            "UPDATE dead SET replay = 0, at = ?, cause = ?, attempts = ?, status = ?, answer = ? WHERE id = ?",
            *(death.at, death.cause, death.attempts, death.status, death.answer, dead_id),
        )

    # Attempts

    def note_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Remember attempts; of all there were, the newest ``ATTEMPTS_MAX``."""
        if not attempts:
            return
        for a in attempts:
            cursor = self._run(
                "INSERT INTO attempt (endpoint, message, sequence, at, status, error, duration_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(a.endpoint, a.message, a.sequence, a.at, a.status, a.error, a.duration_ms),
            )
        self._run("DELETE FROM attempt WHERE id <= ?", int(cursor.lastrowid or 0) - ATTEMPTS_MAX)

    def deliveries(self, endpoint: str, limit: int) -> list[dict[str, Any]]:
        """What became of the newest messages for one endpoint, see ``deliveries.py``."""
        return deliveries(self._rows, endpoint, limit)

    # Bounds

    def oldest(self, last: int) -> float | None:
        """The earliest time of publication, of messages up to that id."""
        at: float | None = self._value("SELECT at FROM message WHERE id <= ? ORDER BY at LIMIT 1", last)
        return at

    def mean_bytes(self) -> float:
        """The size of a message, going by the oldest hundred."""
        sql = "SELECT AVG(LENGTH(body)) FROM (SELECT body FROM message ORDER BY id LIMIT 100)"
        return max(float(self._value(sql) or 0.0), 100.0)

    def used_bytes(self) -> int:
        """What the log takes of the disk, free pages not counted."""
        pages, free, size = (
            int(self._value(f"PRAGMA {name}")) for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def allow_pictures(self, allowed: Pictures) -> int:
        """Note which pictures may be in the log from now on; those that may not be any more are taken out.

        Returns:
            Out of how many messages.
        """
        before = str(self._value("SELECT value FROM meta WHERE name = 'pictures'") or PICTURES[-1])
        self._run("INSERT OR REPLACE INTO meta VALUES ('pictures', ?)", allowed)
        count = 0
        while PICTURES.index(allowed) < PICTURES.index(before) and (some := self.drop_pictures(PICTURES_AT_ONCE)):
            count += some
        return count

    def drop_pictures(self, limit: int) -> int:
        """Take the pictures out of the oldest messages that have some. Returns how many messages."""
        rows = self._rows("SELECT id, body FROM message WHERE pictures ORDER BY id LIMIT ?", limit)
        for id_, body in rows:
            self._run("UPDATE message SET pictures = 0, body = ? WHERE id = ?", without_pictures(body), id_)
        return len(rows)

    def drop_delivered(self, before: float, last: int, limit: int) -> int:
        """Delete the oldest messages, up to that id, that nobody waits for and that were published before that time.

        Returns:
            How many, at most ``limit``.
        """
        found: list[int] = []
        for kind, stream in self._rows("SELECT kind, stream FROM stream"):
            had = self._value("SELECT MIN(acknowledged) FROM lane WHERE kind = ? AND stream = ?", kind, stream)
            rows = self._rows(
                "SELECT id FROM message WHERE kind = ? AND stream = ? AND id <= ? AND at < ? AND NOT EXISTS"
                " (SELECT 1 FROM dead WHERE dead.message = message.id) ORDER BY id LIMIT ?",
                *(kind, stream, last if had is None else min(had, last), before, limit),
            )
            found += [id_ for (id_,) in rows]
        for id_ in sorted(found)[:limit]:
            self._run("DELETE FROM message WHERE id = ?", id_)
        return min(len(found), limit)

    def drop_waiting(self, before: float, last: int, limit: int) -> tuple[int, Counter[LaneKey]]:
        """Delete the oldest messages, up to that id, published before that time, waited for, or dead since before then.

        Each lane keeps its next one.

        Returns:
            How many messages, and how many of them each lane will never get.
        """
        rows = self._rows(
            "SELECT id, kind, stream FROM message WHERE id <= ? AND at < ?"
            f" AND id NOT IN (SELECT COALESCE({_NEXT}, 0) FROM lane)"
            " AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.message = message.id AND dead.at >= ?)"
            " ORDER BY id LIMIT ?",  # not by time: the clock may have been set back
            *(last, before, before, limit),
        )
        lost: Counter[LaneKey] = Counter()
        for id_, kind, stream in rows:
            waiting = "kind = ? AND stream = ? AND acknowledged < ?"
            for (endpoint,) in self._rows(f"SELECT endpoint FROM lane WHERE {waiting}", kind, stream, id_):
                lost[LaneKey(endpoint, kind, stream)] += 1
            self._run("DELETE FROM dead WHERE message = ?", id_)
            self._run("DELETE FROM message WHERE id = ?", id_)
        for key, count in lost.items():
            self._run(f"UPDATE lane SET gap = gap + ? WHERE {_THIS_LANE}", count, *_of(key))
        return len(rows), lost


def numbers_used(directory: Path) -> int:
    """The largest ``numerical_id`` that an agent with this outbox ever told of; 0 where there is none to be read."""
    path = directory / FILE_NAME
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as db:
            row = db.execute("SELECT value FROM meta WHERE name = 'number'").fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0


def _of(key: LaneKey) -> tuple[str, str, str]:
    return key.endpoint, key.kind, key.stream_uuid
