"""Files and folders of pictures: every frame, at their own pace or as fast as they are taken."""

from __future__ import annotations

import logging
import math
import re
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from omni._text import is_text
from omni.config import StreamConfig
from omni.errors import SourceError
from omni.sources.clock import RecordingClock
from omni.sources.condition import ConditionLog
from omni.sources.decoder import turn_to_open_a_file
from omni.sources.picture import cropped
from omni.types import Frame, UInt8

logger = logging.getLogger(__name__)

PICTURES = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
AHEAD_S = 12 * 3600.0
"""Timestamps of a transport stream that are so far ahead have begun anew: FFmpeg takes them to have wrapped, as after
26.5 hours."""
MOST_DAMAGED = 250
"""So many pictures in a row that cannot be decoded are passed over; then the rest is given up."""
_MATROSKA = b"\x1aE\xdf\xa3"
"""The first bytes of MKV and WebM."""
_TRANSPORT_STREAM = b"G"
_PTS = getattr(cv2, "CAP_PROP_PTS", -1)
"""Which picture it is, counted from when a recording began; older OpenCV knows none, and gives 0."""
FOLDER_FPS = 10.0
"""Pictures of a folder carry no time: they are taken to be this many a second."""


class Reader(Protocol):
    """Something that gives pictures with their time in seconds from the start, again and again.

    Attributes:
        fps: pictures a second.
        frames: how many there are, as far as the file tells; 0 where it does not.
    """

    fps: float
    frames: int

    def pictures(self) -> Iterator[tuple[float, UInt8 | None]]:
        """None in place of one that cannot be decoded, which the log names."""


class VideoReader:
    """A video file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        capture, begins = self._open(), _beginning(path)
        fps = capture.get(cv2.CAP_PROP_FPS)
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        readable = _next_of(capture) is not None
        if begins == _MATROSKA:  # it tells when it ends, and may be a part of a recording
            frames -= capture.get(_PTS)
        capture.release()
        if not readable:
            raise SourceError(f"{path}: holds no picture that can be decoded; give another video")
        self.fps = fps if np.isfinite(fps) and 0.001 <= fps <= 1000 else 25.0
        self.frames = max(int(frames), 0)
        self._most_ahead_s = AHEAD_S if begins.startswith(_TRANSPORT_STREAM) else math.inf

    def pictures(self) -> Iterator[tuple[float, UInt8]]:
        capture = self._open()
        clock = RecordingClock(1 / self.fps, self._most_ahead_s)
        readable = False
        try:
            while (image := _next_of(capture)) is not None:
                readable = True
                yield clock.date(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000), image
            if not readable:
                raise SourceError(f"{self._path}: holds no picture that can be decoded any more")
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        if not _beginning(self._path):
            raise SourceError(f"{self._path}: the file is empty; give a video")
        if not is_text(str(self._path)):  # OpenCV crashes
            raise SourceError(f"{self._path}: the name of a video must be UTF-8 to be opened; give it another")
        # with its folder: FFmpeg takes what stands before a colon for a protocol, such as 10 in 10:30.mp4
        name = str(self._path) if self._path.is_absolute() else f"./{self._path}"
        with turn_to_open_a_file():
            capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceError(f"{self._path}: not a video that can be decoded; give an AVI, MP4, MKV or the like")
        return capture


def _next_of(capture: cv2.VideoCapture) -> UInt8 | None:
    """The next picture that can be decoded; None at the end. OpenCV gives up at each one that is damaged."""
    for _ in range(MOST_DAMAGED):
        readable, image = capture.read()
        if readable:
            return np.asarray(image, np.uint8)
    return None


def _beginning(path: Path) -> bytes:
    """The first 4 bytes of a file, none where it is empty: whether it can be read at all, OpenCV does not say.

    Raises:
        SourceError: it cannot, such as one that was there when it was opened first, or a pipe.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise SourceError(f"{path}: a pipe or a device; give a file, or of a camera its number")
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


class FolderReader:
    """A folder of pictures by their names, 2.jpg before 10.jpg. One that is damaged or gone leaves a gap."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._passed_over: set[Path] = set()
        try:
            files = list(path.iterdir())
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
        shown = (f for f in files if not f.name.startswith("."))  # macOS puts a hidden one beside each, ._1.jpg
        self._files = sorted((f for f in shown if f.suffix.lower() in PICTURES), key=_place)
        self.fps = FOLDER_FPS
        self.frames = len(self._files)
        if not self._files:
            raise SourceError(f"{path}: no pictures in this folder; expected {', '.join(sorted(PICTURES))}")

    @property
    def names(self) -> list[str]:
        """Of its pictures, in their order."""
        return [file.name for file in self._files]

    def pictures(self) -> Iterator[tuple[float, UInt8 | None]]:
        found = False
        for i, file in enumerate(self._files):
            picture = self._picture(file)
            found = found or picture is not None
            yield i / self.fps, picture
        if not found:
            raise SourceError(f"{self._path}: none of its {self.frames} pictures can be decoded")

    def _picture(self, file: Path) -> UInt8 | None:
        try:
            image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR) if _beginning(file) else None
            why = "not a picture that can be decoded"
        except (SourceError, OSError, cv2.error) as error:
            image, why = None, str(error)
        if image is None:
            if file not in self._passed_over:
                logger.warning("%s: passed over: %s", file, why)
                self._passed_over.add(file)
            return None
        return np.asarray(image, np.uint8)


def _place(file: Path) -> tuple[list[str | int], str]:
    """What pictures are sorted by: the numbers in their names count as numbers; 7.png and 07.png are told apart."""
    parts = re.split(r"([0-9]+)", file.name)  # texts and numbers by turns, the first a text
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], file.name


class FileSource:
    """Frames of a file. With pace ``real`` and ``live`` each comes when its time has come."""

    def __init__(
        self, stream: StreamConfig, reader: Reader, started_at: float, stop: threading.Event, log: ConditionLog
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._started_at = self._at = started_at
        self._stop = stop
        self._log = log
        self.image_size: tuple[int, int] | None = None
        self.dropped = 0
        self.left_behind = 0
        self.decode_s = 0.0
        self.fresh_until = math.inf

    def now(self) -> float:
        """See ``Source``."""
        return self._at

    def __iter__(self) -> Iterator[Frame]:
        begun = time.monotonic()
        index, segment, offset, due = 0, 0, 0.0, -1.0
        while True:
            length = 0.0
            for at, picture in self._decoded():
                if self._stop.is_set():
                    return
                # also by those that are not given: all of them together are how long the file lasts
                when, length = offset + at, at + 1 / self._reader.fps
                if picture is None:
                    continue
                if self._stream.max_fps is not None:
                    if when < due - 1e-3:
                        continue
                    due = max(due, when) + 1 / self._stream.max_fps
                if self._stream.pace != "fast" and self._stop.wait(max(begun + when - time.monotonic(), 0.0)):
                    return
                image = cropped(picture, self._stream.crop)
                self.image_size = image.shape[1], image.shape[0]
                self._log.set("online")
                self._at = self._started_at + when
                yield Frame(self._stream.uuid, index, self._at, when, image, segment)
                index += 1
            if not self._stream.loop:
                return
            offset += length
            segment += 1

    def _decoded(self) -> Iterator[tuple[float, UInt8 | None]]:
        """The pictures of the file, once; the time that they take is counted."""
        pictures = self._reader.pictures()
        while True:
            asked = time.perf_counter()
            taken = next(pictures, None)
            self.decode_s += time.perf_counter() - asked
            if taken is None:
                return
            yield taken
