"""MOT text: one row a box, ``frame,id,x,y,w,h,score``, frames from 1, also gzipped (interface, command line)."""

from __future__ import annotations

import gzip
import io
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np

from omni.errors import SourceError
from omni.track import TrackRows
from omni.types import Float32, Float64

COLUMNS = 7

GZIPPED = b"\x1f\x8b"
"""How gzipped text begins."""

LAST_FRAME = 100_000_000
"""38 days at 30 frames a second: a larger number is a time, or a slip, and all up to it are gone through."""

NO_SCORE = -1.0
"""What MOT text writes where there is none."""

LEAST_FRAMES = 10
"""From fewer with rows it is not told which were looked at: that ten are all even or all odd is one chance in 500."""

LONGEST_LINE = 100_000
"""Characters: what is held in memory of a file that is no text of rows."""

GREATEST = 1e12
"""Larger numbers are no pixels; those within keep being finite in single precision."""


@dataclass(frozen=True, slots=True)
class MotRows:
    """Rows of a file, sorted by frame: ``frame`` (N,), ``id`` (N,), ``xyxy`` (N, 4), ``score`` (N,), all float64.

    ``score`` is as in the file; see ``confidences``.
    """

    frame: Float64
    id: Float64
    xyxy: Float64
    score: Float64

    @property
    def last_frame(self) -> int:
        return int(self.frame.max()) if len(self.frame) else 0

    def at(self, frame: int) -> slice:
        """The rows of one frame."""
        return slice(int(np.searchsorted(self.frame, frame)), int(np.searchsorted(self.frame, frame + 1)))


def read_mot(path: Path) -> MotRows:
    """Read a MOT text file; a missing score is 1.

    Raises:
        SourceError: the file cannot be read, or a row is wrong; names the line.
    """
    cells = array("d")  # an hour of a crowd has millions of rows
    try:
        with path.open("rb") as file:
            packed = file.peek(len(GZIPPED)).startswith(GZIPPED)  # whatever it is called
            text = io.TextIOWrapper(gzip.GzipFile(fileobj=file) if packed else file, encoding="utf-8-sig")
            for number, line in numbered_lines(path, text):
                if line.strip():
                    cells.extend(_row(path, number, line))
    except UnicodeDecodeError:
        raise SourceError(f"{path}: cannot be read: no text") from None
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    table = np.frombuffer(cells, np.float64).reshape(-1, COLUMNS)
    table = table[np.argsort(table[:, 0], kind="stable")]
    xyxy = np.c_[table[:, 2:4], table[:, 2:4] + table[:, 4:6]]
    return MotRows(table[:, 0], table[:, 1], xyxy, table[:, 6])


def numbered_lines(path: Path, text: TextIO) -> Iterator[tuple[int, str]]:
    """The lines of a text of rows, from 1.

    Raises:
        SourceError: a line is longer than any row, such as a large file of another kind that is all one.
    """
    for number, line in enumerate(iter(partial(text.readline, LONGEST_LINE), ""), 1):
        if len(line) == LONGEST_LINE:
            raise SourceError(
                f"{path}, line {number}: expected a row of numbers, got {LONGEST_LINE} characters or more"
            )
        yield number, line


def confidences(rows: MotRows) -> tuple[Float32, str | None]:
    """(N,) the scores as 0 to 1, and in words how they were brought there; None where they are so already.

    Scores on both sides of 0 to 1 are margins or log odds, as of DPM: their logistic is taken. Scores that are only
    greater, such as percents, are divided by the greatest, for what counts is how sure a box is beside the surest.
    Scores that are only less are 0, for no scale begins below nothing and ends at one, but where all are -1, which
    stands for none: then all are 1.
    """
    score = rows.score
    if len(score) and (score == NO_SCORE).all():
        return np.ones(len(score), np.float32), None
    least, most = (float(end(score)) for end in (np.min, np.max)) if len(score) else (0.0, 0.0)
    if most <= 1.0:
        return score.clip(min=0.0).astype(np.float32), None
    told = f"scores from {least:g} to {most:g}, expected 0 to 1"
    if least < 0.0:
        return (1.0 / (1.0 + np.exp(-score.clip(-50.0, 50.0)))).astype(np.float32), f"{told}: taken for log odds"
    return (score / most).astype(np.float32), f"{told}: divided by the greatest"


def looked_at(files: Iterable[MotRows]) -> range:
    """The frames in which a detector looked for people, up to the last with rows: all of them, or every k-th.

    Who looks at every third frame and keeps their numbers has rows in no other: the frames between are none in which
    nobody was.
    """
    frames = np.unique(np.concatenate([np.zeros(0), *(rows.frame for rows in files)])).astype(np.int64)
    if not len(frames):
        return range(1, 1)
    step = int(np.gcd.reduce(np.diff(frames))) if len(frames) >= LEAST_FRAMES else 1
    return range((int(frames[0]) - 1) % step + 1, int(frames[-1]) + 1, step)


def _row(path: Path, number: int, line: str) -> list[float]:
    cells = line.replace(",", " ").split()
    try:
        values = [float(cell) for cell in cells[:COLUMNS]]
    except ValueError:
        values = []
    if len(values) < COLUMNS - 1:
        raise SourceError(
            f"{path}, line {number}: expected frame,id,x,y,w,h[,score] as numbers, got {line.strip()[:80]!r}"
        )
    values += [1.0] * (COLUMNS - len(values))
    frame, box_id = values[:2]
    if not all(abs(value) <= GREATEST for value in values) or min(values[4:6]) < 0:
        fault = "sizes must be 0 or more, all finite and within 1e12"
    elif not 1 <= frame <= LAST_FRAME or frame % 1:
        fault = f"frame must be a whole number from 1 to {LAST_FRAME}"
    elif box_id % 1:
        fault = "id must be a whole number"
    else:
        return values
    raise SourceError(f"{path}, line {number}: {fault}; got {line.strip()[:80]!r}")


def track_lines(rows: TrackRows) -> Iterator[str]:
    """MOT rows of tracks, in the order given."""
    for frame, track_id, (x1, y1, x2, y2), confidence in zip(
        rows.frame.tolist(), rows.track_id.tolist(), rows.xyxy.tolist(), rows.confidence.tolist(), strict=True
    ):
        yield f"{frame},{track_id},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{confidence:.4f},-1,-1,-1\n"
