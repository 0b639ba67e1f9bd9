"""Faces do not leave: what is left of a picture where there are heads."""

from __future__ import annotations

import numpy as np

from omni.types import Detections, Faces, Float32, Tracks, UInt8

LEAST_CONFIDENCE = 0.3
"""A body that the detector is less sure of is none."""

HEAD_OF_HEIGHT = 0.25
"""The upper part of a standing body's box that holds the head, and"""

HEAD_OF_WIDTH = 0.8
"""of a box that shows the upper body only, as a part of its width. The larger of the two is hidden."""

BLOCKS = 5
"""So many blocks of one colour across a body: a face is two or three of them."""


FACE_ASIDE, FACE_ABOVE, FACE_DOWN = 0.2, 0.3, 1.45
"""What is hidden around a face: shares of its width on either side, of its height above, and heights downwards."""


def bodies_in(detections: Detections, tracks: Tracks) -> Float32:
    """(N, 4) pixels: everybody in a frame whose head must be hidden, also who is not (yet) told of as a person."""
    return np.concatenate([detections.xyxy[detections.confidence >= LEAST_CONFIDENCE], tracks.xyxy])


def bodies_of(faces: Faces) -> Float32:
    """(N, 4) pixels: bodies whose heads, as :func:`hide_heads` hides them, cover these faces."""
    x1, y1, x2, y2 = faces.xyxy.T
    aside, height = FACE_ASIDE * (x2 - x1), y2 - y1
    top = y1 - FACE_ABOVE * height
    bottom = top + FACE_DOWN * height / HEAD_OF_HEIGHT
    return np.stack([x1 - aside, top, x2 + aside, bottom], 1).astype(np.float32)


def hide_heads(image: UInt8, xyxy: Float32) -> None:
    """Make the heads of these bodies unrecognisable, in place.

    Args:
        image: (H, W, 3) uint8, writable.
        xyxy: (M, 4) pixels; boxes may reach beyond the picture.
    """
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in xyxy.tolist():
        down = max(HEAD_OF_HEIGHT * (y2 - y1), HEAD_OF_WIDTH * (x2 - x1))
        left, right = max(int(x1), 0), min(int(x2) + 1, width)
        top, bottom = max(int(y1), 0), min(int(min(y1 + down, y2)) + 1, height)
        if left < right and top < bottom:
            _pixelate(image[top:bottom, left:right], max(int((x2 - x1) / BLOCKS), 1))


def _pixelate(part: UInt8, block: int) -> None:
    """Blocks of one colour, their mean, in place."""
    rows, columns = np.arange(0, part.shape[0], block), np.arange(0, part.shape[1], block)
    heights, widths = np.diff(rows, append=part.shape[0]), np.diff(columns, append=part.shape[1])
    sums = np.add.reduceat(np.add.reduceat(part, rows, 0, dtype=np.uint32), columns, 1)
    means = (sums // (heights[:, None] * widths)[..., None]).astype(np.uint8)
    part[:] = means.repeat(heights, 0).repeat(widths, 1)
