"""Transformer detectors (RT-DETR, D-FINE, RF-DETR and kin): a fixed set of boxes that needs no suppression."""

from __future__ import annotations

import numpy as np

from omni.detect.heads.head import (
    IMAGENET_RGB,
    UNIT_RGB,
    Outputs,
    Signature,
    Size,
    centres_to_corners,
    person_column,
    sigmoid,
)
from omni.types import Float32

_SOFTMAX_CLASSES = 92
"""Columns of the first DETR, whose last one means "nothing" in a softmax; the later ones use a sigmoid a class."""


class Detr:
    """Raw outputs: one logit a class, and centre and size relative to the picture (Zhao et al. 2024, RT-DETR)."""

    name = "detr"
    expects = "logits (1, queries, classes) and pred_boxes (1, queries, 4)"
    pixels = UNIT_RGB
    input_size = (640, 640)
    any_shape = False
    confidence = 0.25
    iou: float | None = None
    _logits = "logits"
    _boxes = "pred_boxes"

    def fits(self, signature: Signature) -> bool:
        logits, boxes = (signature.outputs.get(name, ()) for name in (self._logits, self._boxes))
        return (
            len(logits) == len(boxes) == 3
            and logits[:2] == boxes[:2]
            and logits[0] == 1
            and boxes[2] == 4
            and logits[2] != _SOFTMAX_CLASSES
        )

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        logits = outputs[self._logits][0]
        score = sigmoid(logits[:, person_column(logits.shape[1])])
        found = np.flatnonzero(score > confidence)
        boxes = outputs[self._boxes][0, found] * np.array(size * 2, np.float32)
        return centres_to_corners(boxes), score[found]


class RfDetr(Detr):
    """RF-DETR: the same under other names, and its pictures normalised as for ImageNet."""

    name = "rf-detr"
    expects = "labels (1, queries, classes) logits and dets (1, queries, 4)"
    pixels = IMAGENET_RGB
    input_size = (560, 560)
    _logits = "labels"
    _boxes = "dets"


class DeployedDetr:
    """RT-DETR or D-FINE exported with its last step: labels, corners and scores for a picture of a given size."""

    name = "detr-deploy"
    expects = "an input orig_target_sizes, and labels (1, N), boxes (1, N, 4), scores (1, N)"
    pixels = UNIT_RGB
    input_size = (640, 640)
    any_shape = False
    confidence = 0.25
    iou: float | None = None

    def fits(self, signature: Signature) -> bool:
        labels, boxes, scores = (signature.outputs.get(name, ()) for name in ("labels", "boxes", "scores"))
        return (
            "orig_target_sizes" in signature.inputs
            and len(scores) == 2
            and scores[0] == 1
            and labels == scores
            and boxes == (*scores, 4)
        )

    def decode(self, outputs: Outputs, _size: Size, confidence: float) -> tuple[Float32, Float32]:
        score = outputs["scores"][0]
        found = np.flatnonzero((score > confidence) & (outputs["labels"][0] == 0))
        return outputs["boxes"][0, found], score[found]
