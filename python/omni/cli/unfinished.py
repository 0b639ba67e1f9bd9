"""A long result that a killed run leaves behind, and that the next one goes on with: the same bytes in the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from omni.cli.output import descriptor, take_place, target_of, unwritable
from omni.errors import SourceError


class Unfinished:
    """Lines of one frame after the other; the file has its name when it is whole.

    Beside it lies ``NAME.part``: a line that says what it is made of, and after the lines of each frame a mark with its
    number. What stands behind the last whole mark is written again. A part of something else is begun anew.

    Args:
        path: of the result.
        about: what the result is made of; plain values.

    Attributes:
        frames: frames that are written.
        lines: lines that are written.

    Raises:
        SourceError: the file cannot be written.
        UnwritableError: the disk is full, or gone; what is written is kept.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.frames = self.lines = 0
        open_already = descriptor(path) is not None
        self._path = target_of(path)
        if open_already or (self._path.exists() and not self._path.is_file()):
            raise SourceError(f"{path}: cannot be written: it is no file, as one is needed to go on from")
        self._part = self._path.with_name(self._path.name + ".part")
        self._heading = "# " + json.dumps(about, sort_keys=True) + "\n"

    def __enter__(self) -> Self:
        try:
            kept = self._whole_frames()
            self._file: IO[str] = self._part.open("r+" if kept else "w", encoding="utf-8", newline="\n")
            if kept:
                self._file.truncate(kept)
                self._file.seek(kept)
            else:
                self._file.write(self._heading)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be written: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with unwritable(self._path):
            self._file.close()
            if kind is None:
                self._finish()

    def write(self, frame: int, lines: Sequence[str]) -> None:
        """The lines of one frame, frames from 1 in order."""
        with unwritable(self._path):
            self._file.write("".join([*lines, f"#{frame}\n"]))
            self._file.flush()
        self.frames, self.lines = frame, self.lines + len(lines)

    def _whole_frames(self) -> int:
        """Bytes of the part that can be kept, 0 where there is none of this result; counts what they hold."""
        if not self._part.is_file():
            return 0
        kept = at = lines = 0
        with self._part.open("rb") as file:
            if file.readline() != self._heading.encode():
                return 0
            kept = at = len(self._heading.encode())
            for line in file:
                at += len(line)
                if not line.startswith(b"#"):
                    lines += 1
                elif line == f"#{self.frames + 1}\n".encode():
                    kept, self.frames, self.lines = at, self.frames + 1, lines
        return kept

    def _finish(self) -> None:
        """The lines without the marks, under the result's name."""
        whole = self._path.with_name(self._path.name + ".whole")
        with self._part.open(encoding="utf-8", newline="\n") as part, whole.open("w", newline="\n") as result:
            result.writelines(line for line in part if not line.startswith("#"))
        take_place(whole, self._path)
        self._part.unlink()
