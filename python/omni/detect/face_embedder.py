"""What a face looks like as a vector of unit length: the nearer two are, the likelier they are of one person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import cv2
import numpy as np

from omni._text import each_key_once
from omni.detect.batching import Batcher
from omni.detect.heads import Pixels
from omni.detect.models import locate
from omni.detect.network import Network
from omni.errors import ModelError
from omni.types import Float32, Float64, UInt8


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """What must be known of an embedding network.

    Attributes:
        name: under which samples of the gallery are kept.
        path: the ONNX file: one float32 picture (n, 3, H, W) to one vector (n, D).
        batch: pictures that a CPU is given at once at most: with more it is not faster.
        pixels: how the picture goes in.
        points: (5, 2) where the landmarks lie in the picture, x, y in its pixels.
        same: distances of two faces of one person, as a normal distribution, and
        different: of two people.
    """

    name: str
    path: Path
    batch: int
    pixels: Pixels
    points: tuple[tuple[float, float], ...]
    same: NormalDist
    different: NormalDist


DLIB_128 = "dlib-128"
_DLIB_BATCH = 8
_OWN_BATCH = 2
"""A face and its mirror image: of networks for faces of 112x112, the small ones are slower with more."""

_DLIB_POINTS = ((47.55, 46.6), (100.48, 46.6), (74.01, 76.56), (50.41, 103.02), (97.61, 103.02))
_DLIB_SAME, _DLIB_DIFFERENT = NormalDist(0.30, 0.055), NormalDist(0.56, 0.065)
"""How they were measured: docs/benchmarks/faces.md."""


class FaceEmbedder:
    """Turns aligned faces into vectors. Made by :func:`open_face_embedder`; several threads may call it at once.

    Attributes:
        spec: what is known of the network.
        dimension: length of its vectors.
        runs_on: what runs the network.
        identity: name and checksum: vectors of another identity cannot be compared with its own.
    """

    def __init__(self, network: Network, spec: EmbedderSpec, sha256: str) -> None:
        self.spec = spec
        self.dimension = _dimension(network, spec.path)
        self.identity = f"{spec.name}@{sha256[:16]}"
        self.runs_on = network.runs_on
        self._size = network.size
        self._output = next(iter(network.signature.outputs))
        self._batcher = Batcher.of(network, on_cpu=spec.batch)
        self._points = np.array(spec.points, np.float64)
        self._mean, self._std = (np.array(part, np.float32) for part in (spec.pixels.mean, spec.pixels.std))

    def embed(self, image: UInt8, landmarks: Float32) -> Float32:
        """Vectors of faces of one picture, each of the face and its mirror image: turned heads come nearer to frontal
        ones. Faces go through the network at once, also with those of other callers that wait for it.

        Args:
            image: (H, W, 3) uint8 BGR.
            landmarks: (N, 5, 2) pixels, as :class:`omni.types.Faces` has them.

        Returns:
            (N, D) of unit length.
        """
        if not len(landmarks):
            return np.zeros((0, self.dimension), np.float32)
        upright = np.stack([self._aligned(image, points) for points in landmarks])
        vectors = self._batcher.run(np.concatenate([upright, upright[..., ::-1]]))[self._output]
        rows = vectors[: len(upright)] + vectors[len(upright) :]
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)

    def _aligned(self, image: UInt8, landmarks: Float32) -> Float32:
        """The face upright and of the network's size, (3, H, W)."""
        matrix = _similarity(landmarks.astype(np.float64), self._points)
        crop = cv2.warpAffine(image, matrix, self._size, borderMode=cv2.BORDER_REPLICATE)
        if self.spec.pixels.rgb:
            crop = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
        return np.asarray(((crop - self._mean) / self._std).transpose(2, 0, 1), np.float32)


def open_face_embedder(
    model: str = DLIB_128,
    *,
    providers: Sequence[str] = ("CPU",),
    threads: int = 1,
    allow_fallback: bool = False,
) -> FaceEmbedder:
    """Open an embedding network.

    Args:
        model: ``dlib-128``, or the path of a JSON description of one's own (docs/faces.md).
        providers: best first, as :class:`Network` takes them.
        threads: that one inference uses.
        allow_fallback: go on with the CPU where a provider cannot be had.

    Raises:
        ModelError: the model is missing, damaged or not described, or does not run where it was asked to.
    """
    spec = _dlib() if model == DLIB_128 else _described(Path(model))
    network = Network(spec.path, providers, free_size=(112, 112), threads=threads, allow_fallback=allow_fallback)
    with spec.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FaceEmbedder(network, spec, sha256)


def _dlib() -> EmbedderSpec:
    return EmbedderSpec(
        DLIB_128,
        locate(DLIB_128),
        _DLIB_BATCH,
        Pixels(rgb=True),
        _DLIB_POINTS,
        same=_DLIB_SAME,
        different=_DLIB_DIFFERENT,
    )


def _described(path: Path) -> EmbedderSpec:
    try:
        known: dict[str, Any] = json.loads(path.read_bytes(), object_pairs_hook=each_key_once)
        pixels = Pixels(rgb=bool(known["rgb"]), mean=_triple(known["mean"]), std=_triple(known["std"]))
        points = tuple((float(x), float(y)) for x, y in known["points"])
        same, different = (
            NormalDist(float(known[key]["mean"]), float(known[key]["deviation"])) for key in ("same", "different")
        )
        onnx = path.parent / str(known["file"])
    except OSError as error:
        raise ModelError(
            f"{path}: expected {DLIB_128} or the JSON description of a network: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: not a description of an embedding network (docs/faces.md): {type(error).__name__} {error}"
        ) from None
    if len(points) != 5 or not 0 <= same.mean < different.mean or min(same.stdev, different.stdev) <= 0:
        raise ModelError(f"{path}: expected five points, deviations above 0, and same.mean below different.mean")
    if not onnx.is_file():
        raise ModelError(f"{path}: file: {onnx}: no such file")
    return EmbedderSpec(path.stem, onnx, _OWN_BATCH, pixels, points, same, different)


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    first, second, third = map(float, values)
    return first, second, third


def _dimension(network: Network, path: Path) -> int:
    shapes = list(network.signature.outputs.values())
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ModelError(f"{path}: expected one output (n, D), found {network.signature}")
    return shapes[0][1]


def _similarity(from_points: Float64, to_points: Float64) -> Float64:
    """The turn, scale and shift (2, 3) that bring points (K, 2) nearest to others, by least squares (Umeyama 1991)."""
    (a, b), (c, d) = (points.mean(0) for points in (from_points, to_points))
    source = (from_points - (a, b)) @ (1, 1j)
    target = (to_points - (c, d)) @ (1, 1j)
    turn = np.vdot(source, target) / max(np.vdot(source, source).real, 1e-12)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, np.array([c, d]) - linear @ (a, b)])
