"""From a decoded picture to the one that a stream gives."""

from __future__ import annotations

import numpy as np

from omni.types import UInt8

Crop = tuple[float, float, float, float]


def cropped(image: UInt8, crop: Crop | None) -> UInt8:
    """The part of a picture (H, W, 3) that ``crop`` (x, y, width, height, relative) names, read-only."""
    if crop is not None:
        height, width = image.shape[:2]
        x, y = min(round(crop[0] * width), width - 1), min(round(crop[1] * height), height - 1)  # a pixel at least
        right, bottom = round((crop[0] + crop[2]) * width), round((crop[1] + crop[3]) * height)
        image = np.ascontiguousarray(image[y : max(bottom, y + 1), x : max(right, x + 1)])
    image.flags.writeable = False
    return image
