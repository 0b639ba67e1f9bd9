"""Cameras: the newest frame wins, and a camera that is gone is looked for again."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from omni.config import StreamConfig
from omni.sources.picture import cropped
from omni.types import Frame, UInt8

logger = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class LiveSource:
    """Frames of an RTSP, HTTP or USB camera.

    A thread of its own reads as fast as the camera gives, so that the decoder's queue never grows old; the
    iteration takes the newest. That thread ends with ``stop``; it is a daemon, so a decoder that hangs holds nobody up.
    Frames are dated when they arrive: by the wall clock at the first frame, by the
    monotonic clock from then on, so that a clock that jumps does not.
    """

    def __init__(self, stream: StreamConfig, stop: threading.Event) -> None:
        self._stream = stream
        self._stop = stop
        self._newest: tuple[float, UInt8, int] | None = None
        self._arrived = threading.Condition()
        self._zero: tuple[float, float] | None = None
        self.image_size: tuple[int, int] | None = None
        self.dropped = 0
        self.down = "connecting"
        self.decode_s = 0.0

    def __iter__(self) -> Iterator[Frame | None]:
        reader = threading.Thread(target=self._read, name=f"camera {self._stream.label}", daemon=True)
        reader.start()
        index, due = 0, 0.0
        while not self._stop.is_set():
            taken = self._take()
            if taken is None:
                yield None
                continue
            monotonic, picture, segment = taken
            if self._stream.max_fps is not None:
                if monotonic < due:
                    self.dropped += 1
                    continue
                due = max(due + 1 / self._stream.max_fps, monotonic)
            image = cropped(picture, self._stream.crop)
            self.image_size = image.shape[1], image.shape[0]
            when = self._since_first(monotonic)
            wall = self._zero[0] if self._zero else 0.0
            yield Frame(self._stream.uuid, index, wall + when, when, image, segment)
            index += 1

    def _since_first(self, monotonic: float) -> float:
        if self._zero is None:
            self._zero = time.time(), monotonic
        return monotonic - self._zero[1]

    def _take(self) -> tuple[float, UInt8, int] | None:
        with self._arrived:
            if self._newest is None:
                self._arrived.wait(0.2)
            taken, self._newest = self._newest, None
            return taken

    def _read(self) -> None:
        failures, segment = 0, 0
        while not self._stop.is_set():
            try:
                read = self._read_connection(segment)
            except cv2.error as error:
                logger.warning("stream %s: the decoder failed (%s)", self._stream.label, error.err)
                read = 0
            segment += read > 0
            failures = 0 if read > 0 else failures + 1
            pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * random.uniform(0.8, 1.2)
            self.down = f"no pictures; next try in {pause:.0f} s"
            logger.warning("stream %s: %s: %s", self._stream.label, self._stream.safe_url, self.down)
            self._stop.wait(pause)

    def _read_connection(self, segment: int) -> int:
        """Read until the camera fails. Returns how many pictures came."""
        capture = self._connect()
        count = 0
        try:
            while not self._stop.is_set():
                readable, image = capture.read()
                if not readable:
                    break
                count += 1
                self.down = ""
                with self._arrived:
                    self.dropped += self._newest is not None
                    self._newest = time.monotonic(), np.asarray(image, np.uint8), segment
                    self._arrived.notify()
        finally:
            capture.release()
        return count

    def _connect(self) -> cv2.VideoCapture:
        url = self._stream.url
        if url.isdecimal() or url.startswith("/dev/video"):
            return cv2.VideoCapture(int(url.removeprefix("/dev/video")))
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(OPEN_TIMEOUT_S * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(READ_TIMEOUT_S * 1000),
        ]
        return cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
