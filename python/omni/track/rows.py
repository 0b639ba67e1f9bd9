"""Tracks of a recording as a table, and its tracks one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Self

import numpy as np

from omni._arrays import FLOAT64, INT64, typed
from omni._arrays import rows as of_width
from omni.types import Float32, Float64, Int64, Tracks

SAME_PLACE = 0.7
"""Least overlap of the boxes before and after a gap of somebody who stood still."""
SEEN_PER_AWAY = 1.5
"""A gap is closed if the track has so many boxes for each frame of it: a track that is more gap than person is often a
false alarm at either end. From 1.25 to 1.75 nothing changes; with 3 people are lost."""
LEAST_AREA = 1e-6
"""Boxes without area overlap nothing, square pixels."""


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


def checked(rows: Any) -> TrackRows:
    """The same with every column an array of its type.

    Raises:
        ValueError: a column of another shape.
        TypeError: no ``TrackRows``, no numbers, or ``frame`` or ``track_id`` no integers.
    """
    if not isinstance(rows, TrackRows):
        raise TypeError(f"rows: expected omni.track.TrackRows, got {type(rows).__name__}")
    frame = typed("frame", rows.frame, INT64)
    made = TrackRows(
        frame,
        typed("track_id", rows.track_id, INT64),
        of_width("xyxy", rows.xyxy, 4, FLOAT64),
        typed("confidence", rows.confidence, FLOAT64),
        of_width("detected", rows.detected, 4, FLOAT64),
    )
    for column in fields(rows):
        shape = (frame.size, 4)[: 2 if column.name in ("xyxy", "detected") else 1]
        if (came := getattr(made, column.name).shape) != shape:
            raise ValueError(f"{column.name}: expected shape {shape}, one row for each frame, got {came}")
    return made


def stretches(rows: TrackRows, gap_frames: int, still_gap_frames: int) -> Iterator[TrackRows]:
    """Each track with a row for every frame, cut where it is away for longer than ``gap_frames``.

    Who is found at the same place may have been away for ``still_gap_frames``; who was hardly seen, for
    less: ``SEEN_PER_AWAY``.
    """
    ordered = rows.at(np.lexsort((rows.frame, rows.track_id)))
    away = np.diff(ordered.frame) - 1
    still = overlap(ordered.xyxy[:-1], ordered.xyxy[1:]) >= SAME_PLACE
    longest = np.minimum(np.where(still, still_gap_frames, gap_frames), _boxes(ordered)[:-1] / SEEN_PER_AWAY)
    apart = (np.diff(ordered.track_id) != 0) | (away > longest)
    bounds = [0, *(np.flatnonzero(apart) + 1).tolist(), len(ordered)]
    for start, end in pairwise(bounds):
        if end > start:
            yield _without_gaps(ordered.at(slice(start, end)))


def overlap(a: Float64, b: Float64) -> Float64:
    """Intersection over union of (N, 4) boxes with those in the same rows."""
    shared = (np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).clip(min=0.0).prod(axis=1)
    areas = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1)
    return shared / np.maximum(areas - shared, LEAST_AREA)


def _boxes(rows: TrackRows) -> Int64:
    """How many of the detector's boxes the track of each row has."""
    _, track = np.unique(rows.track_id, return_inverse=True)
    return np.bincount(track[~np.isnan(rows.detected[:, 0])], minlength=len(rows))[track]


def _without_gaps(track: TrackRows) -> TrackRows:
    frame = np.arange(track.frame[0], track.frame[-1] + 1)
    detected = np.full((len(frame), 4), np.nan)
    detected[track.frame - frame[0]] = track.detected
    boxes = np.column_stack([np.interp(frame, track.frame, side) for side in track.xyxy.T])
    confidence = np.interp(frame, track.frame, track.confidence)
    return TrackRows(frame, np.full(len(frame), track.track_id[0]), boxes, confidence, detected)
