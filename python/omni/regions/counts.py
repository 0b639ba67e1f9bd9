"""How often each line was crossed: kept in a file, so that a restart does not begin at nought."""

from __future__ import annotations

import logging
import sqlite3
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omni.errors import StateError
from omni.sqlite_files import refuse_newer

logger = logging.getLogger(__name__)

FILE_NAME = "counts.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (
    uuid TEXT PRIMARY KEY, forward INTEGER NOT NULL DEFAULT 0, reverse INTEGER NOT NULL DEFAULT 0, since REAL NOT NULL
) WITHOUT ROWID
"""
_BUSY_S = 1.0


@dataclass(frozen=True, slots=True)
class LineCount:
    """Crossings of one line ``since`` (Unix epoch seconds) it was first counted or reset; None: never."""

    forward: int = 0
    reverse: int = 0
    since: float | None = None

    def plus(self, more: LineCount) -> LineCount:
        """Both together, since the first."""
        since = more.since if self.since is None else self.since
        return LineCount(self.forward + more.forward, self.reverse + more.reverse, since)


class LineCounts:
    """The counters of all lines. Thread-safe, and safe with other processes that read or reset them.

    A crossing is in the file before ``add`` returns: killing the process loses none, a power cut may lose the latest.
    While the file cannot be written (full, locked) crossings are counted in memory, and written with the next one that
    can be; ``problem`` says so.

    Args:
        folder: where the file is kept, made when it is not there; None: in memory.

    Raises:
        StateError: the folder or file cannot be used.
    """

    def __init__(self, folder: Path | str | None) -> None:
        self._path = ":memory:" if folder is None else str(Path(folder) / FILE_NAME)
        self._lock = threading.Lock()
        self._owed: dict[str, LineCount] = {}
        self.problem = ""
        """Why crossings are not in the file; empty when they are."""
        try:
            if folder is not None:
                Path(folder).mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._file.close)  # counters can be read as long as anybody has them
            refuse_newer(self._file)
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
        with self._lock:
            owed = self._owed.get(line_uuid, LineCount(since=timestamp))
            self._owed[line_uuid] = owed.plus(LineCount(int(direction == "forward"), int(direction == "reverse")))
            try:
                self._write_owed()
            except sqlite3.Error as error:
                self._tell(f"{self._path} cannot be written ({error}); crossings are counted in memory")
            else:
                self._tell("")

    def get(self, line_uuid: str) -> LineCount:
        """The counters of one line."""
        with self._lock:
            rows = self._execute("SELECT forward, reverse, since FROM line WHERE uuid = ?", (line_uuid,))
            return (LineCount(*rows[0]) if rows else LineCount()).plus(self._owed.get(line_uuid, LineCount()))

    def reset(self, line_uuid: str, timestamp: float) -> None:
        """Begin at nought, at ``timestamp`` (Unix epoch seconds)."""
        with self._lock:
            self._execute("INSERT OR REPLACE INTO line VALUES (?, 0, 0, ?)", (line_uuid, timestamp))
            self._owed.pop(line_uuid, None)

    def _write_owed(self) -> None:
        for uuid, owed in list(self._owed.items()):
            self._file.execute(
                "INSERT INTO line VALUES (:uuid, :forward, :reverse, :since) ON CONFLICT (uuid) DO UPDATE SET "
                "forward = forward + :forward, reverse = reverse + :reverse",
                {"uuid": uuid, "forward": owed.forward, "reverse": owed.reverse, "since": owed.since},
            )
            del self._owed[uuid]

    def _tell(self, problem: str) -> None:
        if problem and not self.problem:
            logger.error("lines: %s", problem)
        elif self.problem and not problem:
            logger.warning("lines: %s can be written again", self._path)
        self.problem = problem

    def _execute(self, statement: str, values: dict[str, Any] | tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {error}") from None
