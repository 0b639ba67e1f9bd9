"""How well a face can be told from others: large, turned to the camera, sharp."""

from __future__ import annotations

import numpy as np

from omni.process.best_shot import cut_out, sharpness_of
from omni.types import Faces, Float32, UInt8

LEAST_WIDTH_PX = 32.0
"""A face less wide is not compared."""

FULL_WIDTH_PX = 110.0
"""More pixels add nothing: the network sees about as many."""

PROFILE_OFFSET = 0.75
"""The nose is so many eye distances aside of the middle between eyes and mouth in a face that is seen from the side."""

SIDE_VIEW = 0.2
"""What a face seen from the side is worth beside one seen from the front."""

LEAST_QUALITY = 0.05
"""What is below is not compared."""


def frontality(faces: Faces) -> list[float]:
    """How much each of N faces is turned to the camera: 1 straight, 0 seen from the side."""
    left, right, nose = faces.landmarks[:, 0], faces.landmarks[:, 1], faces.landmarks[:, 2]
    middle = (faces.landmarks[:, [0, 1]].mean(1) + faces.landmarks[:, [3, 4]].mean(1)) / 2
    across = right - left
    square = np.maximum((across**2).sum(1), 1e-6)
    offset = np.abs(((nose - middle) * across).sum(1)) / square
    return np.clip(1.0 - offset / PROFILE_OFFSET, 0.0, 1.0).astype(float).tolist()


def qualities(image: UInt8, faces: Faces) -> list[float]:
    """The measure of each of N faces of a picture (H, W, 3) uint8 BGR, 0..1; 0 for those that are too small."""
    widths = (faces.xyxy[:, 2] - faces.xyxy[:, 0]).tolist()
    return [
        _size(width) * confidence * max(straight, SIDE_VIEW) * _sharpness(image, box)
        for width, confidence, straight, box in zip(
            widths, faces.confidence.tolist(), frontality(faces), faces.xyxy, strict=True
        )
    ]


def _size(width: float) -> float:
    return float(np.sqrt(min(width / FULL_WIDTH_PX, 1.0))) if width >= LEAST_WIDTH_PX else 0.0


def _sharpness(image: UInt8, box: Float32) -> float:
    cut = cut_out(image, box)
    return 0.0 if cut is None else sharpness_of(cut[0])
