"""Looking into the history, from any thread, whether it is being written or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from omni.errors import StateError

EXPORT_ROWS = 500
"""Records that an export reads at once."""

_WANTED = {
    "stream": "stream = :stream",
    "type": "type = :type",
    "class_": "class = :class_",
    "action": "action = :action",
    "region": "region = :region",
    "person": "(person = :person OR profile = :person OR subject = :person)",
}
_PART = "JOIN shot ON shot.process = part.id WHERE (part.id = process.shown OR part.subject = process.shown)"
_SHOT_OF = f"""
SELECT jpeg, anonymous FROM process, process AS part {_PART} AND process.id = ?
ORDER BY part.id = process.shown DESC, part.class LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which processes are meant; what is empty does not matter.

    Attributes:
        from_s: those that were not over before this time, Unix epoch seconds.
        to_s: those that had begun before this time.
        stream: stream_uuid.
        type: ``track``, ``action``, ``external`` or ``emotion``.
        class_: class of the object: ``human``, ``body``, ``face``, ``media``.
        action: ``roi_presence`` or ``line_crossing``.
        region: UUID of a region or line.
        person: UUID of a person, of the process of one, or of a profile that was matched.
    """

    from_s: float | None = None
    to_s: float | None = None
    stream: str = ""
    type: str = ""
    class_: str = ""
    action: str = ""
    region: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the processes, newest first.

    Attributes:
        processes: their records.
        best_shots: ids of those that have a picture to be shown.
        next: cursor of the next page; None: there is none.
    """

    processes: list[dict[str, Any]]
    best_shots: list[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some of what streams did, newest first.

    Attributes:
        changes: as subscribers of type ``streams`` get them.
        next: cursor of the next page; None: there is none.
    """

    changes: list[dict[str, Any]]
    next: str | None


class Archive:
    """Reads the history. What the file refuses is a ``StateError``.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.shows: Literal["all", "anonymous", "none"] = "none"
        """Which best shots may be shown."""

    def page(self, chosen: Filter, *, limit: int, cursor: str = "") -> Page:
        """Processes, newest first, from a cursor on.

        Raises:
            ValueError: the cursor is none of ours.
        """
        where, values = _where(chosen)
        if cursor:
            where += " AND (began, number) < (:cursor_began, :cursor_number)"
            values |= _position(cursor)
        rows = self.rows(
            f"SELECT began, number, id, record, {self._has_shot} FROM process WHERE {where}"
            " ORDER BY began DESC, number DESC LIMIT :limit",
            {**values, "limit": limit + 1},
        )
        more, rows = len(rows) > limit, rows[:limit]
        return Page(
            [orjson.loads(record) for _, _, _, record, _ in rows],
            [id_ for _, _, id_, _, shown in rows if shown],
            f"{rows[-1][0]}-{rows[-1][1]}" if more else None,
        )

    def changes(
        self,
        *,
        stream: str = "",
        from_s: float | None = None,
        to_s: float | None = None,
        limit: int,
        cursor: str = "",
    ) -> ChangePage:
        """What streams did, newest first, from a cursor on.

        Args:
            stream: stream_uuid; empty: all.
            from_s, to_s: from the first on and before the second, Unix epoch seconds; None: does not matter.
            limit: most of them.
            cursor: of the page before.

        Raises:
            ValueError: the cursor is none of ours.
        """
        values: dict[str, Any] = {"limit": limit + 1, "stream": stream}
        where = ["(:stream = '' OR stream = :stream)"]
        for clause, seconds in (("at >= :from_ms", from_s), ("at < :to_ms", to_s)):
            if seconds is not None:
                where.append(clause)
                values[clause.rpartition(":")[2]] = round(seconds * 1000)
        if cursor:
            where.append("(at, number) < (:cursor_began, :cursor_number)")
            values |= _position(cursor)
        rows = self.rows(
            f"SELECT at, number, event FROM change WHERE {' AND '.join(where)}"
            " ORDER BY at DESC, number DESC LIMIT :limit",
            values,
        )
        more, rows = len(rows) > limit, rows[:limit]
        return ChangePage(
            [orjson.loads(event) for _, _, event in rows], f"{rows[-1][0]}-{rows[-1][1]}" if more else None
        )

    def export(self, chosen: Filter) -> Iterator[list[dict[str, Any]]]:
        """All processes, newest first, some at a time: memory does not grow with their number."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.page(chosen, limit=EXPORT_ROWS, cursor=cursor)
            yield page.processes
            cursor = page.next

    def best_shot(self, process_id: str) -> bytes | None:
        """The JPEG of a process; of a human or an action that of their body, else face. None: there is none to show."""
        if self.shows == "none":
            return None
        found = self.rows(_SHOT_OF, (process_id,))
        if not found or (self.shows == "anonymous" and not found[0][1]):
            return None
        jpeg: bytes = found[0][0]
        return jpeg

    def rows(self, sql: str, values: dict[str, Any] | tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Ask the file, over a connection of its own: a long look holds up nobody."""
        try:
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"{self._path.name}: the history cannot be read: {error}") from None

    @property
    def _has_shot(self) -> str:
        if self.shows == "none":
            return "0"
        allowed = "" if self.shows == "all" else " AND shot.anonymous"
        return f"EXISTS (SELECT 1 FROM process AS part {_PART}{allowed})"


def _where(chosen: Filter) -> tuple[str, dict[str, Any]]:
    wanted = {name: getattr(chosen, name) for name in _WANTED}
    given = {name: value for name, value in wanted.items() if value}
    clauses = [_WANTED[name] for name in given]
    values: dict[str, Any] = dict(given)
    if chosen.from_s is not None:
        # Of one that is open, ``ended`` is when it was told of last. The longest of the others tells how far back one
        # that was not over then can have begun.
        clauses += [
            "(ended >= :from_ms OR NOT finalized)",
            "began >= MIN(:from_ms - (SELECT MAX(ended - began) FROM process),"
            " (SELECT COALESCE(MIN(began), 1 << 62) FROM process INDEXED BY process_open WHERE NOT finalized))",
        ]
        values["from_ms"] = round(chosen.from_s * 1000)
    if chosen.to_s is not None:
        clauses.append("began < :to_ms")
        values["to_ms"] = round(chosen.to_s * 1000)
    return " AND ".join(clauses) or "1", values


def _position(cursor: str) -> dict[str, int]:
    began, _, number = cursor.rpartition("-")
    if not all(part.removeprefix("-").isdecimal() and part.isascii() and len(part) < 19 for part in (began, number)):
        raise ValueError("a cursor that this agent gave")
    return {"cursor_began": int(began), "cursor_number": int(number)}
