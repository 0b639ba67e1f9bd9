"""The outbox as a SQLite file: its tables, transactions and statements. What they are for: ``store.py``."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from omni.sqlite_files import refuse_newer

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, epoch TEXT NOT NULL, kind TEXT NOT NULL,
    reason TEXT NOT NULL, stream TEXT NOT NULL, at REAL NOT NULL, pictures INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS message_of_stream ON message (kind, stream, id);
CREATE INDEX IF NOT EXISTS message_by_age ON message (at, id);
CREATE TABLE IF NOT EXISTS stream (kind TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (kind, stream)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_with_pictures ON message (id) WHERE pictures;
CREATE TABLE IF NOT EXISTS lane (
    endpoint TEXT NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, acknowledged INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, gap INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (endpoint, kind, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, message INTEGER NOT NULL REFERENCES message (id),
    at REAL NOT NULL, cause TEXT NOT NULL, attempts INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL,
    replay INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS dead_message ON dead (message);
CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, message INTEGER NOT NULL, sequence INTEGER,
    at REAL NOT NULL, status INTEGER, error TEXT NOT NULL, duration_ms REAL NOT NULL);
CREATE INDEX IF NOT EXISTS attempt_at_message ON attempt (endpoint, message);
CREATE TABLE IF NOT EXISTS open_process (
    id TEXT PRIMARY KEY, stream TEXT NOT NULL, epoch TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Database:
    """A connection to one outbox. Thread-safe by statement, with the fetching of all its rows.

    Args:
        path: the file; None: a database in memory.
        create: make the tables where they are not there yet.
        lock_wait_s: how long a statement waits for a database that another process has locked.

    Raises:
        sqlite3.Error: it cannot be opened.
    """

    def __init__(self, path: Path | None, *, create: bool, lock_wait_s: float) -> None:
        self._db = sqlite3.connect(
            path or ":memory:", timeout=lock_wait_s, isolation_level=None, check_same_thread=False
        )
        self._lock = threading.Lock()
        try:
            refuse_newer(self._db)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # a commit reaches the disk before it returns
            self._db.execute("PRAGMA journal_size_limit=16777216")
            if create:
                self._db.executescript(_SCHEMA)
                self._db.execute("INSERT OR IGNORE INTO meta VALUES ('log', ?)", (uuid4().hex[:8],))
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        """Begin a transaction; it is committed where the block ends well, else taken back."""
        self._run("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            try:
                self._run("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._run("ROLLBACK")

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self._rows(sql, *values)
        return rows[0][0] if rows else None
