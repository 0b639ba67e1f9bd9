"""What a face tells: age and gender (FaceRes, HSE_FaceRec) and emotion (mini-Xception, Arriaga et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from omni.detect.batching import Batcher
from omni.detect.models import locate
from omni.detect.network import Network
from omni.errors import ModelError
from omni.types import EMOTIONS, Float32, UInt8

AGE_GENDER_MODEL = "faceres"
EMOTION_MODEL = "mini-xception"

CROP = 1.2
"""Side of the square that is looked at, as a part of the box's longer side."""

BGR_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
"""Of the photos that FaceRes was trained on (VGGFace2)."""

_AGES = 100
_YOUNGEST = 1
_FACERES_BATCH, _XCEPTION_BATCH = 1, 8
"""Faces that a CPU is given at once at most, as measured: FaceRes is slower with more (docs/benchmarks/faces.md)."""


@dataclass(frozen=True, slots=True)
class AgeGender:
    """Years, and how likely the person is male, 0..1."""

    age: float
    male: float


class AgeGenderReader:
    """Age and gender of faces. Made by :func:`open_age_gender`; several threads may call it at once."""

    def __init__(self, network: Network) -> None:
        self.runs_on = network.runs_on
        self._size = network.size
        self._batcher = Batcher.of(network, on_cpu=_FACERES_BATCH)

    def read(self, image: UInt8, boxes: Float32) -> list[AgeGender]:
        """Of faces of one picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            boxes: (N, 4) x1, y1, x2, y2 pixels.
        """
        if not len(boxes):
            return []
        crops = np.stack([square(image, box, self._size) for box in boxes]) - BGR_MEAN
        outputs = self._batcher.run(np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32))
        return [
            AgeGender(_years(ages), float(male))
            for ages, (male,) in zip(outputs["age"], outputs["gender"], strict=True)
        ]


class EmotionReader:
    """Emotion of faces. Made by :func:`open_emotion`; several threads may call it at once."""

    def __init__(self, network: Network) -> None:
        self.runs_on = network.runs_on
        self._size = network.size
        self._batcher = Batcher.of(network, on_cpu=_XCEPTION_BATCH)

    def read(self, image: UInt8, boxes: Float32) -> Float32:
        """How likely each of ``EMOTIONS`` is, (N, 7), 1 in all of each; arguments as of ``AgeGenderReader.read``."""
        if not len(boxes):
            return np.zeros((0, len(EMOTIONS)), np.float32)
        grey = np.stack([cv2.cvtColor(square(image, box, self._size), cv2.COLOR_BGR2GRAY) for box in boxes])
        return np.asarray(self._batcher.run(grey[:, None].astype(np.float32) / 127.5 - 1.0)["emotion"], np.float32)


def open_age_gender(
    *, providers: Sequence[str] = ("CPU",), threads: int = 1, allow_fallback: bool = False
) -> AgeGenderReader:
    """Open FaceRes of the registry.

    Raises:
        ModelError: it was not pulled, is damaged, or does not run where it was asked to.
    """
    path = locate(AGE_GENDER_MODEL)
    network = Network(path, providers, free_size=(224, 224), threads=threads, allow_fallback=allow_fallback)
    outputs = network.signature.outputs
    if (outputs.get("age"), outputs.get("gender")) != ((1, _AGES), (1, 1)):
        raise ModelError(f"{path}: expected FaceRes' age (1, {_AGES}) and gender (1, 1), found {network.signature}")
    return AgeGenderReader(network)


def open_emotion(
    *, providers: Sequence[str] = ("CPU",), threads: int = 1, allow_fallback: bool = False
) -> EmotionReader:
    """Open mini-Xception of the registry.

    Raises:
        ModelError: as :func:`open_age_gender`.
    """
    path = locate(EMOTION_MODEL)
    network = Network(path, providers, free_size=(64, 64), channels=1, threads=threads, allow_fallback=allow_fallback)
    if network.signature.outputs.get("emotion") != (1, len(EMOTIONS)):
        raise ModelError(f"{path}: expected mini-Xception's emotion (1, {len(EMOTIONS)}), found {network.signature}")
    return EmotionReader(network)


def _years(ages: Float32) -> float:
    """From how likely each age is (100,), 1 year the first: the mean of the likeliest two, as its authors read it."""
    best = np.argsort(ages)[-2:]
    return _YOUNGEST + float(ages[best] @ best / max(ages[best].sum(), 1e-9))


def square(image: UInt8, box: Float32, size: tuple[int, int]) -> UInt8:
    """The face in a square of the network's size; what lies outside the picture repeats its edge.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: (4,) x1, y1, x2, y2 pixels.
        size: (width, height) of the network's picture, as long as wide.
    """
    x1, y1, x2, y2 = map(float, box)
    side = max(round(CROP * max(x2 - x1, y2 - y1)), 2)
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    middle = (side - 1) / 2  # of whole pixels, so that nothing is interpolated yet
    crop = cv2.getRectSubPix(image, (side, side), (left + middle, top + middle))
    method = cv2.INTER_AREA if side > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, size, interpolation=method), np.uint8)
