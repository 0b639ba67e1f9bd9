"""A person detector: one ONNX model, shared by all streams."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omni.detect.doubles import without_doubles
from omni.detect.free_size import STEP
from omni.detect.heads import HEADS, Head, Outputs, Size, choose_head
from omni.detect.letterbox import Letterbox
from omni.detect.memory import DetectionMemory
from omni.detect.models import MODELS, locate
from omni.detect.network import Network
from omni.errors import ModelError
from omni.types import Detections, Float32, UInt8

AT_ONCE = 8
"""Pictures that an accelerator is given at once at most, where the network takes any number."""
_FREE_SIZE = (640, 640)
_PERSON_ID = 0


class Detector:
    """Finds people in pictures. Made by :func:`open_detector`.

    ``detect`` may be called by several threads at once.

    Attributes:
        runs_on: what runs the network.
        side: the longer side of what the network looks at, pixels.
        batch: how many pictures are best looked at at once, where so many wait. On a CPU one: several take longer each.
    """

    def __init__(
        self,
        network: Network,
        head: Head,
        confidence: float,
        about: dict[str, Any],
        side: int | None = None,
        memory: DetectionMemory | None = None,
    ) -> None:
        self.side = side or max(network.size)
        self.runs_on = network.runs_on
        self.batch = AT_ONCE if network.batches and network.accelerated else 1
        self._network = network
        self._head = head
        self._confidence = confidence
        self._about = about
        self._memory = memory
        self._larger: dict[int, Detector] = {}
        self._canvases: defaultdict[Size, deque[_Canvas]] = defaultdict(deque)  # those that no thread is using
        self._blob_params = cv2.dnn.Image2BlobParams()
        self._blob_params.mean = head.pixels.mean
        self._blob_params.scalefactor = [1 / deviation for deviation in head.pixels.std]
        self._blob_params.swapRB = head.pixels.rgb

    def at(self, side: int) -> Detector:
        """The same detector, for another longer side of what the network looks at: a larger one finds smaller people.

        Args:
            side: pixels, a multiple of 32.

        Raises:
            ModelError: the network was made for one size only, or for none that large.
            ValueError: the side is no multiple of 32 from 32 on.
        """
        if side < STEP or side % STEP:
            raise ValueError(f"side: expected a multiple of {STEP} pixels, found {side}")
        if side == self.side:
            return self
        if side not in self._larger:
            self._larger[side] = self._made_for(side)
        return self._larger[side]

    def remembering(self, memory: DetectionMemory) -> Detector:
        """The same detector, which looks at no picture that is in the memory already."""
        return Detector(self._network, self._head, self._confidence, self._about, self.side, memory)

    def input_size(self, picture_size: Size) -> Size:
        """(width, height) of what the network looks at for a picture of that size: no more of it than is needed."""
        if not self._network.any_size:
            return self._network.size
        if not self._head.any_shape or self._network.accelerated:  # which may have to prepare for each shape
            return (self.side, self.side)
        longer = max(picture_size)
        width, height = (math.ceil(self.side * side / longer / STEP) * STEP for side in picture_size)
        return width, height

    def detect(self, image: UInt8) -> Detections:
        """People in one picture.

        Args:
            image: (H, W, 3) BGR or (H, W) grey, uint8, any strides, at least one pixel; it is not changed.

        Returns:
            Boxes in pixels of the picture, clipped to it, best first; ``class_id`` is 0.

        Raises:
            TypeError: the picture is not a uint8 array.
            ValueError: its shape is not one of the above.
        """
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[UInt8]) -> list[Detections]:
        """People in each of several pictures, as ``detect`` finds them; at once where the network takes several."""
        if self._memory is None:
            return self._look_at(images)
        by = f"{self._about['sha256']} {self._head.name} {self._confidence} {self.side}"
        return self._memory.recall(images, by, self._look_at)

    def _look_at(self, images: Sequence[UInt8]) -> list[Detections]:
        frames = [_as_bgr(image) for image in images]
        sizes = [(frame.shape[1], frame.shape[0]) for frame in frames]
        boxes = [Letterbox.fit(size, self.input_size(size)) for size in sizes]
        blobs = [self._blob(frame, letterbox) for frame, letterbox in zip(frames, boxes, strict=True)]
        return [self._people(outputs, box) for outputs, box in zip(self._network.run_many(blobs), boxes, strict=True)]

    def _people(self, outputs: Outputs, letterbox: Letterbox) -> Detections:
        # A model may give numbers without sense (inf, NaN); such boxes come out empty and are dropped.
        with np.errstate(over="ignore", invalid="ignore"):
            boxes, scores = self._head.decode(outputs, letterbox.input_size, self._confidence)
            best = without_doubles(boxes, scores, self._head.iou)
            boxes, scores = letterbox.to_frame(boxes[best]), scores[best]
            solid = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, scores = boxes[solid], scores[solid]
        return Detections(boxes, scores, np.full(len(scores), _PERSON_ID, np.int32))

    def info(self) -> dict[str, Any]:
        """What is in use: model, head, input size, confidence, threads, sha256, and as ``RunsOn.document`` has it."""
        return dict(self._about)

    def _made_for(self, side: int) -> Detector:
        if not self._network.any_size:
            width, height = self._network.size
            raise ModelError(f"{self._about['model']} takes pictures of {width}x{height} only, not of another size")
        signature = self._network.signature_at((side, side))
        if not self._head.fits(signature):
            raise ModelError(
                f"{self._about['model']} does not fit head {self._head.name} at {side}x{side}: {signature}"
            )
        about = {**self._about, "input_size": [side, side]}
        return Detector(self._network, self._head, self._confidence, about, side, self._memory)

    def _blob(self, frame: UInt8, letterbox: Letterbox) -> Float32:
        """The frame as the network's input (1, 3, H, W)."""
        canvases = self._canvases[letterbox.input_size]
        try:
            canvas = canvases.pop()
        except IndexError:
            canvas = _Canvas.of(letterbox.input_size)
        if canvas.frame_size != letterbox.frame_size:
            canvas.pixels[:] = self._head.pixels.border
            canvas.frame_size = letterbox.frame_size
        letterbox.draw(frame, canvas.pixels)
        blob = cv2.dnn.blobFromImageWithParams(canvas.pixels, self._blob_params)
        canvases.append(canvas)
        return np.asarray(blob, np.float32)


@dataclass(slots=True)
class _Canvas:
    """A picture of the network's size, and the frame size for which its border is filled."""

    pixels: UInt8
    frame_size: Size | None = None

    @classmethod
    def of(cls, size: Size) -> _Canvas:
        return cls(np.empty((size[1], size[0], 3), np.uint8))


def open_detector(
    model: str | Path,
    *,
    head: str | None = None,
    confidence: float | None = None,
    providers: Sequence[str] = ("CPU",),
    threads: int = 1,
    allow_fallback: bool = False,
) -> Detector:
    """Open a person detector.

    Args:
        model: a name of the registry (``omni models list``) or the path of an ONNX file.
        head: how its outputs are read, a name of ``omni.detect.heads.HEADS``; None recognises it by their names and
            shapes.
        confidence: score that a box must be over; None takes the head's own, which is low because the tracker
            makes use of weak boxes too.
        providers: best first, as :class:`Network` takes them.
        threads: that one inference uses. Several streams are best served by one each.
        allow_fallback: go on with the CPU where a provider cannot be had.

    Raises:
        ModelError: the model is missing, damaged, does not fit a head, or does not run where it was asked to.
        ValueError: ``confidence`` is not within 0..1 or ``threads`` is under 1.
    """
    if confidence is not None and not 0.0 <= confidence <= 1.0:
        raise ValueError(f"confidence: expected 0 to 1, found {confidence}")
    if threads < 1:
        raise ValueError(f"threads: expected 1 or more, found {threads}")
    path = _find(model)
    free_size = HEADS[head].input_size if head in HEADS else _FREE_SIZE
    network = Network(path, providers, free_size=free_size, threads=threads, allow_fallback=allow_fallback, free=True)
    chosen = choose_head(str(path), network.signature, head)
    confidence = chosen.confidence if confidence is None else confidence
    if network.any_size and chosen.any_shape and not network.accelerated:  # of an accelerator ``Detector.at`` asks
        network.any_size = _fits_any_shape(network, chosen)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    about = {
        **network.runs_on.document(),
        "model": str(model),
        "head": chosen.name,
        "input_size": list(network.size),
        "confidence": confidence,
        "threads": threads,
        "sha256": sha256,
    }
    return Detector(network, chosen, confidence, about)


def _fits_any_shape(network: Network, head: Head) -> bool:
    """Whether a network that leaves its size open is not tied to one all the same, such as by the grid of its cells."""
    width, height = network.size
    signature = network.takes((width, max(height // 2 // STEP, 1) * STEP))
    return signature is not None and head.fits(signature)


def _find(model: str | Path) -> Path:
    if model in MODELS:
        name = str(model)
        if MODELS[name].task != "person":
            people = ", ".join(spec.name for spec in MODELS.values() if spec.task == "person")
            raise ModelError(f"model {name} is for {MODELS[name].task}, not for people: take {people}")
        return locate(name)
    path = Path(model)
    if not path.is_file():
        people = ", ".join(spec.name for spec in MODELS.values() if spec.task == "person")
        raise ModelError(f"model {model} is neither an ONNX file nor one of {people}")
    return path


def _as_bgr(image: UInt8) -> UInt8:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        found = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"image: expected a uint8 array, found {found}")
    if image.size and image.ndim == 3 and image.shape[2] == 3:
        return image
    if image.size and image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    raise ValueError(f"image: expected shape (H, W, 3) or (H, W) with at least one pixel, found {image.shape}")
