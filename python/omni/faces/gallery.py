"""The people who are known: profiles and the embeddings of their photos, in one private file.

Photos are never kept. What is deleted is overwritten (SQLite's ``secure_delete``).
"""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from omni import _core
from omni._text import is_text
from omni.ages import Ages
from omni.errors import StateError, UnknownProfileError
from omni.sqlite_files import refuse_newer
from omni.types import Float32

FILE_NAME = "faces.sqlite"

_BUSY_S = 5.0
_UNIT_TOLERANCE = 1e-3
_SETUP = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "CREATE TABLE IF NOT EXISTS profile (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL)",
    """CREATE TABLE IF NOT EXISTS membership (
        profile TEXT NOT NULL REFERENCES profile ON DELETE CASCADE, group_id TEXT NOT NULL,
        PRIMARY KEY (profile, group_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS sample (
        profile TEXT NOT NULL REFERENCES profile ON DELETE CASCADE, model TEXT NOT NULL, embedding BLOB NOT NULL,
        checksum BLOB NOT NULL, added REAL NOT NULL, PRIMARY KEY (profile, checksum)
    )""",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody who is known.

    Attributes:
        id: UUID.
        name: what people call them.
        groups: UUIDs.
        samples: how many of their photos are known.
        created: Unix epoch seconds.
    """

    id: str
    name: str
    groups: tuple[str, ...]
    samples: int
    created: float


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The gallery at one time, as it is searched; ``oldest``: when (epoch seconds) its first sample was added."""

    profiles: tuple[Profile, ...]
    index: _core.EmbeddingIndex | None
    owners: tuple[Profile, ...]
    refused: tuple[str, ...]
    oldest: float


class Gallery:
    """Profiles and their embeddings. Thread-safe, and safe with other processes that change it.

    Args:
        folder: where the file is kept (mode 0600), made when it is not there; None: in memory.
        model: identity of the embedding network; embeddings of another cannot be compared and are left out. None: the
            gallery is looked through and cleared only.
        dimension: length of its vectors.
        retention_s: seconds after which a sample is deleted; a profile goes with its last one. None: never.

    Raises:
        StateError: the folder or file cannot be used.
    """

    def __init__(
        self,
        folder: Path | str | None,
        model: str | None = None,
        dimension: int = 0,
        *,
        retention_s: float | None = None,
    ) -> None:
        self._path = ":memory:" if folder is None else str(Path(folder) / FILE_NAME)
        self._model = model
        self._dimension = dimension
        self._retention_s = retention_s
        self._ages = Ages[None]()
        self._lock = threading.RLock()
        self._generation = 0
        try:
            if folder is not None:
                _make_private(Path(self._path))
            self._file = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._file.close)
            refuse_newer(self._file)
            for statement in _SETUP:
                self._file.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"{self._path}: the gallery cannot be kept here: {error}") from None
        self._data_version = self._version_of_file()
        self._snapshot = self._read()

    @property
    def generation(self) -> int:
        """Counts the changes that were noticed."""
        return self._generation

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """All profiles, by name."""
        return self._snapshot.profiles

    @property
    def problems(self) -> tuple[str, ...]:
        """Embeddings that are not compared with, and the remedy; without names."""
        return self._snapshot.refused

    def get(self, profile_id: str) -> Profile:
        """One profile.

        Raises:
            UnknownProfileError: there is none of this UUID.
        """
        found = next((profile for profile in self.profiles if profile.id == profile_id), None)
        if found is None:
            raise UnknownProfileError(f"no profile has the uuid {profile_id[:100]}; omni faces list shows them")
        return found

    def add(self, name: str, groups: Iterable[str], embeddings: Float32, now: float) -> Profile:
        """Make a profile.

        Args:
            name: what people call them.
            groups: UUIDs.
            embeddings: (N, D) of unit length, N at least 1.
            now: Unix epoch seconds.

        Raises:
            ValueError: the name is no text, or embeddings are not of that form.
        """
        if not is_text(name):
            raise ValueError(f"name: expected text, got {name!r}")
        rows = self._checked(embeddings)
        profile_id = str(uuid4())
        with self._lock:
            self._execute("BEGIN IMMEDIATE")
            self._execute("INSERT INTO profile VALUES (?, ?, ?)", (profile_id, name, now))
            for group in sorted(set(groups)):
                self._execute("INSERT INTO membership VALUES (?, ?)", (profile_id, group))
            self._insert(profile_id, rows, now)
            self._commit()
            return self.get(profile_id)

    def add_samples(self, profile_id: str, embeddings: Float32, now: float) -> int:
        """More photos of somebody known. Returns how many were new: the same photo twice is one sample.

        Raises:
            UnknownProfileError: there is no profile of this UUID.
        """
        rows = self._checked(embeddings)
        with self._lock:
            before = self.get(profile_id).samples
            self._execute("BEGIN IMMEDIATE")
            self._insert(profile_id, rows, now)
            self._commit()
            return self.get(profile_id).samples - before

    def remove(self, profile_id: str) -> None:
        """Delete a profile and everything of it.

        Raises:
            UnknownProfileError: there is no profile of this UUID.
        """
        with self._lock:
            self.get(profile_id)
            self._execute("BEGIN IMMEDIATE")
            self._execute("DELETE FROM profile WHERE id = ?", (profile_id,))
            self._commit()

    def refresh(self, now: float) -> None:
        """Take in what other processes changed, and delete what is kept for too long.

        Args:
            now: Unix epoch seconds.
        """
        with self._lock:
            old = -np.inf if self._retention_s is None else self._ages.old(self._retention_s, now, None)[0]
            if self._snapshot.oldest < old:
                self._execute("BEGIN IMMEDIATE")
                self._execute("DELETE FROM sample WHERE added < ?", (old,))
                self._execute("DELETE FROM profile WHERE id NOT IN (SELECT profile FROM sample)")
                self._commit()
            elif self._version_of_file() != self._data_version:
                self._data_version = self._version_of_file()
                self._reload()

    def search(self, embeddings: Float32, k: int) -> list[list[tuple[Profile, float]]]:
        """Who is nearest, by the nearest of their photos; every one is looked at.

        Args:
            embeddings: (N, D) of unit length.
            k: how many profiles for each.

        Returns:
            For each embedding at most ``k`` profiles and their distances (0..2), the nearest first.
        """
        snapshot = self._snapshot
        if snapshot.index is None or not len(embeddings):
            return [[] for _ in embeddings]
        owners, cosines = snapshot.index.search(np.ascontiguousarray(embeddings, np.float32), k)
        distances = np.sqrt(np.maximum(2.0 - 2.0 * cosines.astype(np.float64), 0.0))
        return [
            [(snapshot.owners[owner], distance) for owner, distance in zip(*row, strict=True) if owner >= 0]
            for row in zip(owners.tolist(), distances.tolist(), strict=True)
        ]

    def _checked(self, embeddings: Float32) -> list[bytes]:
        rows = np.ascontiguousarray(embeddings, "<f4")
        if (
            self._model is None
            or rows.ndim != 2
            or not len(rows)
            or rows.shape[1] != self._dimension
            or not _unit(rows).all()
        ):
            raise ValueError(f"embeddings: expected (N, {self._dimension}) of unit length, got {embeddings.shape}")
        return [row.tobytes() for row in rows]

    def _insert(self, profile_id: str, rows: Sequence[bytes], now: float) -> None:
        for row in rows:
            values = (profile_id, self._model, row, _checksum(profile_id, str(self._model), row), now)
            self._execute("INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?, ?)", values)

    def _commit(self) -> None:
        self._execute("COMMIT")
        self._reload()

    def _reload(self) -> None:
        self._snapshot = self._read()
        self._generation += 1

    def _version_of_file(self) -> int:
        return int(self._execute("PRAGMA data_version")[0][0])

    def _read(self) -> _Snapshot:
        groups: dict[str, list[str]] = {}
        for profile_id, group in self._execute("SELECT profile, group_id FROM membership ORDER BY group_id"):
            groups.setdefault(profile_id, []).append(group)
        rows: dict[str, list[Float32]] = {}
        kept: Counter[str] = Counter()
        foreign: set[tuple[str, str]] = set()
        corrupt: set[str] = set()
        for profile_id, model, embedding, checksum in self._execute(
            "SELECT profile, model, embedding, checksum FROM sample ORDER BY profile, rowid"
        ):
            kept[profile_id] += 1
            row = self._embedding(profile_id, model, embedding, checksum)
            if row is None:
                corrupt.add(profile_id)
            elif model == self._model:
                rows.setdefault(profile_id, []).append(row)
            elif self._model is not None:
                foreign.add((model, profile_id))
        found = self._execute("SELECT id, name, created FROM profile ORDER BY name, created, id")
        profiles = tuple(
            Profile(id_, name, tuple(groups.get(id_, ())), kept[id_], created) for id_, name, created in found
        )
        [(oldest,)] = self._execute("SELECT min(added) FROM sample")
        return _Snapshot(
            profiles,
            *_index(profiles, rows),
            (*self._foreign(foreign), *self._corrupt(corrupt)),
            math.inf if oldest is None else oldest,
        )

    def _embedding(self, profile_id: str, model: str, embedding: bytes, checksum: bytes) -> Float32 | None:
        """The vector, None where it is not what was once stored."""
        if not isinstance(embedding, bytes) or checksum != _checksum(profile_id, str(model), embedding):
            return None
        row = np.frombuffer(embedding, "<f4") if len(embedding) % 4 == 0 else np.zeros(0, np.float32)
        fits = model != self._model or (row.shape == (self._dimension,) and _unit(row[None])[0])
        return row.astype(np.float32) if fits else None

    def _foreign(self, found: set[tuple[str, str]]) -> list[str]:
        models = sorted({model for model, _ in found})
        return [
            f"faces: {sum(m == model for m, _ in found)} profiles were made with {model}, "
            f"this agent uses {self._model}: add their photos again (omni faces import)"
            for model in models
        ]

    def _corrupt(self, found: set[str]) -> list[str]:
        return [
            f"faces: an embedding of profile {profile_id} is damaged and not used: remove the profile and add it again"
            for profile_id in sorted(found)
        ]

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise StateError(f"{self._path}: {error}") from None


def _index(
    profiles: Iterable[Profile], rows: dict[str, list[Float32]]
) -> tuple[_core.EmbeddingIndex | None, tuple[Profile, ...]]:
    """All rows, packed by owner, and the owners by their numbers."""
    owners = tuple(profile for profile in profiles if profile.id in rows)
    if not owners:
        return None, ()
    packed = np.concatenate([np.stack(rows[profile.id]) for profile in owners])
    numbers = np.repeat(np.arange(len(owners), dtype=np.int32), [len(rows[profile.id]) for profile in owners])
    return _core.EmbeddingIndex(packed, numbers), owners


def _unit(rows: Float32) -> np.ndarray[Any, np.dtype[np.bool_]]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.abs(np.linalg.norm(rows.astype(np.float64), axis=1) - 1.0) <= _UNIT_TOLERANCE / 2


def _checksum(profile_id: str, model: str, embedding: bytes) -> bytes:
    return hashlib.blake2b(f"{profile_id}/{model}/".encode() + embedding, digest_size=16).digest()


def _make_private(path: Path) -> None:
    """The file, empty if it is new, that nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
