"""A SQLite file that cannot be used: it is no database any more, or one of a version to come."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def refuse_newer(db: sqlite3.Connection) -> None:
    """Leave alone what a newer version has made.

    Files of this version say none (``user_version`` 0); the first that changes its tables counts from 1.

    Raises:
        sqlite3.OperationalError: it was made by a newer one.
    """
    [(version,)] = db.execute("PRAGMA user_version")
    if version:
        error = sqlite3.OperationalError(f"made by a newer version of omni (format {version}; this one knows 0)")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error


def is_damage(error: Exception) -> bool:
    """Whether it says so; all that may pass by itself is an ``OperationalError``."""
    return type(error) is sqlite3.DatabaseError


def put_aside(path: Path, now: float) -> Path:
    """Make room for a new one, and keep what is there for who can read it.

    Args:
        path: the file, which nobody has open.
        now: epoch seconds, for its name.

    Returns:
        Where it is now.
    """
    aside = path.with_name(f"{path.name}.damaged-{int(now)}")
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside
