"""What a whole recording tells of its tracks afterwards: gaps closed, boxes smoothed with the frames to come.

A live stream cannot wait; a file that is finished can be read to its end. Each coordinate of a track's boxes is fitted
by local linear regression with a Gaussian kernel (Fan and Gijbels, Local Polynomial Modelling, 1996). How wide the
kernel is, the recording decides: the width that best foretells each box from the others. Boxes a moment before and
after it are left out, because a detector errs alike in frames that follow each other (h-block cross-validation:
Burman, Chow and Nolan, Biometrika 81, 1994).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from omni._arrays import check_fps
from omni.track.rows import TrackRows, checked, stretches
from omni.types import Float64

BANDWIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
"""Widths that may be chosen: standard deviation of the kernel, frames."""
CLOSED_GAP_S = 2.0
"""A track that is away for at most so long is taken to have moved straight on, seconds."""
STILL_GAP_S = 5.0
"""And so long if it is found where it was: as long as the tracker looks for people who stood still, seconds."""
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


def smoothed(rows: TrackRows, fps: float) -> TrackRows:
    """The tracks as the whole recording shows them.

    Args:
        rows: in any order.
        fps: frames a second, as ``frame`` counts them.

    Returns:
        The rows by frame and number, more of them where gaps were closed (``detected`` is NaN there), fewer where a
        track was predicted at its end.

    Raises:
        ValueError, TypeError: ``fps`` is no frame rate, or ``rows`` or a column of them of another shape or type.
    """
    check_fps(fps)
    rows = checked(rows)
    tracks = list(stretches(rows, round(fps * CLOSED_GAP_S), round(fps * STILL_GAP_S)))
    width = _bandwidth(tracks, left_out=int(fps * ALIKE_S))
    whole = TrackRows.joined([_smooth(track, width) for track in tracks])
    return whole.at(np.lexsort((whole.track_id, whole.frame)))


def _smooth(track: TrackRows, width: float | None) -> TrackRows:
    """Boxes that were detected are fitted, those between them lie on the way from one to the next, none comes after."""
    seen = np.flatnonzero(~np.isnan(track.detected[:, 0]))
    track = track.at(slice(0, seen[-1] + 1 if len(seen) else None))
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
