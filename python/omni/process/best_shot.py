"""The best picture of a person: which of the frames shows most of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from omni.types import Float32, UInt8

FULL_HEIGHT_PX = 200.0
"""A body this high shows all that a best shot needs; more height adds nothing."""

CUT_FACTOR = 0.5
"""What is left of the quality when the picture's border cuts the body."""

IMPROVEMENT = 1.05
"""A new shot must be this much better: fewer copies, same picture."""

LOOK_S = 0.5
"""A frame that promises no more than the best shot did is looked at only so often."""

SHARPNESS_HEIGHT_PX = 64
"""Sharpness is judged at about this height, so that near and far bodies compare."""

HALF_SHARP = 0.005
"""Edge energy, relative to contrast, of a picture that is half sharp."""

LEAST_SHARPNESS = 0.05
"""Of a picture without any edge: it must not outweigh all else."""

_BORDER_PX = 1.0


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be said of a shot before its pixels are looked at: all 0..1, ``value`` is the product."""

    size: float
    confidence: float
    whole: float
    uncovered: float

    @property
    def value(self) -> float:
        return self.size * self.confidence * self.whole * self.uncovered


@dataclass(frozen=True)
class BestShot:
    """The best shot so far: what it promised, its sharpness 0..1, and pictures.

    ``image`` is the crop, (h, w, 3) uint8 BGR of its own memory; ``frame`` the whole picture, where that is wanted.
    """

    promise: Promise
    sharpness: float
    image: UInt8
    frame: UInt8 | None

    @cached_property
    def value(self) -> float:
        """The measure, 0..1."""
        return self.promise.value * self.sharpness

    @cached_property
    def quality(self) -> dict[str, float]:
        """The measure and its parts, whose product it is, as they are told of."""
        parts = {**asdict(self.promise), "sharpness": self.sharpness}
        return {"value": round(self.value, 4), **{name: round(part, 4) for name, part in parts.items()}}


def promises(xyxy: Float32, confidence: Float32, image_size: tuple[int, int]) -> list[Promise]:
    """What each of M bodies in one frame promises.

    Args:
        xyxy: (M, 4) pixels.
        confidence: (M,).
        image_size: (width, height).
    """
    low, high = _BORDER_PX, np.array(image_size) - _BORDER_PX
    cut = (xyxy[:, :2] <= low).any(1) | (xyxy[:, 2:] >= high).any(1)
    size = np.sqrt(np.clip((xyxy[:, 3] - xyxy[:, 1]) / FULL_HEIGHT_PX, 0.0, 1.0))
    whole = np.where(cut, CUT_FACTOR, 1.0)
    columns = (size, np.clip(confidence, 0.0, 1.0), whole, 1.0 - _covered_share(xyxy))
    return [Promise(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def sharpness_of(crop: UInt8) -> float:
    """How sharp a crop (h, w, 3) is, 0..1: energy of its Laplacian against its contrast, in the middle of its width."""
    height, width = crop.shape[:2]
    grey = crop[:, width // 5 : width - width // 5, 1].astype(np.float32)
    step = max(height // SHARPNESS_HEIGHT_PX, 1)
    rows, columns = grey.shape[0] // step, grey.shape[1] // step
    if rows < 3 or columns < 3:
        return LEAST_SHARPNESS
    grey = grey[: rows * step, : columns * step].reshape(rows, step, columns, step).mean((1, 3))
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    energy = float(np.square(edges).mean() / (20 * grey.var() + 100))
    return max(float(np.sqrt(energy / (energy + HALF_SHARP))), LEAST_SHARPNESS)


def cut_out(image: UInt8, box: Float32) -> tuple[UInt8, tuple[int, int]] | None:
    """A copy of the box's part of the picture and its top left corner; None where the box lies outside."""
    height, width = image.shape[:2]
    x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0)
    x2, y2 = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    if x2 <= x1 or y2 <= y1:
        return None
    return image[y1:y2, x1:x2].copy(), (x1, y1)


def _covered_share(xyxy: Float32) -> Float32:
    """For each box the largest share of it that one nearer box (lower bottom edge) covers."""
    x1, y1, x2, y2 = xyxy.T
    width = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    height = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    common = np.where((width > 0) & (height > 0) & (y2 > y2[:, None]), width * height, 0.0)
    area = np.maximum((x2 - x1) * (y2 - y1), 1e-6)
    return (common.max(1, initial=0.0) / area).astype(np.float32)
