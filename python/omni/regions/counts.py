"""How often each line was crossed: kept in a file, so that a restart does not begin at nought."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omni.errors import StateError

FILE_NAME = "counts.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (
    uuid TEXT PRIMARY KEY, forward INTEGER NOT NULL DEFAULT 0, reverse INTEGER NOT NULL DEFAULT 0, since REAL NOT NULL
) WITHOUT ROWID
"""
_BUSY_S = 5.0


@dataclass(frozen=True, slots=True)
class LineCount:
    """Crossings of one line ``since`` (Unix epoch seconds) it was first counted or reset; None: never."""

    forward: int = 0
    reverse: int = 0
    since: float | None = None


class LineCounts:
    """The counters of all lines. Thread-safe, and safe with other processes that read or reset them.

    A crossing is in the file before ``add`` returns: killing the process loses none, a power cut may lose the latest.

    Args:
        folder: where the file is kept, made when it is not there; None: in memory.

    Raises:
        StateError: the folder or file cannot be used.
    """

    def __init__(self, folder: Path | str | None) -> None:
        self._path = ":memory:" if folder is None else str(Path(folder) / FILE_NAME)
        self._lock = threading.Lock()
        try:
            if folder is not None:
                Path(folder).mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._file.close)  # counters can be read as long as anybody has them
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _SCHEMA):
                self._file.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"{self._path}: the counters of lines cannot be kept here: {error}") from None

    def add(self, line_uuid: str, direction: str, timestamp: float) -> None:
        """Count one crossing.

        Args:
            line_uuid: the line.
            direction: ``forward`` or ``reverse``.
            timestamp: Unix epoch seconds of the crossing.
        """
        forward = int(direction == "forward")
        self._execute(
            "INSERT INTO line VALUES (:uuid, :forward, 1 - :forward, :at) ON CONFLICT (uuid) DO UPDATE SET "
            "forward = forward + :forward, reverse = reverse + 1 - :forward",
            {"uuid": line_uuid, "forward": forward, "at": timestamp},
        )

    def get(self, line_uuid: str) -> LineCount:
        """The counters of one line."""
        rows = self._execute("SELECT forward, reverse, since FROM line WHERE uuid = ?", (line_uuid,))
        return LineCount(*rows[0]) if rows else LineCount()

    def reset(self, line_uuid: str, timestamp: float) -> None:
        """Begin at nought, at ``timestamp`` (Unix epoch seconds)."""
        self._execute("INSERT OR REPLACE INTO line VALUES (?, 0, 0, ?)", (line_uuid, timestamp))

    def _execute(self, statement: str, values: dict[str, Any] | tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {error}") from None
