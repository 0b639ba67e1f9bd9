"""Of boxes that overlap, the best alone: two of them are of one thing."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from omni.types import Float32


def without_doubles(boxes: Float32, scores: Float32, iou: float | None) -> npt.NDArray[np.intp]:
    """Indices of boxes (N, 4), best first, without those that overlap a better one by more than ``iou``; None: all."""
    if iou is None or not len(boxes):
        return np.argsort(-scores, kind="stable")
    corner_and_size = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(corner_and_size, scores, 0.0, iou)  # type: ignore[arg-type]  # the stub omits arrays
    return np.asarray(kept, np.intp).ravel()
