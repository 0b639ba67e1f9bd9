"""Tokens of the service: who may do what, in one private file.

A token is 256 random bits, so its plain SHA-256 can be kept: there is no list of likely ones to try, which is what slow
hashes are for, and every request would pay for one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Literal, TypeAlias, get_args

from omni.errors import StateError, TokenError
from omni.sqlite_files import refuse_newer

Scope: TypeAlias = Literal["read", "control", "config", "faces"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

FILE_NAME = "tokens.sqlite"
PREFIX = "omni_"
"""So that a token is known for what it is where it should not be, such as in a repository."""

_NAME_MAX = 64
BUSY_S = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS token (
    name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, scopes TEXT NOT NULL, created REAL NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. The token itself is not.

    Attributes:
        name: what people call it.
        scopes: what it allows.
        created: Unix epoch seconds.
    """

    name: str
    scopes: tuple[Scope, ...]
    created: float


class TokensBusyError(StateError):
    """Another process has the file to itself just now."""


class Tokens:
    """The tokens of a state folder. The file is opened for each call: what another process changed counts at once.

    Args:
        folder: the state folder; None: there is none, and so there are no tokens.
        wait_s: how long a call waits where another process has the file to itself; then it raises ``TokensBusyError``.
    """

    def __init__(self, folder: Path | str | None, wait_s: float = BUSY_S) -> None:
        self._path = None if folder is None else Path(folder) / FILE_NAME
        self._wait_s = wait_s

    def add(self, name: str, scopes: Iterable[Scope], now: float) -> str:
        """Make a token.

        Args:
            name: 1 to 64 printable characters.
            scopes: what it allows, at least one.
            now: Unix epoch seconds.

        Returns:
            The token. It is nowhere else.

        Raises:
            TokenError: there is one of this name, or the name or scopes are none.
            StateError: the file cannot be written.
        """
        wanted = set(scopes)
        if not (0 < len(name) <= _NAME_MAX and name.isprintable()):
            raise TokenError(f"a token's name has 1 to {_NAME_MAX} printable characters, got {name[:100]!r}")
        if not wanted or not wanted <= set(SCOPES):
            raise TokenError(f"scopes: expected some of {', '.join(SCOPES)}, got {', '.join(sorted(wanted)) or 'none'}")
        if self._path is None:
            raise TokenError("a configuration that is no file has no state folder to keep tokens in")
        token = PREFIX + secrets.token_urlsafe(32)
        with _opened(self._path, self._wait_s, create=True) as file:
            try:
                row = (name, digest_of(token), ",".join(s for s in SCOPES if s in wanted), now)
                file.execute("INSERT INTO token VALUES (?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise TokenError(f"there is a token named {name!r} already; remove it or choose another name") from None
        return token

    def remove(self, name: str) -> None:
        """Forget a token: it opens nothing from now on.

        Raises:
            TokenError: there is none of this name.
            StateError: the file cannot be written.
        """
        if self._path is not None and self._path.exists():
            with _opened(self._path, self._wait_s) as file:
                if file.execute("DELETE FROM token WHERE name = ?", (name,)).rowcount:
                    return
        raise TokenError(f"no token is named {name[:100]!r}; omni tokens list shows them")

    def all(self) -> list[Token]:
        """All tokens, by name.

        Raises:
            StateError: the file cannot be read.
        """
        return self._select("ORDER BY name")

    def find(self, digest: bytes) -> Token | None:
        """The token of this digest (``digest_of``), if there is one.

        Raises:
            StateError: the file cannot be read.
        """
        return next(iter(self._select("WHERE digest = ?", digest)), None)

    def _select(self, clause: str, *values: bytes) -> list[Token]:
        if self._path is None or not self._path.exists():
            return []
        with _opened(self._path, self._wait_s) as file:
            rows = file.execute(f"SELECT name, scopes, created FROM token {clause}", values).fetchall()
        return [
            Token(name, tuple(s for s in SCOPES if s in scopes.split(",")), created) for name, scopes, created in rows
        ]


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


@contextmanager
def _opened(path: Path, wait_s: float, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    try:
        if create and not path.exists():
            _make(path)
        file = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
        try:
            refuse_newer(file)
            yield file
        finally:
            file.close()
    except (OSError, sqlite3.Error) as error:
        busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        raise (TokensBusyError if busy else StateError)(f"{path}: the tokens cannot be kept here: {error}") from None


def _make(path: Path) -> None:
    """The file, with its table or not at all: one without would lock everybody out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    scratch = Path(name)
    try:
        with closing(sqlite3.connect(scratch, isolation_level=None)) as file:
            file.execute(_TABLE)
        try:
            os.link(scratch, path)  # unless somebody else was quicker
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            scratch.replace(path)
    finally:
        for left in (scratch, scratch.with_name(f"{scratch.name}-journal")):
            left.unlink(missing_ok=True)
