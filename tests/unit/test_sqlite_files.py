"""Files of a version to come: told of, and left as they are."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from omni.delivery.store import FILE_NAME, Store
from omni.errors import StateError
from omni.faces import Gallery
from omni.history.store import Store as History
from omni.regions import LineCounts
from omni.tokens import Tokens


def tokens(folder: Path) -> None:
    Tokens(folder).add(uuid4().hex, ("read",), now=0.0)


def outbox(folder: Path) -> None:
    Store(folder / FILE_NAME, create=True).close()


def history(folder: Path) -> None:
    History(folder / "history.sqlite").close()


@pytest.mark.parametrize(("make", "error"), [
    (tokens, StateError), (outbox, sqlite3.OperationalError), (history, sqlite3.OperationalError),
    (LineCounts, StateError), (Gallery, StateError),
])  # fmt: skip
def test_a_file_of_a_newer_version_is_left_alone(
    tmp_path: Path, make: Callable[[Path], object], error: type[Exception]
) -> None:
    made = make(tmp_path)
    [file] = tmp_path.glob("*.sqlite")
    del made
    of_version(file, 3)
    before = hashlib.sha256(file.read_bytes()).digest()
    with pytest.raises(error, match=r"made by a newer version of omni \(format 3; this one knows 0\)"):
        make(tmp_path)
    assert hashlib.sha256(file.read_bytes()).digest() == before
    of_version(file, 0)
    make(tmp_path)


def of_version(file: Path, version: int) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
