"""What people look like: one vector a box, for the tracker's ``embeddings``."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from omni.types import Float32, UInt8

BANDS = 3
"""Horizontal bands of a person: head and shoulders, body, legs."""
BINS = (8, 4, 4)
"""Of hue, saturation and value."""
SAMPLES = (16, 48)
"""Width and height to which a person is brought first; a multiple of the bands."""
MARGIN = 0.2
"""Share of the box's width that is left out on either side: mostly background."""


class Descriptor(Protocol):
    """Gives each box of a picture a vector whose cosine to another tells how alike they look."""

    def describe(self, image: UInt8, xyxy: Float32) -> Float32:
        """(H, W, 3) uint8 BGR and (N, 4) pixels -> (N, D); zeros where a box shows nothing of the picture."""
        ...


class ColourDescriptor:
    """Histograms of hue, saturation and value in three bands of the body: cheap, no model, as good on small people as an
    ImageNet network (docs/benchmarks/tracker.md). People in like clothes look alike to it.
    """

    def describe(self, image: UInt8, xyxy: Float32) -> Float32:
        rows = np.zeros((len(xyxy), BANDS * int(np.prod(BINS))), np.float32)
        for row, box in zip(rows, xyxy, strict=True):
            crop = _inner(image, box)
            if crop.size:
                row[:] = _histogram(crop)
        return rows


def _inner(image: UInt8, box: npt.NDArray[np.floating]) -> UInt8:
    """The middle of a box, as far as it lies in the picture."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box.tolist()
    margin = MARGIN * (x2 - x1)
    left, right = np.clip([round(x1 + margin), round(x2 - margin)], 0, width).tolist()
    top, bottom = np.clip([round(y1), round(y2)], 0, height).tolist()
    return image[top:bottom, left:right]


def _histogram(crop: UInt8) -> Float32:
    """Square roots of the shares, so that the cosine of two is their Bhattacharyya coefficient."""
    small = cv2.resize(crop, SAMPLES, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV).reshape(BANDS, -1, 3).astype(np.int64)
    hue, saturation, value = (hsv[..., i] * BINS[i] // (180, 256, 256)[i] for i in range(3))
    bins = int(np.prod(BINS))
    index = (hue * BINS[1] + saturation) * BINS[2] + value + bins * np.arange(BANDS)[:, None]
    shares = np.bincount(index.ravel(), minlength=BANDS * bins) / index.size
    return np.sqrt(shares).astype(np.float32)
