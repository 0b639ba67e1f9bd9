"""Best shots as they leave the agent."""

from __future__ import annotations

import cv2
import numpy as np

from omni.encode import encode_jpeg_base64
from omni.types import UInt8

LONGEST_SIDE = 512
QUALITY = 85


def best_shot_base64(picture: UInt8) -> str:
    """A crop (H, W, 3) uint8 BGR as base64 JPEG, its longer side at most ``LONGEST_SIDE`` pixels."""
    height, width = picture.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg_base64(picture, QUALITY)
