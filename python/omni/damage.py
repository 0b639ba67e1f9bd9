"""A SQLite file that is no database any more: how that is told, and what becomes of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path


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
