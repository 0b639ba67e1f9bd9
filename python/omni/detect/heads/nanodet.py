"""NanoDet: one score and four distance distributions for each cell of three grids."""

from __future__ import annotations

import numpy as np

from omni.detect.heads.head import Outputs, Pixels, Signature, Size
from omni.types import Float32

_STRIDES = (8, 16, 32)
_PERSON = 0


class NanoDet:
    """Anchor-free heads of NanoDet (RangiLyu/nanodet, Apache-2.0) with the integral form of Generalized Focal Loss.

    A side of a box lies as far from the centre of its cell as the mean of a softmax over the distances
    0, 1, 2 ... strides (Li et al. 2020, "Generalized Focal Loss", eq. 6).
    """

    name = "nanodet"
    expects = "cls_8, cls_16, cls_32 (1, cells, classes) scores and reg_8, reg_16, reg_32 (1, cells, 4 x bins)"
    pixels = Pixels(rgb=False, mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395), border=0)
    input_size = (416, 416)
    any_shape = True
    confidence = 0.3
    iou: float | None = 0.6

    def fits(self, signature: Signature) -> bool:
        width, height = signature.size
        for stride in _STRIDES:
            scores = signature.outputs.get(f"cls_{stride}", ())
            distances = signature.outputs.get(f"reg_{stride}", ())
            cells = (width // stride) * (height // stride)
            if len(scores) != 3 or len(distances) != 3 or distances[2] % 4:
                return False
            if scores[:2] != (1, cells) or distances[:2] != (1, cells):
                return False
        return True

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        boxes, scores = [], []
        for stride in _STRIDES:
            score = outputs[f"cls_{stride}"][0, :, _PERSON]
            cell = np.flatnonzero(score > confidence)
            distance = _expected_distance(outputs[f"reg_{stride}"][0, cell]) * np.float32(stride)
            row, column = np.divmod(cell, size[0] // stride)
            centre = (np.stack([column, row], axis=1).astype(np.float32) + np.float32(0.5)) * np.float32(stride)
            boxes.append(np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], axis=1))
            scores.append(score[cell])
        return np.concatenate(boxes), np.concatenate(scores)


def _expected_distance(logits: Float32) -> Float32:
    """Left, top, right, bottom (N, 4) in strides, from the logits (N, 4 x bins) of their distributions."""
    bins = logits.reshape(len(logits), 4, logits.shape[1] // 4)
    weight = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = np.arange(bins.shape[2], dtype=np.float32)
    return np.asarray(weight @ distances / weight.sum(axis=2), np.float32)
