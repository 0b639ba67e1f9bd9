"""Numbers that two people exchanged where they crossed, put right with what comes after.

A tracker that works online decides in the midst of a crossing who is who. Afterwards both sides of it are known.
Wherever two people overlap, what led there and what followed are each described by position and speed (a line through
the boxes) and by what changes slowly (how far down the picture, height, width, confidence: a level), the boxes nearest
in time weighing most. If each one's past agrees clearly better with the other's future than with the own, their numbers
change places from there on.

How far a person's two sides lie apart at a crossing, the recording tells: the median of its crossings, nearly all of
which are followed rightly. Differences weigh by the logarithm of the Cauchy distribution: none outvotes all others.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from omni._arrays import check_fps
from omni.track.rows import TrackRows, checked, overlap, stretches
from omni.types import Float64, Int64

LEAST_OVERLAP = 0.3
"""Intersection over union of two people who may have been taken for each other."""
MOTION_S = 0.3
"""Boxes tell of position and speed: the weight of one so many seconds away is a third."""
LOOKS_S = 0.6
"""And so of what changes slowly."""
MARGIN = 5.0
"""Least gain in logarithmic likelihood: of crossings one in 25 (DanceTrack) to one in 250 (MOT17) is
followed wrongly, the logarithms of which are 3.2 and 5.5."""
LONGEST_GAP_S = 5.0
"""Who was away for longer took part in no crossing meanwhile, seconds: the tracker finds nobody again after that."""
LEAST_WEIGHT = 0.5
"""Less than this, summed over the boxes of a side, tells nothing of it; a box at the crossing itself weighs 1."""
STEADINESS = 0.01
"""Few boxes make no speed of their noise: they are off by some 0.03 heights, people move at some 0.3 heights a second;
the one by the other, squared, s^2."""
REACH = 3.0
"""Of the weights, in the times above."""
MOST_ROUNDS = 10
"""In each round a person's number changes at most once."""
LEAST_SCALE = 1e-6
"""Measures that never differ do not count."""
TO_DEVIATION = 1.4826
"""Median distance of a normal distribution to its standard deviation."""

_PER_HEIGHT = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float64)
"""Which measures are distances: x, y, their speeds, the level of y; then log height, log width, confidence."""


def untangled(rows: TrackRows, fps: float) -> TrackRows:
    """The tracks with numbers put right that were exchanged at crossings.

    Args:
        rows: in any order.
        fps: frames a second, as ``frame`` counts them.

    Returns:
        The same rows in the same order; only ``track_id`` differs.

    Raises:
        ValueError, TypeError: ``fps`` is no frame rate, or ``rows`` or a column of them of another shape or type.
    """
    check_fps(fps)
    rows = checked(rows)
    longest = round(fps * LONGEST_GAP_S)
    whole = TrackRows.joined(list(stretches(rows, longest, longest)))
    one, other = _overlapping(whole)
    number, told = whole.track_id.copy(), rows.track_id.copy()
    before, after = np.full((2, len(whole), len(_PER_HEIGHT)), np.nan)
    stale = np.unique(number[np.r_[one, other]])
    scale = None
    for _ in range(MOST_ROUNDS if len(one) else 0):
        for at in _runs(whole.frame, number, stale):
            before[at], after[at] = _sides(whole.at(at), fps)
        apart = _apart(whole, before, after, one, other)
        if scale is None:
            own = np.abs(np.concatenate(apart[:2]))
            own = own[~np.isnan(own).any(axis=1)]
            if len(own) == 0:
                break
            scale = np.maximum(TO_DEVIATION * np.median(own, axis=0), LEAST_SCALE)
        cost = [np.log1p((distance / scale) ** 2).sum(axis=1) for distance in apart]
        gain = cost[0] + cost[1] - cost[2] - cost[3]
        exchanged: set[int] = set()
        likely = np.flatnonzero(gain > MARGIN)
        for pair in likely[np.argsort(-gain[likely], kind="stable")]:
            a, b, frame = int(number[one[pair]]), int(number[other[pair]]), int(whole.frame[one[pair]])
            if exchanged.isdisjoint((a, b)):
                _exchange(number, whole.frame > frame, a, b)
                _exchange(told, rows.frame > frame, a, b)
                exchanged.update((a, b))
        if not exchanged:
            break
        stale = np.array(sorted(exchanged))
    return replace(rows, track_id=told)


def _exchange(number: Int64, later: np.ndarray, a: int, b: int) -> None:
    of_a, of_b = (np.flatnonzero(later & (number == each)) for each in (a, b))
    number[of_a], number[of_b] = b, a


def _apart(
    rows: TrackRows, before: Float64, after: Float64, one: Int64, other: Int64
) -> tuple[Float64, Float64, Float64, Float64]:
    """How far each one's past lies from the own future, and from the other's: (N, 8) each, NaN where not known."""
    height = rows.xyxy[:, 3] - rows.xyxy[:, 1]
    unit = np.maximum((height[one] + height[other]) / 2, 1.0)[:, None] ** _PER_HEIGHT
    pairs = ((one, one), (other, other), (one, other), (other, one))
    first, second, crossed, back = ((before[past] - after[future]) / unit for past, future in pairs)
    return first, second, crossed, back


def _overlapping(rows: TrackRows) -> tuple[Int64, Int64]:
    """Pairs of rows of one frame whose boxes overlap: each box with those whose left edge it reaches."""
    order = np.lexsort((rows.xyxy[:, 0], rows.frame))
    found = [np.zeros((2, 0), np.int64)]
    for at in np.split(order, np.flatnonzero(np.diff(rows.frame[order])) + 1):
        boxes = rows.xyxy[at]
        left = np.arange(len(at))
        beyond = np.searchsorted(boxes[:, 0], boxes[:, 2]) - left - 1
        first = np.repeat(left, beyond.clip(min=0))
        second = first + 1 + np.arange(len(first)) - np.searchsorted(first, first)
        close = overlap(boxes[first], boxes[second]) > LEAST_OVERLAP
        found.append(np.stack([at[first[close]], at[second[close]]]))
    one, other = np.concatenate(found, axis=1)
    return one, other


def _runs(frame: Int64, number: Int64, wanted: Int64) -> list[Int64]:
    """Rows of each of the ``wanted`` numbers, from frame to frame without a gap."""
    rows = np.flatnonzero(np.isin(number, wanted))
    rows = rows[np.lexsort((frame[rows], number[rows]))]
    return np.split(rows, np.flatnonzero((np.diff(number[rows]) != 0) | (np.diff(frame[rows]) != 1)) + 1)


def _sides(track: TrackRows, fps: float) -> tuple[Float64, Float64]:
    """What the boxes up to each frame, and those after it, tell of the person at that frame: (N, 8) each."""
    seen = ~np.isnan(track.detected[:, 0])
    size = np.maximum(track.xyxy[:, 2:] - track.xyxy[:, :2], 1.0)
    centre = (track.xyxy[:, :2] + track.xyxy[:, 2:]) / 2
    values = np.column_stack([centre, np.log(size[:, ::-1]), track.confidence])
    before = _side(values, seen, fps, nearest=0)
    after = _side(values[::-1], seen[::-1], fps, nearest=1)[::-1]
    after[:, 2:4] *= -1.0  # time ran backwards
    return before, after


def _side(values: Float64, seen: np.ndarray, fps: float, nearest: int) -> Float64:
    """Measures at each frame from the rows up to ``nearest`` frames before it.

    Args:
        values: (N, 5) x, y, log height, log width, confidence.
        seen: (N,) whether they were measured.
        fps: frames a second.
        nearest: 0 or 1.

    Returns:
        (N, 8) x, y, their change a second, levels of all but x; NaN where too little is known.
    """
    frames = np.arange(math.ceil(REACH * LOOKS_S * fps) + 1)
    ago = frames / fps
    motion, looks = (np.where(frames < nearest, 0.0, np.exp(-ago / time)) for time in (MOTION_S, LOOKS_S))

    def gathered(column: Float64, weights: Float64) -> Float64:
        return np.convolve(column, weights)[: len(column)]

    weight = seen.astype(np.float64)
    origin = values.mean(axis=0)
    deviation = (values - origin) * weight[:, None]
    w0, w1, w2 = (gathered(weight, motion * ago**power)[:, None] for power in (0, 1, 2))
    v0, v1 = (
        np.column_stack([gathered(column, motion * ago**power) for column in deviation[:, :2].T]) for power in (0, 1)
    )
    w0[w0 < LEAST_WEIGHT] = np.nan
    spread = w0 * (w2 + STEADINESS) - w1 * w1
    speed = (w1 * v0 - w0 * v1) / spread
    level = np.column_stack([gathered(column, looks) for column in deviation[:, 1:].T])
    total = np.maximum(gathered(weight, looks), LEAST_SCALE)[:, None]
    return np.column_stack([(v0 + speed * w1) / w0 + origin[:2], speed, level / total + origin[1:]])
