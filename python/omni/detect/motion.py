"""Whether anything has moved since a picture was last looked at."""

from __future__ import annotations

import cv2
import numpy as np

from omni.types import Float32, UInt8

WIDTH = 160
"""Columns of cells that a picture is averaged to: noise of single pixels goes, somebody 20 pixels high stays."""
CHANGE = 4.0
"""Grey levels by which the mean of 3x3 cells must differ."""
LONGEST_S = 5.0
"""A still picture is looked at so often all the same."""


class MotionGate:
    """Compares each picture with the one that was looked at last, not with the one before: what moves slowly adds up.

    Light that changes everywhere alike is no motion.
    """

    def __init__(self) -> None:
        self._seen: Float32 | None = None
        self._seen_shape: tuple[int, ...] = ()
        self._seen_at = float("-inf")

    def moved(self, image: UInt8, timestamp: float) -> bool:
        """Whether to look at a picture (H, W, 3) of a time in seconds; if so, later ones are compared with it."""
        cells = _cells(image)
        if image.shape == self._seen_shape and self._is_still(cells) and 0 <= timestamp - self._seen_at < LONGEST_S:
            return False
        self._seen, self._seen_shape, self._seen_at = cells, image.shape, timestamp
        return True

    def forget(self) -> None:
        """Have the next picture looked at."""
        self._seen = None

    def _is_still(self, cells: Float32) -> bool:
        if self._seen is None:
            return False
        change = cells - self._seen
        return bool(np.abs(cv2.blur(change - np.median(change), (3, 3))).max() < CHANGE)


def _cells(image: UInt8) -> Float32:
    height, width = image.shape[:2]
    size = WIDTH, max(round(height * WIDTH / width), 1)
    return np.asarray(
        cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY), np.float32
    )
