"""What a whole recording tells of its tracks afterwards: gaps closed, boxes smoothed with the frames to come.

A live stream cannot wait; a file that is finished can be read to its end. Each coordinate of a track's boxes is fitted
by local linear regression with a Gaussian kernel (Fan and Gijbels, Local Polynomial Modelling, 1996). How wide the
kernel is, the recording decides: the width that best foretells each box from the others. Boxes a moment before and
after it are left out, because a detector errs alike in frames that follow each other (h-block cross-validation:
Burman, Chow and Nolan, Biometrika 81, 1994).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Self

import numpy as np

from omni.types import Float32, Float64, Int64, Tracks

BANDWIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
"""Widths that may be chosen: standard deviation of the kernel, frames."""
CLOSED_GAP_S = 1.0
"""A track that is away for at most so long is taken to have moved straight on, seconds."""
ALIKE_S = 0.05
"""Boxes so near in time do not foretell one another: the detector errs alike in them, seconds."""
WORST_ERROR = 0.3
"""An error beyond this is no worse, in heights of the person: it is another box, not a wrong width."""
LEAST_BOXES = 5
"""A shorter track does not tell which width is good."""
REACH = 3.0
"""Of the kernel, standard deviations."""
LEAST_SPREAD = 1e-6
"""Boxes in reach that lie closer together than this hold no line."""


@dataclass(frozen=True, slots=True)
class TrackRows:
    """Tracks of a recording, one row for each frame and track.

    Attributes:
        frame: (N,) frame numbers.
        track_id: (N,) numbers of the tracks.
        xyxy: (N, 4) boxes, pixels.
        confidence: (N,) 0 to 1.
        detected: (N, 4) the detector's own boxes, pixels; NaN where the track was predicted.
    """

    frame: Int64
    track_id: Int64
    xyxy: Float64
    confidence: Float64
    detected: Float64

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of_frame(cls, frame: int, tracks: Tracks, detections: Float32) -> Self:
        """What the tracker told of one frame, with the (N, 4) boxes that it was given there."""
        predicted = (tracks.detection_index < 0)[:, None]
        beyond = np.r_[detections, np.zeros((1, 4), np.float32)]  # so that an index of -1 has a row
        return cls(
            np.full(len(tracks), frame),
            tracks.track_id,
            tracks.xyxy.astype(np.float64),
            tracks.confidence.astype(np.float64),
            np.where(predicted, np.nan, beyond[tracks.detection_index]),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Rows one after the other."""
        none = cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0), np.zeros((0, 4)))
        columns = [[getattr(part, column.name) for part in (none, *parts)] for column in fields(cls)]
        return cls(*map(np.concatenate, columns))

    def at(self, rows: Int64 | slice) -> TrackRows:
        """Some of the rows."""
        return TrackRows(
            self.frame[rows], self.track_id[rows], self.xyxy[rows], self.confidence[rows], self.detected[rows]
        )


def smoothed(rows: TrackRows, fps: float) -> TrackRows:
    """The tracks as the whole recording shows them.

    Args:
        rows: in any order.
        fps: frames a second, as ``frame`` counts them.

    Returns:
        The rows by frame and number, more of them where gaps were closed; ``detected`` is NaN there.
    """
    stretches = list(_stretches(rows, round(fps * CLOSED_GAP_S)))
    width = _bandwidth(stretches, left_out=int(fps * ALIKE_S))
    whole = TrackRows.joined([_smooth(stretch, width) for stretch in stretches])
    return whole.at(np.lexsort((whole.track_id, whole.frame)))


def _stretches(rows: TrackRows, gap_frames: int) -> Iterator[TrackRows]:
    """Each track, cut where it is away for longer than ``gap_frames``, with a row for every frame."""
    ordered = rows.at(np.lexsort((rows.frame, rows.track_id)))
    apart = (np.diff(ordered.track_id) != 0) | (np.diff(ordered.frame) - 1 > gap_frames)
    bounds = [0, *(np.flatnonzero(apart) + 1).tolist(), len(ordered)]
    for start, end in pairwise(bounds):
        if end > start:
            yield _without_gaps(ordered.at(slice(start, end)))


def _without_gaps(track: TrackRows) -> TrackRows:
    frame = np.arange(track.frame[0], track.frame[-1] + 1)
    detected = np.full((len(frame), 4), np.nan)
    detected[track.frame - frame[0]] = track.detected
    boxes = np.column_stack([np.interp(frame, track.frame, side) for side in track.xyxy.T])
    confidence = np.interp(frame, track.frame, track.confidence)
    return TrackRows(frame, np.full(len(frame), track.track_id[0]), boxes, confidence, detected)


def _smooth(track: TrackRows, width: float | None) -> TrackRows:
    """Boxes that were detected are fitted; those between them lie on the way from one to the next."""
    seen = np.flatnonzero(~np.isnan(track.detected[:, 0]))
    if width is None or len(seen) == 0:
        return track
    fit = _local_lines(track.detected, _kernel(width))[seen]
    boxes = np.where(np.isnan(fit), track.xyxy[seen], fit)
    between = np.arange(seen[0], seen[-1] + 1)
    xyxy = track.xyxy.copy()
    xyxy[between] = np.column_stack([np.interp(between, seen, side) for side in boxes.T])
    return replace(track, xyxy=xyxy)


def _bandwidth(tracks: list[TrackRows], left_out: int) -> float | None:
    """The width that foretells boxes best, None where no track is long enough to tell."""
    errors = np.zeros(len(BANDWIDTHS))
    for track in tracks:
        seen = ~np.isnan(track.detected[:, 0])
        if seen.sum() < LEAST_BOXES:
            continue
        boxes = track.detected[seen]
        height = max(float(np.mean(boxes[:, 3] - boxes[:, 1])), 1.0)
        for i, width in enumerate(BANDWIDTHS):
            kernel = _kernel(width, left_out)
            missed = np.abs(_local_lines(track.detected, kernel)[seen] - boxes) / height
            errors[i] += np.nan_to_num(missed, nan=WORST_ERROR).clip(max=WORST_ERROR).sum()
    return BANDWIDTHS[int(errors.argmin())] if errors.any() else None


def _kernel(width: float, left_out: int | None = None) -> Float64:
    """Gaussian weights by distance in frames; nothing, or what is at most ``left_out`` frames away, weighs nought."""
    reach = math.ceil(REACH * width) if left_out is None else max(math.ceil(REACH * width), left_out + 1)
    distance = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (distance / width) ** 2)
    return weight if left_out is None else np.where(np.abs(distance) <= left_out, 0.0, weight)


def _local_lines(boxes: Float64, kernel: Float64) -> Float64:
    """The value at each frame of the line that fits the boxes around it best.

    Args:
        boxes: (N, 4), one a frame, NaN where there is none.
        kernel: (2 R + 1,) weight of a box by its distance, frames.

    Returns:
        (N, 4), NaN where the boxes in reach hold no line.
    """
    reach = len(kernel) // 2
    distance = np.arange(-reach, reach + 1)

    def around(values: Float64, weights: Float64) -> Float64:
        return np.convolve(values, weights[::-1])[reach : reach + len(values)]

    seen = ~np.isnan(boxes[:, 0])
    origin = boxes[seen].mean(axis=0)
    values = np.where(seen[:, None], boxes - origin, 0.0)
    weight = seen.astype(np.float64)
    w0, w1, w2 = (around(weight, kernel * distance**power) for power in (0, 1, 2))
    spread = w0 * w2 - w1 * w1
    held = spread > LEAST_SPREAD * np.maximum(w0 * w2, LEAST_SPREAD)
    spread[~held] = np.nan
    v0 = np.column_stack([around(side, kernel) for side in values.T])
    v1 = np.column_stack([around(side, kernel * distance) for side in values.T])
    return (w2[:, None] * v0 - w1[:, None] * v1) / spread[:, None] + origin
