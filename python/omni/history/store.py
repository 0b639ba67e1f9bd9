"""The history in SQLite: a row a process, its newest record; a row each time a stream does something else. Statements
only: no thread, no clock.

Times are Unix epoch milliseconds. Names of people are not in the records and are never written here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from omni.sqlite_files import refuse_newer

FILE_NAME = "history.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS process (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream TEXT NOT NULL, type TEXT NOT NULL, class TEXT NOT NULL,
    action TEXT, region TEXT, direction TEXT, subject TEXT NOT NULL, shown TEXT NOT NULL,
    person TEXT NOT NULL, profile TEXT,
    began INTEGER NOT NULL, ended INTEGER NOT NULL, finalized INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS process_by_begin ON process (began, number);
CREATE INDEX IF NOT EXISTS process_by_end ON process (ended);
CREATE INDEX IF NOT EXISTS process_by_length ON process (ended - began);
CREATE INDEX IF NOT EXISTS process_of_subject ON process (subject);
CREATE INDEX IF NOT EXISTS process_of_person ON process (person, began);
CREATE INDEX IF NOT EXISTS process_in_region ON process (region, ended) WHERE region IS NOT NULL;
CREATE INDEX IF NOT EXISTS process_open ON process (number) WHERE NOT finalized;
CREATE TABLE IF NOT EXISTS change (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, stream TEXT NOT NULL, event BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS change_by_time ON change (at, number);
CREATE TABLE IF NOT EXISTS shot (process TEXT PRIMARY KEY, anonymous INTEGER NOT NULL, jpeg BLOB NOT NULL);
"""

_UPSERT = """
INSERT INTO process (
    id, stream, type, class, action, region, direction, subject, shown, person, profile, began, ended,
    finalized, record)
VALUES (
    :id, :stream, :type, :class, :action, :region, :direction, :subject, :shown,
    COALESCE((SELECT person FROM process WHERE id = :subject AND id <> :id), :object),
    :profile, :began, :ended, :finalized, :record)
ON CONFLICT (id) DO UPDATE SET
    profile = excluded.profile, ended = excluded.ended, finalized = excluded.finalized, record = excluded.record
WHERE NOT process.finalized
"""


class Store:
    """The writer's connection.

    Args:
        path: the file, made (mode 0600 is the caller's part) where it is not there.

    Raises:
        sqlite3.Error: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            refuse_newer(self._db)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses no commit, a power cut the latest
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("PRAGMA journal_size_limit = 16777216")
            self._db.executescript(_SCHEMA)
            self._file = _identity(path)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    @property
    def in_place(self) -> bool:
        """Whether the file that is written is the one that others find at its path."""
        return _identity(self._path) == self._file

    def __enter__(self) -> Self:
        """Begin a transaction; it is committed where the block ends well, else taken back."""
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def put(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Keep the newest record of each process. One that is finalized stays as it is (protocol, section 3)."""
        self._db.executemany(_UPSERT, map(_row, records))

    def put_changes(self, stream: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Keep what a stream did, as it is told."""
        rows = [(milliseconds(event["timestamp"]), stream, orjson.dumps(event)) for event in events]
        self._db.executemany("INSERT INTO change (at, stream, event) VALUES (?, ?, ?)", rows)

    def put_shot(self, process_id: str, jpeg: bytes, *, anonymous: bool) -> None:
        """Keep the best shot of a process. ``anonymous``: heads in it are unrecognisable."""
        self._db.execute("INSERT OR REPLACE INTO shot VALUES (?, ?, ?)", (process_id, anonymous, jpeg))

    def end_open(self, end_reason: str) -> int:
        """Finalize whatever is open, at the time it was last seen: a person also by what they did. Returns how many."""
        rows = self._db.execute(
            "SELECT number, record, (SELECT record FROM process AS last WHERE last.subject = process.id"
            " ORDER BY last.ended DESC LIMIT 1) FROM process WHERE NOT finalized"
        ).fetchall()
        for number, text, newest in rows:
            record, last = orjson.loads(text), orjson.loads(newest or text)
            intervals = {
                name: [record[name][0], max(record[name][1], last[name][1])]
                for name in ("time_interval", "frame_interval")
            }
            omni = {**record.get("omni", {}), "end_reason": end_reason}
            ended = {**record, **intervals, "finalized": True, "omni": omni}
            self._db.execute(
                "UPDATE process SET finalized = 1, ended = ?, record = ? WHERE number = ?",
                (milliseconds(ended["time_interval"][1]), orjson.dumps(ended), number),
            )
        return len(rows)

    def drop_shots_but(self, kept: str) -> None:
        """Delete best shots. ``kept``: ``all``, ``anonymous`` or ``none`` of them."""
        if kept != "all":
            self._db.execute("DELETE FROM shot WHERE NOT (? = 'anonymous' AND anonymous)", (kept,))

    def newest(self) -> tuple[int, int]:
        """The numbers of the newest process and the newest change; 0: none yet."""
        process, change = (
            self._db.execute(f"SELECT COALESCE(MAX(number), 0) FROM {table}").fetchone()[0]
            for table in ("process", "change")
        )
        return int(process), int(change)

    def drop_ended_before(self, before_ms: int, last: tuple[int, int], limit: int) -> int:
        """Delete what ended before a time, up to those numbers (``newest``), the oldest first.

        Returns:
            How many, at most ``limit`` of each kind.
        """
        changes = self._db.execute(
            "DELETE FROM change WHERE number IN"
            " (SELECT number FROM change WHERE at < ? AND number <= ? ORDER BY at LIMIT ?)",
            (before_ms, last[1], limit),
        ).rowcount
        rows = self._db.execute(
            "SELECT id FROM process WHERE ended < ? AND number <= ? ORDER BY ended LIMIT ?",
            (before_ms, last[0], limit),
        ).fetchall()
        self._db.executemany("DELETE FROM shot WHERE process = ?", rows)
        self._db.executemany("DELETE FROM process WHERE id = ?", rows)
        return len(rows) + changes

    def drop_oldest_shots(self, limit: int) -> int:
        """Delete the best shots that were kept first. Returns how many, at most ``limit``."""
        return self._db.execute(
            "DELETE FROM shot WHERE rowid IN (SELECT rowid FROM shot ORDER BY rowid LIMIT ?)", (limit,)
        ).rowcount

    def used_bytes(self) -> int:
        """What the history takes of the disk, free pages not counted."""
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there; None: none does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def milliseconds(instant: str) -> int:
    """``2026-11-24T10:00:00.123Z`` as epoch milliseconds."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    began, ended = record["time_interval"]
    subject = record.get("parent") or record["id"]
    place = record.get("roi") or record.get("line") or {}
    return {
        "id": record["id"],
        "stream": record["source"],
        "type": record["type"],
        "class": record["object"]["class"],
        "action": record.get("action"),
        "region": place.get("uuid"),
        "direction": record.get("direction"),
        "subject": subject,
        "shown": subject if record["type"] == "action" else record["id"],  # whose picture is its picture
        "object": record["object"]["id"],
        "profile": record["object"].get("profile", {}).get("id"),
        "began": milliseconds(began),
        "ended": milliseconds(ended),
        "finalized": record["finalized"],
        "record": orjson.dumps(record),
    }
