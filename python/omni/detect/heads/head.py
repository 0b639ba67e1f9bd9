"""What a head is: how one family of detectors wants its picture and how its outputs are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from omni.types import Float32

Outputs = Mapping[str, npt.NDArray[Any]]
"""The arrays that a model gave, by output name."""

Size = tuple[int, int]
"""(width, height) in pixels."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """How a model wants its pixels: ``(value - mean) / std`` with value 0..255, channels in the model's order.

    Attributes:
        rgb: channels are red, green, blue; else blue, green, red.
        mean: of each channel, in that order.
        std: of each channel, in that order.
        border: grey (0..255) around the letterboxed picture.
    """

    rgb: bool
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    border: int = 114


UNIT_RGB = Pixels(rgb=True, std=(255.0, 255.0, 255.0))
"""Red, green, blue from 0 to 1."""

IMAGENET_RGB = Pixels(rgb=True, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
"""Red, green, blue with the mean and deviation of ImageNet."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives, as seen when it ran once.

    Attributes:
        inputs: names.
        outputs: shapes by name.
        size: (width, height) of its picture.
    """

    inputs: tuple[str, ...]
    outputs: Mapping[str, tuple[int, ...]]
    size: Size

    def __str__(self) -> str:
        outputs = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.outputs.items())
        return f"inputs {', '.join(self.inputs)} and outputs {outputs} at {self.size[0]}x{self.size[1]}"


class Head(Protocol):
    """One family of detectors. Heads find people and nothing else.

    Attributes:
        name: as ``open_detector(head=...)`` takes it.
        expects: the inputs and outputs it reads, in words for an error message.
        pixels: how the picture goes in.
        input_size: (width, height) used where a model leaves it free.
        confidence: the default threshold of the scores.
        any_shape: whether it finds the same whatever the shape of the input: then it is given the picture's own.
        iou: overlap over which the weaker of two boxes is dropped; None where the model leaves no doubles.
    """

    name: str
    expects: str
    pixels: Pixels
    input_size: Size
    any_shape: bool
    confidence: float
    iou: float | None

    def fits(self, signature: Signature) -> bool:
        """Whether this head can read such a model."""
        ...

    def decode(self, outputs: Outputs, size: Size, confidence: float) -> tuple[Float32, Float32]:
        """People with a score over ``confidence``: boxes (N, 4) xyxy in input pixels, scores (N,)."""
        ...


def centres_to_corners(boxes: Float32) -> Float32:
    """Boxes (N, 4) from centre x, centre y, width, height to x1, y1, x2, y2."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def person_column(classes: int) -> int:
    """The column of the person class: COCO's own numbering (91 columns) starts with an unused one."""
    return 1 if classes == 91 else 0


def sigmoid(logits: Float32) -> Float32:
    """1 / (1 + exp(-x)), without overflow."""
    return np.float32(0.5) * (np.float32(1.0) + np.tanh(np.float32(0.5) * logits))
