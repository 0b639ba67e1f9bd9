"""SQLite files that cannot be used: a newer version wrote them, or they are damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def refuse_newer(db: sqlite3.Connection) -> None:
    """Refuse a file that a newer version has written.

    Files of this version have ``user_version`` 0. The first version that changes the tables must write 1.

    Raises:
        sqlite3.OperationalError: the file's ``user_version`` is not 0.
    """
    [(version,)] = db.execute("PRAGMA user_version")
    if version:
        error = sqlite3.OperationalError(f"made by a newer version of omni (format {version}; this one knows 0)")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error


def is_damage(error: Exception) -> bool:
    """Whether the error says that the file is damaged. What may pass by itself is an ``OperationalError``."""
    return type(error) is sqlite3.DatabaseError


def put_aside(path: Path, now: float) -> Path:
    """Rename a damaged file, so that a new one can take its place and the old one can still be looked into.

    Args:
        path: the file; nobody may have it open.
        now: Unix epoch seconds, part of the new name.

    Returns:
        The new path.
    """
    aside = path.with_name(f"{path.name}.damaged-{int(now)}")
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside
