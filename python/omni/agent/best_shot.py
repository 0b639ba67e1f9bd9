"""Best shots as they leave the agent."""

from __future__ import annotations

import threading
import weakref

import cv2
import numpy as np

from omni.encode import encode_jpeg_base64
from omni.types import UInt8


class BestShotEncoder:
    """Pictures as base64 JPEG, each made once for all messages and subscribers that carry it. Thread-safe.

    Args:
        max_side: longer side of the JPEG at most, pixels.
        quality: 1 to 100.
    """

    def __init__(self, max_side: int, quality: int) -> None:
        self._max_side = max_side
        self._quality = quality
        self._made: dict[int, tuple[weakref.ref[UInt8], str]] = {}
        self._lock = threading.RLock()  # a picture may go while another is looked up

    def __call__(self, picture: UInt8) -> str:
        """The text of (H, W, 3) uint8 BGR, which must not change while anybody holds it."""
        key = id(picture)
        with self._lock:
            known = self._made.get(key)
        if known is not None and known[0]() is picture:
            return known[1]
        text = encode_jpeg_base64(self._shrunk(picture), self._quality)
        with self._lock:
            self._made[key] = weakref.ref(picture, lambda _: self._forget(key)), text
        return text

    def _forget(self, key: int) -> None:
        with self._lock:
            self._made.pop(key, None)

    def _shrunk(self, picture: UInt8) -> UInt8:
        height, width = picture.shape[:2]
        scale = self._max_side / max(height, width)
        if scale >= 1:
            return picture
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
