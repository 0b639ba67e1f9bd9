"""The two anchor-free YOLO layouts: YOLOX, and the one that YOLOv8 brought.

Both have one output with a row (or column) for each cell of three grids, and classes in COCO's order of 80.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from omni.detect.heads.head import UNIT_RGB, Outputs, Pixels, Signature, Size, centres_to_corners
from omni.types import Float32

_STRIDES = (8, 16, 32)
_COCO_CLASSES = 80
"""Tells both layouts apart where a cell is a row: 79 or 81 classes are not believed."""


class YoloX:
    """Raw outputs of YOLOX (Ge et al. 2021): offset in the cell, log of the size, objectness and classes.

    Sizes and offsets count in strides; the scores are through the sigmoid already.
    """

    name = "yolox"
    expects = "one output (1, cells, 5 + classes)"
    pixels = Pixels(rgb=False, border=114)
    input_size = (640, 640)
    any_shape = True
    confidence = 0.25
    iou: float | None = 0.65

    def fits(self, signature: Signature) -> bool:
        shape = _only_shape(signature)
        return (
            len(shape) == 3
            and shape[:2] == (1, _cells(signature.size))
            and shape[2] >= 6
            and shape[2] != 4 + _COCO_CLASSES
        )

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        (rows,) = (output[0] for output in outputs.values())
        score = rows[:, 4] * rows[:, 5]
        found = np.flatnonzero(score > confidence)
        cell, stride = _grid(size)
        row = rows[found]
        boxes = np.concatenate([row[:, :2] + cell[found], np.exp(row[:, 2:4])], axis=1) * stride[found]
        return centres_to_corners(boxes), score[found]


class YoloV8:
    """Decoded outputs without objectness: centre, size in input pixels, and one score a class."""

    name = "yolov8"
    expects = "one output (1, 4 + classes, cells) or (1, cells, 4 + classes)"
    pixels = UNIT_RGB
    input_size = (640, 640)
    any_shape = True
    confidence = 0.25
    iou: float | None = 0.7

    def fits(self, signature: Signature) -> bool:
        shape, cells = _only_shape(signature), _cells(signature.size)
        if len(shape) != 3 or shape[0] != 1:
            return False
        rows = shape[1] == cells and shape[2] >= 5 and shape[2] != 5 + _COCO_CLASSES
        columns = shape[2] == cells and shape[1] >= 5
        return rows or columns

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        (rows,) = (output[0] for output in outputs.values())
        if len(rows) != _cells(size):
            rows = rows.T
        score = rows[:, 4]
        found = np.flatnonzero(score > confidence)
        return centres_to_corners(rows[found, :4]), score[found]


def _only_shape(signature: Signature) -> tuple[int, ...]:
    return next(iter(signature.outputs.values())) if len(signature.outputs) == 1 else ()


def _cells(size: Size) -> int:
    return sum((size[0] // stride) * (size[1] // stride) for stride in _STRIDES)


@lru_cache(maxsize=64)
def _grid(size: Size) -> tuple[Float32, Float32]:
    """Column and row (cells, 2), and stride (cells, 1), of the cells of all grids."""
    cells, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: size[1] // stride, : size[0] // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
