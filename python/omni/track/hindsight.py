"""What a whole recording tells of its tracks afterwards: it is read many times, and most readings decide who is who.

Which way a crossing goes, or whether somebody who reappears is known again, often hangs on a few pixels. So a finished
file is read again with its boxes moved by less than the noise that is assumed of them anyway (bagging: Breiman, Machine
Learning 24, 1996), and every other time from its end to its beginning, which errs at other moments. Whom the first
reading tells of, where and how surely, stays as it is; the others only have a say in who is who. They need not be
compared by place: all follow the same detections, and two detections are one person where the readings give them one
number (evidence accumulation: Fred and Jain, IEEE Transactions on Pattern Analysis and Machine Intelligence 27, 2005).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from omni._arrays import FLOAT32, INT32, MOST_PIXELS, check_fps, check_frames, typed
from omni._arrays import rows as of_width
from omni._evidence import Evidence, elected
from omni.track.crossings import untangled
from omni.track.rows import TrackRows
from omni.track.smoothing import smoothed
from omni.track.tracker import Tracker
from omni.types import Detections, Int32, Int64

Seen: TypeAlias = Callable[[int], Detections | None]
"""What was detected in a frame; None where there is no picture."""
READINGS = 16
"""Half of them backwards."""
MOVED = 0.03
"""Each side of a box is moved by so much of the box, standard deviation: half of what the tracker takes sure detections
to be off by. Not in the first reading of each direction."""
SAME = 0.1
"""A person is who they are by this share of the readings at least, if nobody else is likelier."""
KEPT = 0.2
"""Whom the first reading keeps is likelier by so much: it reads what was detected, the others what might have been."""
KNOWN = 0.5
"""Whom the first reading takes for somebody new is known by this share of the readings at least."""
STEADY_S = 0.3
"""Readings waver where people meet: each says of a moment what it says most often so long before and after, seconds."""
MEMORY_S = 5.0
"""Readings do not change their minds at the same moment: what they said fades with this time constant, seconds; for so
long the tracker looks for somebody lost."""


def whole_recording(
    frames: range,
    seen: Seen,
    fps: float,
    *,
    image_size: Sequence[float] | None = None,
    tracker: Callable[[], Tracker] = Tracker,
    progress: Callable[[], object] = lambda: None,
) -> TrackRows:
    """The tracks as the whole recording shows them: who is who by most of many readings, gaps closed, boxes smoothed.

    Args:
        frames: frame numbers, one after the other or every k-th.
        seen: for a frame number what was detected then, None where there is no picture.
        fps: of these frames a second.
        image_size: (width, height) in pixels.
        tracker: makes a tracker that has seen nothing, one for each reading.
        progress: called after each reading.

    Returns:
        Rows by frame and number, people numbered from 1 in the order in which they come.

    Raises:
        ValueError, TypeError: ``fps`` is no frame rate, ``frames`` no range, or what ``Tracker.update`` refuses; names
            the frame.
    """
    check_fps(fps)
    check_frames(frames)
    pictures, boxes = _joined(frames, seen)
    numbers = np.zeros((len(boxes), READINGS), np.int32)  # the most of what is kept
    told, detection = TrackRows.joined([]), np.zeros(0, np.int64)
    for reading in range(READINGS):
        turn, backwards = divmod(reading, 2)
        moved = boxes if turn == 0 else _shaken(boxes, np.random.default_rng(reading))
        rows, index = _reading(tracker(), frames, pictures, moved, fps, image_size, backwards=bool(backwards))
        numbers[index, reading] = rows.track_id
        if reading == 0:
            told, detection = rows, index
        del rows, index  # of an hour it is much
        progress()
    ballots = _steady(told, numbers[detection], fps)
    whole = smoothed(replace(told, track_id=_agreed(told, ballots, fps)), fps)
    return replace(whole, frame=frames.start + frames.step * whole.frame)


def _checked(frame: int, boxes: Detections) -> Detections:
    """Before the detections of all frames lie in one array, where too few of one would shift those of all others."""
    try:
        if not isinstance(boxes, Detections):
            raise TypeError(f"expected omni Detections or None, got {type(boxes).__name__}")
        made = Detections(
            of_width("xyxy", boxes.xyxy, 4, FLOAT32),
            typed("confidence", boxes.confidence, FLOAT32),
            typed("class_id", boxes.class_id, INT32),
        )
        if made.xyxy.ndim != 2 or made.xyxy.shape[1] != 4:
            raise ValueError(f"xyxy: expected shape (N, 4), got {made.xyxy.shape}")
        for name, column in (("confidence", made.confidence), ("class_id", made.class_id)):
            if column.shape != made.xyxy.shape[:1]:
                raise ValueError(f"{name}: expected shape {made.xyxy.shape[:1]}, as many as boxes, got {column.shape}")
    except (TypeError, ValueError) as error:
        raise type(error)(f"frame {frame}: {error}") from None
    return made


def _joined(frames: range, seen: Seen) -> tuple[list[tuple[int, slice]], Detections]:
    """Which of the frames there are, by their turn, and which of the boxes are theirs; and the boxes of all of them."""
    found = [(turn, _checked(frame, boxes)) for turn, frame in enumerate(frames) if (boxes := seen(frame)) is not None]
    ends = np.cumsum([0, *(len(boxes) for _, boxes in found)]).tolist()
    pictures = [(turn, slice(*each)) for (turn, _), each in zip(found, pairwise(ends), strict=True)]
    columns = (
        np.concatenate([getattr(each, name) for each in (Detections.empty(), *(boxes for _, boxes in found))])
        for name in ("xyxy", "confidence", "class_id")
    )
    return pictures, Detections(*columns)


def _shaken(boxes: Detections, rng: np.random.Generator) -> Detections:
    size = np.tile(boxes.xyxy[:, 2:] - boxes.xyxy[:, :2], 2)
    xyxy = (boxes.xyxy + size * rng.normal(0.0, MOVED, size.shape)).clip(-MOST_PIXELS, MOST_PIXELS)
    xyxy[:, 2:] = np.maximum(xyxy[:, 2:], xyxy[:, :2])
    return replace(boxes, xyxy=xyxy.astype(np.float32))


def _reading(
    tracker: Tracker,
    frames: range,
    pictures: Sequence[tuple[int, slice]],
    boxes: Detections,
    fps: float,
    image_size: Sequence[float] | None,
    *,
    backwards: bool,
) -> tuple[TrackRows, Int64]:
    """The tracks where they were detected, and which of all detections each row is.

    Args:
        tracker: that has seen nothing.
        frames: the recording's.
        pictures: which of the frames there are, by their turn, and which boxes are theirs.
        boxes: of all pictures.
        fps: frames a second.
        image_size: pixels.
        backwards: from the last picture to the first.

    Returns:
        The rows, whose ``frame`` is a turn, and for each the index of its box.
    """
    told, index = [], [np.zeros(0, np.int64)]
    for turn, at in reversed(pictures) if backwards else pictures:
        timestamp = (len(frames) - 1 - turn if backwards else turn) / fps
        xyxy, confidence, class_id = boxes.xyxy[at], boxes.confidence[at], boxes.class_id[at]
        try:
            tracks = tracker.update(xyxy, confidence, class_id, timestamp=timestamp, image_size=image_size)
        except ValueError as error:
            raise ValueError(f"frame {frames[turn]}: {error}") from None
        if len(tracks):
            told.append(TrackRows.of_frame(turn, tracks, xyxy))
            index.append(np.where(tracks.detection_index < 0, -1, at.start + tracks.detection_index))
    joined, detection = TrackRows.joined(told), np.concatenate(index)
    told.clear()
    rows = untangled(joined, fps)
    detected = np.flatnonzero(detection >= 0)
    return rows.at(detected), detection[detected]


def _steady(rows: TrackRows, numbers: Int32, fps: float) -> Int32:
    """The number that each reading gives most often around each row, on the track of the first reading.

    Args:
        rows: of the first reading.
        numbers: (N, readings) what number each reading gave the row's detection, 0 where none.
        fps: frames a second.

    Returns:
        (N, readings), 0 where a reading tells of nobody around the row.
    """
    steady = numbers.copy()
    order = np.lexsort((rows.frame, rows.track_id))
    for at in np.split(order, np.flatnonzero(np.diff(rows.track_id[order])) + 1):
        frame = rows.frame[at]
        begin = np.searchsorted(frame, frame - STEADY_S * fps)
        end = np.searchsorted(frame, frame + STEADY_S * fps, side="right")
        for reading in np.flatnonzero((numbers[at] != numbers[at[:1]]).any(axis=0)):
            said = numbers[at, reading]
            known = np.unique(said[said > 0])
            given = said == known[:, None]
            sum_before = np.pad(np.cumsum(given, axis=1), ((0, 0), (1, 0)))
            often = sum_before[:, end] - sum_before[:, begin] + 0.5 * given  # of two as often, what is said of the row
            steady[at, reading] = np.where(often.any(axis=0), known[often.argmax(axis=0)], 0)
    return steady


def _told(ballot: Sequence[int]) -> list[tuple[int, int]]:
    """The readings that tell of a detection, and the number that each gives it."""
    return [(reading, number) for reading, number in enumerate(ballot) if number]


def _agreed(rows: TrackRows, ballots: Int32, fps: float) -> Int64:
    """Who each row is.

    Args:
        rows: of the first reading, frame after frame.
        ballots: (N, readings) what number each reading gives the row, 0 where none.
        fps: frames a second.

    Returns:
        (N,) people, numbered from 1 in the order in which they come.
    """
    evidence = Evidence(READINGS, fps, MEMORY_S)
    latest: dict[int, int] = {}  # the first reading's number -> who had it last
    person = np.zeros(len(rows), np.int64)
    for at in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows.frame)) + 1):
        said = [_told(ballot) for ballot in ballots[at].tolist()]
        first = ballots[at, 0].tolist()
        votes = []
        for i, telling in enumerate(said):
            before = latest.get(first[i])
            for candidate, share in evidence.shares(telling).items():
                likely = share + KEPT * (candidate == before)
                if likely >= (KNOWN if before is None else SAME):
                    votes.append((likely, candidate, i))
        who = elected(votes)
        for i, telling in enumerate(said):
            latest[first[i]] = chosen = evidence.note(who.get(i), telling, int(rows.frame[at[i]]))
            person[at[i]] = chosen + 1
    return person
