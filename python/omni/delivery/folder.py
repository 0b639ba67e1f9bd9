"""The folder of an outbox: private, and one agent's at a time."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

from omni.errors import FolderInUseError

LOCK_NAME = "lock"


class Folder:
    """A folder that is taken by locking a file in it; the lock ends with the process, however that ends.

    Args:
        path: where it is, or is to be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: IO[bytes] | None = None

    def check(self) -> None:
        """Find out whether it can be taken; nothing is made.

        Raises:
            FolderInUseError: another agent has it.
        """
        if (self._path / LOCK_NAME).is_file():
            with suppress(OSError):
                self.take()
            self.release()

    def take(self) -> None:
        """Make it, where it is not there yet, and keep others out.

        Raises:
            FolderInUseError: another agent has it.
            OSError: it cannot be made or written.
        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (self._path / LOCK_NAME).open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise FolderInUseError(
                f"$.delivery.directory: {self._path} is used by another agent; give each its own"
            ) from None

    def release(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
