"""What was found in pictures, kept in a file: work that was stopped goes on without looking at them again."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from omni.errors import SourceError
from omni.types import Detections, UInt8

logger = logging.getLogger(__name__)

Look = Callable[[Sequence[UInt8]], Sequence[Detections]]


class DetectionMemory:
    """Finds again what was found in the same picture by the same detector. Thread-safe; a context manager.

    A line a picture: the digest of it and of what looked at it, then boxes and confidences, their bytes. A line that a
    killed process left half written is passed over. Where the disk is full the work goes on, and nothing more is kept.

    Args:
        path: of the file; it goes when the context ends well.

    Attributes:
        recalled: pictures that were not looked at again.

    Raises:
        SourceError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, Detections] = {}
        self._keeps = True
        self.recalled = 0

    def __enter__(self) -> Self:
        try:
            half = self._path.is_file() and not self._read()
            self._file = self._path.open("a", encoding="ascii", newline="\n")  # who is killed now loses nothing
            self._file.write("\n" if half else "")
            self._file.flush()
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be written: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._file.close()
        if kind is None:
            self._path.unlink(missing_ok=True)

    def recall(self, images: Sequence[UInt8], by: str, look: Look) -> list[Detections]:
        """What is in pictures, in their order.

        Args:
            images: each (H, W, 3) or (H, W) uint8.
            by: all that the result depends on besides the picture.
            look: finds it in those that are new.
        """
        keys = [_key(image, by) for image in images]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            new = [i for i, key in enumerate(keys) if key not in found]
            self.recalled += len(images) - len(new)
        for i, seen in zip(new, look([images[i] for i in new]) if new else (), strict=True):
            found[keys[i]] = seen
            with self._lock:
                self._known[keys[i]] = seen
                self._keep(_line(keys[i], seen))
        return [found[key] for key in keys]

    def _keep(self, line: str) -> None:
        if self._file.closed or not self._keeps:  # a worker that is late, when all is over
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self._keeps = False
            logger.warning(
                "%s: cannot be written: %s; a run that is stopped does not go on from here", self._path, error.strerror
            )

    def _read(self) -> bool:
        """False where the last line is not whole."""
        text = self._path.read_text("ascii", "replace")
        for line in text.splitlines():
            parts = line.split(" ")
            if len(parts) != 4 or parts[3] != ".":
                continue
            try:
                xyxy = np.frombuffer(bytes.fromhex(parts[1]), np.float32).reshape(-1, 4)
                confidence = np.frombuffer(bytes.fromhex(parts[2]), np.float32)
            except ValueError:
                continue
            if len(xyxy) == len(confidence):
                self._known[parts[0]] = Detections(xyxy, confidence, np.zeros(len(confidence), np.int32))
        return text[-1:] in ("", "\n")


def _line(key: str, found: Detections) -> str:
    return f"{key} {found.xyxy.tobytes().hex()} {found.confidence.tobytes().hex()} .\n"


def _key(image: UInt8, by: str) -> str:
    digest = hashlib.blake2b(f"{by} {image.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()
