"""What is open as it was told of last: after a crash the next start ends it (delivery, line 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

Run = Callable[..., object]
Rows = Callable[..., list[tuple[Any, ...]]]

INTERVALS = ("time_interval", "frame_interval")


class OpenProcesses:
    """The open processes in the database of an outbox.

    Args:
        run: executes a statement with its values.
        rows: the same, and gives its rows.
    """

    def __init__(self, run: Run, rows: Rows) -> None:
        self._run = run
        self._rows = rows
        self._number: int | None = None  # the largest numerical_id, once it is known

    def rolled_back(self) -> None:
        """Forget what was not committed."""
        self._number = None

    def remember(self, epoch: str, stream_uuid: str, records: Iterable[dict[str, Any]]) -> None:
        """Keep the newest record of each open process; forget those that are finalized."""
        records = tuple(records)
        told = {record["id"] for record in records}
        used = self.number_used() if self._number is None else self._number
        number = used
        for record in records:
            number = max(number, record["numerical_id"])
            if record["finalized"]:
                self._run("DELETE FROM open_process WHERE id = ?", record["id"])
            else:
                self._run(
                    "INSERT INTO open_process VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                    *(record["id"], stream_uuid, epoch, orjson.dumps(record)),
                )
            if record.get("parent", record["id"]) not in told:
                self._extend(record["parent"], record)
        if number > used:
            self._run("INSERT OR REPLACE INTO meta VALUES ('number', ?)", str(number))
        self._number = number

    def left_by_others(self, epoch: str) -> list[tuple[str, dict[str, Any]]]:
        """(stream, record) of the processes that other runs left open, in the order in which they began."""
        rows = self._rows("SELECT stream, record FROM open_process WHERE epoch <> ? ORDER BY rowid", epoch)
        return [(stream, orjson.loads(record)) for stream, record in rows]

    def number_used(self) -> int:
        """The largest ``numerical_id`` that was ever told of."""
        rows = self._rows("SELECT value FROM meta WHERE name = 'number'")
        return int(rows[0][0]) if rows else 0

    def _extend(self, parent: str, child: dict[str, Any]) -> None:
        """Whoever does something is there: a person told of by a child alone was last seen when the child was."""
        for (text,) in self._rows("SELECT record FROM open_process WHERE id = ?", parent):
            record = orjson.loads(text)
            for interval in INTERVALS:
                begin, end = record[interval]
                record[interval] = [begin, max(end, child[interval][1])]
            self._run("UPDATE open_process SET record = ? WHERE id = ?", orjson.dumps(record), parent)
