"""What people look like: one vector a box, for the tracker's ``embeddings``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from omni.detect.network import Network, RunsOn
from omni.errors import ModelError
from omni.types import Float32, UInt8

COLOUR = "colour"
"""The name of the descriptor that needs no model."""

BANDS = 3
"""Horizontal bands of a person: head and shoulders, body, legs."""
BINS = (8, 4, 4)
"""Of hue, saturation and value."""
SAMPLES = (16, 48)
"""Width and height to which a person is brought first; a multiple of the bands."""
CROP = (128, 256)
"""Width and height for a network that leaves its size open."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, RGB, 0 to 1."""
MARGIN = 0.2
"""Share of the box's width that is left out on either side: mostly background."""


class Descriptor(Protocol):
    """Gives each box of a picture a vector whose cosine to another tells how alike they look."""

    @property
    def runs_on(self) -> RunsOn | None:
        """What runs its network; None where it has none."""
        ...

    def describe(self, image: UInt8, xyxy: Float32) -> Float32:
        """(H, W, 3) uint8 BGR and (N, 4) pixels -> (N, D); zeros where a box shows nothing of the picture."""
        ...


class ColourDescriptor:
    """Histograms of hue, saturation and value in three bands of the body: no model, and on small people as good as an
    ImageNet network. People in like clothes look alike to it.
    """

    runs_on: RunsOn | None = None

    def describe(self, image: UInt8, xyxy: Float32) -> Float32:
        rows = np.zeros((len(xyxy), BANDS * int(np.prod(BINS))), np.float32)
        for row, box in zip(rows, xyxy, strict=True):
            crop = _crop(image, box, MARGIN)
            if crop.size:
                row[:] = _histogram(crop)
        return rows


class NetworkDescriptor:
    """A re-identification network (OSNet and its like) from an ONNX file: one RGB crop (1, 3, H, W), normalised as for
    ImageNet, to one vector (1, D).

    Args:
        path: the ONNX file.
        providers: best first, as :class:`Network` takes them.
        threads: that one inference uses.
        allow_fallback: go on with the CPU where a provider cannot be had.

    Raises:
        ModelError: the file cannot be loaded or run, or does not give one vector.
    """

    def __init__(
        self,
        path: Path,
        providers: Sequence[str] = ("CPU",),
        threads: int = 1,
        allow_fallback: bool = False,
    ) -> None:
        self._network = Network(path, providers, free_size=CROP, threads=threads, allow_fallback=allow_fallback)
        self.runs_on: RunsOn | None = self._network.runs_on
        shapes = self._network.signature.outputs
        if len(shapes) != 1 or len(next(iter(shapes.values()))) != 2:
            raise ModelError(f"{path}: expected one output (1, D), found {dict(shapes)}")
        (self._output, (_, self._dimension)), *_ = shapes.items()

    def describe(self, image: UInt8, xyxy: Float32) -> Float32:
        rows = np.zeros((len(xyxy), self._dimension), np.float32)
        for row, box in zip(rows, xyxy, strict=True):
            crop = _crop(image, box, margin=0.0)
            if crop.size:
                row[:] = np.nan_to_num(self._network.run(self._blob(crop))[self._output][0], posinf=0.0, neginf=0.0)
        return rows

    def _blob(self, crop: UInt8) -> Float32:
        rgb = cv2.cvtColor(cv2.resize(crop, self._network.size), cv2.COLOR_BGR2RGB)
        return np.ascontiguousarray(((rgb / 255.0 - MEAN) / DEVIATION).transpose(2, 0, 1)[None], np.float32)


def open_descriptor(
    name: str, *, providers: Sequence[str] = ("CPU",), threads: int = 1, allow_fallback: bool = False
) -> Descriptor:
    """The descriptor called ``colour``, or the network of an ONNX file.

    Raises:
        ModelError: no such file, or it is no network of this kind.
    """
    if name == COLOUR:
        return ColourDescriptor()
    path = Path(name)
    if not path.is_file():
        raise ModelError(f"{name}: no such file; a descriptor is {COLOUR!r} or the path of an ONNX file")
    return NetworkDescriptor(path, providers, threads, allow_fallback)


def _crop(image: UInt8, box: npt.NDArray[np.floating], margin: float) -> UInt8:
    """A box without a share of its width on either side, as far as it lies in the picture."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box.tolist()
    aside = margin * (x2 - x1)
    left, right = np.clip([round(x1 + aside), round(x2 - aside)], 0, width).tolist()
    top, bottom = np.clip([round(y1), round(y2)], 0, height).tolist()
    return image[top:bottom, left:right]


def _histogram(crop: UInt8) -> Float32:
    """Square roots of the shares, so that the cosine of two is their Bhattacharyya coefficient."""
    small = cv2.resize(crop, SAMPLES, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV).reshape(BANDS, -1, 3).astype(np.int64)
    hue, saturation, value = (hsv[..., i] * BINS[i] // (180, 256, 256)[i] for i in range(3))
    bins = int(np.prod(BINS))
    index = (hue * BINS[1] + saturation) * BINS[2] + value + bins * np.arange(BANDS)[:, None]
    shares = np.bincount(index.ravel(), minlength=BANDS * bins) / index.size
    return np.sqrt(shares).astype(np.float32)
