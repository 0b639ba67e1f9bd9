"""How one stream is looked at: what of its pictures is masked, in which pieces, and when not at all."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from omni.detect.motion import MotionGate
from omni.types import Bool, Detections, Float32, Frame, UInt8

Polygon = Sequence[tuple[float, float]]
"""Corners x, y, relative to the picture."""

OVERLAP = 0.25
"""Share of a tile's side that it has in common with the next: who is smaller than that is whole in one of them."""
MASK = 114
"""Grey of what is masked."""
DOUBLE_IOU = 0.55
"""Two boxes of different pieces that overlap by more are one person."""
PART = 0.7
"""A box cut by the edge of a tile, of which so much lies in another box, is a part of that person."""
EDGE_PX = 2.0


class Lookout:
    """Gives the pictures of a frame in which people are to be found, and puts together what was found in them.

    Args:
        ignore: polygons in which nobody is looked for.
        tiles: columns and rows of tiles that are looked at beside the whole picture; None: the whole alone.
        gate: tells when nothing has moved, and what was found last still holds; None: every frame is looked at.
    """

    def __init__(
        self, ignore: Sequence[Polygon] = (), tiles: tuple[int, int] | None = None, gate: MotionGate | None = None
    ) -> None:
        self._ignore = [np.array(polygon, np.float64) for polygon in ignore]
        self._tiles = tiles
        self._gate = gate
        self._last = Detections.empty()

    @property
    def in_order(self) -> bool:
        """Whether frames must be looked at one after the other."""
        return self._gate is not None

    def masked(self, image: UInt8) -> UInt8:
        """The picture (H, W, 3) with what is ignored made grey; the same one where nothing is."""
        if not self._ignore:
            return image
        size = np.array([image.shape[1], image.shape[0]])
        corners = [np.round(polygon * size).astype(np.int32) for polygon in self._ignore]
        return np.asarray(cv2.fillPoly(image.copy(), corners, (MASK, MASK, MASK)), np.uint8)

    def pictures(self, frame: Frame) -> list[UInt8]:
        """What the detector is to look at, the whole picture first; nothing where nothing has moved."""
        image = self.masked(frame.image)
        if self._gate is not None and not self._gate.moved(image, frame.timestamp):
            return []
        return [image, *(image[y1:y2, x1:x2] for x1, y1, x2, y2 in self._places(frame.size))]

    def people(self, frame: Frame, found: Sequence[Detections]) -> Detections:
        """What was found in the pictures of a frame, in pixels of the frame, everybody once."""
        if found:
            self._last = _merged(found, self._places(frame.size), frame.size) if len(found) > 1 else found[0]
        return self._last

    def forget(self) -> None:
        """What was found holds no more: there is another detector, or none."""
        self._last = Detections.empty()
        if self._gate is not None:
            self._gate.forget()

    def _places(self, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
        return [] if self._tiles is None else tiles_of(size, self._tiles)


def tiles_of(size: tuple[int, int], tiles: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Places x1, y1, x2, y2 of tiles (columns, rows) of one size that overlap and cover a picture (width, height)."""
    spans = []
    for length, number in zip(size, tiles, strict=True):
        side = min(int(np.ceil(length / (number - (number - 1) * OVERLAP))), length)
        starts = np.round(np.linspace(0, length - side, number)).astype(int).tolist()
        spans.append([(start, start + side) for start in starts])
    return [(x1, y1, x2, y2) for y1, y2 in spans[1] for x1, x2 in spans[0]]


def _merged(
    found: Sequence[Detections], places: Sequence[tuple[int, int, int, int]], size: tuple[int, int]
) -> Detections:
    """Everybody once: parts that a tile's edge has cut off go first, then the weaker of two that are the same."""
    wholes, *of_tiles = found
    xyxy = [wholes.xyxy]
    cut = [np.zeros(len(wholes), bool)]
    for detections, place in zip(of_tiles, places, strict=True):
        corner = np.array([place[0], place[1]] * 2, np.float32)
        xyxy.append(detections.xyxy + corner)
        cut.append(_cut_off(detections.xyxy, place, size))
    boxes, is_cut = np.concatenate(xyxy), np.concatenate(cut)
    score = np.concatenate([detections.confidence for detections in found])
    # A whole box comes before one that is cut, then the surer first.
    order = np.lexsort((-score, is_cut))
    kept: list[int] = []
    for i in order.tolist():
        if not kept or not _is_double(boxes[i], boxes[kept], bool(is_cut[i])):
            kept.append(i)
    best = np.array(sorted(kept, key=lambda i: -score[i]), np.intp)
    return Detections(boxes[best], score[best], np.zeros(len(best), np.int32))


def _cut_off(xyxy: Float32, place: tuple[int, int, int, int], size: tuple[int, int]) -> Bool:
    """Which boxes of a tile touch an edge of it that is none of the picture."""
    x1, y1, x2, y2 = place
    low, high = np.array([x1, y1]), np.array([x2, y2])
    at_low = (xyxy[:, :2] <= EDGE_PX) & (low > 0)
    at_high = (xyxy[:, 2:] >= high - low - EDGE_PX) & (high < size)
    return np.asarray((at_low | at_high).any(axis=1))


def _is_double(box: Float32, others: Float32, cut: bool) -> bool:
    overlap = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(overlap, 0, None).prod(axis=1)
    own, theirs = _area(box[None]), _area(others)
    if (shared > DOUBLE_IOU * (own + theirs - shared)).any():
        return True
    return cut and bool((shared > PART * own).any())


def _area(xyxy: Float32) -> npt.NDArray[np.float32]:
    return np.asarray((xyxy[:, 2:] - xyxy[:, :2]).prod(axis=1), np.float32)
