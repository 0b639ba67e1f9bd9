"""Detectors that suppress doubles themselves and give boxes, labels and scores."""

from __future__ import annotations

import numpy as np

from omni.detect.heads.head import IMAGENET_RGB, UNIT_RGB, Outputs, Signature, Size
from omni.types import Float32

_PERSON = 1
"""Label of a person where 0 is the background."""


class Torchvision:
    """Detectors of torchvision: corners in input pixels, COCO's own labels."""

    name = "torchvision"
    expects = "boxes (N, 4), labels (N) and scores (N), or the same with one axis of 1 before"
    pixels = UNIT_RGB
    input_size = (640, 640)
    any_shape = False
    confidence = 0.3
    iou: float | None = None
    _boxes = "boxes"

    def fits(self, signature: Signature) -> bool:
        boxes, labels, scores = (signature.outputs.get(name, ()) for name in (self._boxes, "labels", "scores"))
        return (
            len(signature.inputs) == 1
            and len(scores) in (1, 2)
            and scores[:-1] in ((), (1,))
            and labels == scores
            and boxes == (*scores, 4)
        )

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        score = outputs["scores"].reshape(-1)
        found = np.flatnonzero((score > confidence) & (outputs["labels"].reshape(-1) == _PERSON))
        return self._to_pixels(outputs[self._boxes].reshape(-1, 4)[found], size), score[found]

    def _to_pixels(self, boxes: Float32, _size: Size) -> Float32:
        return boxes


class ZooSSD(Torchvision):
    """SSD of the ONNX model zoo: corners relative to the picture, which is normalised as for ImageNet."""

    name = "ssd"
    expects = "bboxes (1, N, 4), labels (1, N) and scores (1, N)"
    pixels = IMAGENET_RGB
    input_size = (1200, 1200)
    _boxes = "bboxes"

    def _to_pixels(self, boxes: Float32, size: Size) -> Float32:
        return boxes * np.array(size * 2, np.float32)
