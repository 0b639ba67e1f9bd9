"""The best picture of a person: which of the frames shows most of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omni.types import Float32, UInt8

FULL_HEIGHT_PX = 200.0
"""A body this high shows all that a best shot needs; more height adds nothing."""

CUT_FACTOR = 0.5
"""What is left of the quality when the picture's border cuts the body."""

IMPROVEMENT = 1.05
"""A new shot must be this much better: fewer copies, same picture."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a shot is, and why: all 0..1, ``value`` is the product of the rest."""

    size: float
    confidence: float
    whole: float
    uncovered: float

    @property
    def value(self) -> float:
        return self.size * self.confidence * self.whole * self.uncovered

    def document(self) -> dict[str, float]:
        return {
            "value": round(self.value, 4),
            "size": round(self.size, 4),
            "confidence": round(self.confidence, 4),
            "whole": self.whole,
            "uncovered": round(self.uncovered, 4),
        }


@dataclass(frozen=True, slots=True)
class BestShot:
    """A crop (h, w, 3) uint8 BGR of its own memory, its quality, and the document of it."""

    image: UInt8
    value: float
    quality: dict[str, float]


def shot_qualities(xyxy: Float32, confidence: Float32, image_size: tuple[int, int]) -> list[Quality]:
    """The quality of each of M bodies in one frame.

    Args:
        xyxy: (M, 4) pixels.
        confidence: (M,).
        image_size: (width, height).
    """
    width, height = image_size
    covered = _covered_share(xyxy)
    cut = (xyxy[:, :2] <= 1).any(1) | (xyxy[:, 2] >= width - 1) | (xyxy[:, 3] >= height - 1)
    size = np.sqrt(np.clip((xyxy[:, 3] - xyxy[:, 1]) / FULL_HEIGHT_PX, 0.0, 1.0))
    return [
        Quality(
            size=float(size[i]),
            confidence=float(np.clip(confidence[i], 0.0, 1.0)),
            whole=CUT_FACTOR if cut[i] else 1.0,
            uncovered=float(1.0 - covered[i]),
        )
        for i in range(len(xyxy))
    ]


def cut_out(image: UInt8, box: Float32) -> UInt8 | None:
    """A copy of the box's part of the picture, or None where the box lies outside."""
    height, width = image.shape[:2]
    x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0)
    x2, y2 = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    if x2 <= x1 or y2 <= y1:
        return None
    return image[y1:y2, x1:x2].copy()


def _covered_share(xyxy: Float32) -> Float32:
    """For each box the largest share of it that one nearer box (lower bottom edge) covers."""
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)
    area = np.maximum((xyxy[:, 2:] - xyxy[:, :2]).prod(1), 1e-6)
    nearer = xyxy[None, :, 3] > xyxy[:, None, 3]
    share = np.where(nearer, common / area[:, None], 0.0)
    return share.max(1, initial=0.0).astype(np.float32)
