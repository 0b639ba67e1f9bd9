"""SSDLite 300: the raw scores and box codings of a TensorFlow SSD with MobileNet."""

from __future__ import annotations

from functools import cache

import numpy as np

from omni.detect.heads.head import Outputs, Pixels, Signature, Size, centres_to_corners
from omni.types import Float32

_MAPS = (19, 10, 5, 3, 2, 1)
_SCALES = (*(0.2 + 0.15 * i for i in range(6)), 1.0)
_RATIOS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)
_ANCHORS = 1917
_CENTRE_VARIANCE, _SIZE_VARIANCE = 10.0, 5.0


class SSDLite:
    """Anchors and box coding of SSD (Liu et al. 2016, "SSD: Single Shot MultiBox Detector", section 2.2).

    Column 0 of the scores is the background; they are through the sigmoid already.
    """

    name = "ssdlite"
    expects = f"scores (1, {_ANCHORS}, classes) and box_encodings (1, {_ANCHORS}, 4) at 300x300"
    pixels = Pixels(rgb=True, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5), border=127)
    input_size = (300, 300)
    any_shape = False
    confidence = 0.3
    iou: float | None = 0.5

    def fits(self, signature: Signature) -> bool:
        scores, codings = (signature.outputs.get(name, ()) for name in ("scores", "box_encodings"))
        return (
            signature.size == self.input_size
            and codings == (1, _ANCHORS, 4)
            and len(scores) == 3
            and scores[:2] == (1, _ANCHORS)
            and scores[2] >= 2
        )

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        score = outputs["scores"][0, :, 1]
        found = np.flatnonzero(score > confidence)
        coding, anchor = outputs["box_encodings"][0, found], _anchors()[found]
        centre = coding[:, :2] / np.float32(_CENTRE_VARIANCE) * anchor[:, 2:] + anchor[:, :2]
        extent = np.exp(coding[:, 2:] / np.float32(_SIZE_VARIANCE)) * anchor[:, 2:]
        boxes = np.concatenate([centre[:, ::-1], extent[:, ::-1]], axis=1)
        return centres_to_corners(boxes) * np.array(size * 2, np.float32), score[found]


@cache
def _anchors() -> Float32:
    """Centre y, centre x, height, width (1917, 4) of the anchors, relative to the picture."""
    anchors = []
    for level, side in enumerate(_MAPS):
        scale, next_scale = _SCALES[level], _SCALES[level + 1]
        if level == 0:
            shapes = [(0.1, 1.0), (scale, 2.0), (scale, 1 / 2)]
        else:
            shapes = [*((scale, ratio) for ratio in _RATIOS), ((scale * next_scale) ** 0.5, 1.0)]
        extents = [(scale / ratio**0.5, scale * ratio**0.5) for scale, ratio in shapes]
        anchors += [
            ((y + 0.5) / side, (x + 0.5) / side, height, width)
            for y in range(side)
            for x in range(side)
            for height, width in extents
        ]
    return np.array(anchors, np.float32)
