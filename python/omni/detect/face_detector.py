"""Faces with five landmarks: CenterFace (Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment")."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from omni.detect.doubles import without_doubles
from omni.detect.heads import Outputs
from omni.detect.models import locate
from omni.detect.network import Network
from omni.errors import ModelError
from omni.types import Faces, UInt8

MODEL = "centerface"

CONFIDENCE = 0.5
"""Score that a face must be over."""

LONGEST_SIDE = 640
"""A picture is made smaller until its longer side has so many pixels: faces down to some 12 of these are found."""

_STRIDE = 4
_MULTIPLE = 32
_OVERLAP = 0.3


class FaceDetector:
    """Finds faces in pictures. Made by :func:`open_face_detector`; several threads may call it at once."""

    def __init__(self, network: Network) -> None:
        self.runs_on = network.runs_on
        self._network = network

    def detect(self, image: UInt8) -> Faces:
        """Faces of one picture.

        Args:
            image: (H, W, 3) uint8 BGR, at least one pixel; it is not changed.

        Returns:
            Boxes clipped to the picture, landmarks as they are, in its pixels, the surest first.
        """
        height, width = image.shape[:2]
        scale = min(1.0, LONGEST_SIDE / max(width, height))
        size = tuple(max(int(np.ceil(side * scale / _MULTIPLE)), 1) * _MULTIPLE for side in (width, height))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        rgb = cv2.cvtColor(cv2.resize(image, size, interpolation=method), cv2.COLOR_BGR2RGB)
        blob = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        found = _decode(self._network.run(blob))
        ratio = np.array([width / size[0], height / size[1]], np.float32)
        boxes = np.clip(found.xyxy * np.tile(ratio, 2), 0.0, np.array([width, height] * 2, np.float32))
        solid = (boxes[:, 2:] > boxes[:, :2]).all(1)
        return Faces(boxes, found.confidence, found.landmarks * ratio)[solid]


def open_face_detector(
    *, providers: Sequence[str] = ("CPU",), threads: int = 1, allow_fallback: bool = False
) -> FaceDetector:
    """Open the face detector of the registry.

    Raises:
        ModelError: it was not pulled, is damaged, or does not run where it was asked to.
    """
    path = locate(MODEL)
    size = (LONGEST_SIDE, LONGEST_SIDE)
    network = Network(path, providers, free_size=size, threads=threads, allow_fallback=allow_fallback)
    _check(path, network)
    return FaceDetector(network)


def _check(path: Path, network: Network) -> None:
    side = LONGEST_SIDE // _STRIDE
    expected = {"heatmap": 1, "scale": 2, "offset": 2, "landmarks": 10}
    for name, channels in expected.items():
        if network.signature.outputs.get(name) != (1, channels, side, side):
            raise ModelError(f"{path}: expected CenterFace's {', '.join(expected)}, found {network.signature}")


def _decode(outputs: Outputs) -> Faces:
    """Faces in input pixels, without those that overlap a surer one."""
    heat = outputs["heatmap"][0, 0]
    rows, columns = np.nonzero(heat > CONFIDENCE)
    confidence = heat[rows, columns]
    at = (slice(None), rows, columns)
    half = np.exp(outputs["scale"][0][at]) * (_STRIDE / 2)  # height, width
    centre = (np.stack([rows, columns]) + outputs["offset"][0][at] + 0.5) * _STRIDE  # y, x
    boxes = np.stack([*(centre - half)[::-1], *(centre + half)[::-1]], 1).astype(np.float32)
    relative = outputs["landmarks"][0][at].reshape(5, 2, -1).transpose(2, 0, 1)[:, :, ::-1]  # N, 5, (x, y)
    landmarks = (boxes[:, None, :2] + relative * 2 * half[::-1].T[:, None]).astype(np.float32)
    return Faces(boxes, confidence, landmarks)[without_doubles(boxes, confidence, _OVERLAP)]
