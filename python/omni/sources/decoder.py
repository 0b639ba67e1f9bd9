"""FFmpeg as OpenCV carries it: every call comes back within a limit."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Protocol

import cv2
import numpy as np

from omni.config import StreamConfig
from omni.types import UInt8

OPEN_S = 5.0
"""A camera has opened within so long from when it was first asked, or not at all."""
_OPTIONS = "rtsp_transport;tcp|analyzeduration;200000|fpsprobesize;0|http_proxy;none"
"""RTSP over TCP, as UDP loses packets and grey pictures follow; 0.2 s to find out what comes, for others wait; the
environment's proxy is for the world, and cameras are asked without it."""
_OPTIONS_OF = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_SILENT = 0
"""OpenCV's least level of log."""
_opening = threading.Lock()
"""OpenCV has one such lock for all addresses of a process, which cannot be waited for with a limit, nor given up."""
_LOOK_S = 0.1


@contextlib.contextmanager
def turn_to_open(given_up: threading.Event) -> Iterator[bool]:
    """Wait for the turn to open an address. Whoever waits does not hang. False: it was given up."""
    mine = False
    while not (mine or given_up.is_set()):
        mine = _opening.acquire(timeout=_LOOK_S)
    try:
        yield mine
    finally:
        if mine:
            _opening.release()


@contextlib.contextmanager
def turn_to_open_a_file() -> Iterator[None]:
    """Wait for the turn to open a file; within, FFmpeg looks into it as long as it needs, not as short as at cameras.

    How it opens is told by the environment, to the whole process; so this is done in turn. OpenCV would wait as well.
    """
    with _opening:
        for_cameras = os.environ.get(_OPTIONS_OF) == _OPTIONS  # else they are the user's own
        if for_cameras:
            os.environ[_OPTIONS_OF] = ""
        try:
            yield
        finally:
            if for_cameras:
                os.environ[_OPTIONS_OF] = _OPTIONS


class Decoder(Protocol):
    """An open camera."""

    def grab(self) -> bool:
        """Wait for the next picture and decode it. False: none came, and none will."""

    def pts(self) -> float | None:
        """Seconds of the picture grabbed last, on the camera's own clock; None: it has none."""

    def picture(self) -> UInt8:
        """The picture grabbed last, (H, W, 3) uint8 BGR."""

    def close(self) -> None: ...


class OpenCvDecoder:
    """An address, decoded by OpenCV.

    Args:
        stream: the camera.
        open_s: it opens within so long; not of a device, which knows no limit.
        read_s: a picture comes within so long, or ``grab`` gives up.

    Raises:
        ConnectionError: it did not open.
    """

    def __init__(self, stream: StreamConfig, open_s: float, read_s: float) -> None:
        url = stream.url
        device = url.isdecimal() or url.startswith("/dev/video")
        if device:
            self._capture = cv2.VideoCapture(int(url.removeprefix("/dev/video")))
        else:
            limits = {
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(open_s * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(read_s * 1000),
                cv2.CAP_PROP_N_THREADS: 1,  # more would hold back a picture each
            }
            self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [n for pair in limits.items() for n in pair])
        if not self._capture.isOpened():
            self._capture.release()
            raise ConnectionError
        multipart = url.lower().startswith("http") and self._capture.get(cv2.CAP_PROP_FOURCC) == _MJPG
        self._first = True
        self._dated = not device and not multipart  # JPEGs one after the other carry no time

    def grab(self) -> bool:
        return bool(self._capture.grab())

    def pts(self) -> float | None:
        if not self._dated:
            return None
        milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        begins, self._first = self._first, False
        return milliseconds / 1000 if milliseconds != 0 or begins else None  # 0 later on: it has none

    def picture(self) -> UInt8:
        readable, image = self._capture.retrieve()
        if not readable:
            raise ConnectionError
        return np.asarray(image, np.uint8)

    def close(self) -> None:
        self._capture.release()


_MJPG = float(cv2.VideoWriter.fourcc(*"MJPG"))


def settle_ffmpeg() -> None:
    """Set how FFmpeg opens, which it reads from the environment, and that it is silent."""
    os.environ.setdefault(_OPTIONS_OF, _OPTIONS)
    silence_ffmpeg()


def silence_ffmpeg() -> None:
    """To be called before it is first used. It would write to the process's own stderr, addresses included, a line or
    more for each damaged picture; what went wrong is told by us.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    silence = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # of 4, of 5
    silence(_SILENT)
