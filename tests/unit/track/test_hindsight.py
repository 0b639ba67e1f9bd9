"""What a whole recording tells of who is who: made-up people, and trackers that take them for each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from omni.track import Tracker, TrackRows, smoothed, untangled, whole_recording
from omni.track.hindsight import READINGS
from omni.types import Detections, Tracks

FPS = 10.0
SIZE = (2000, 2000)
FRAMES = range(1, 61)
LEFT, RIGHT = 300.0, 900.0


def people(*places: float) -> Detections:
    x = np.array(places, np.float32)
    n = len(places)
    xyxy = np.stack([x - 40, np.full(n, 500.0), x + 40, np.full(n, 700.0)], 1)
    return Detections(xyxy.astype(np.float32), np.full(n, 0.9, np.float32), np.zeros(n, np.int32))


def two(_: int) -> Detections:
    return people(LEFT, RIGHT)


class Mistaken(Tracker):
    """Gives people other numbers in some of the frames."""

    def __init__(self, instead: dict[int, int], when: Callable[[int], bool], *, backwards: bool) -> None:
        super().__init__()
        self._instead = instead
        self._when = when
        self._backwards = backwards

    def update(self, *arguments: Any, timestamp: float, **more: Any) -> Tracks:
        tracks = super().update(*arguments, timestamp=timestamp, **more)
        step = round(timestamp * FPS)
        if self._when(FRAMES[-1 - step if self._backwards else step]):
            tracks = replace(tracks, track_id=np.array([self._instead.get(i, i) for i in tracks.track_id.tolist()]))
        return tracks


def later(frame: int) -> bool:
    return frame > 30


def readings(wrong: set[int], instead: dict[int, int], when: Callable[[int], bool] = later) -> Callable[[], Tracker]:
    """A maker of trackers, those of the ``wrong`` readings mistaken."""
    made = iter(range(READINGS))

    def tracker() -> Tracker:
        reading = next(made)
        return Mistaken(instead if reading in wrong else {}, when, backwards=reading % 2 == 1)

    return tracker


def numbers(told: TrackRows) -> list[tuple[int, ...]]:
    """The numbers that the one on the left and the one on the right had."""
    left = told.xyxy[:, 0] < 600
    return [tuple(dict.fromkeys(told.track_id[side].tolist())) for side in (left, ~left)]


def test_what_is_no_rate_and_no_run_of_frames_is_refused() -> None:
    for fps in (0, -10, float("nan"), 1e9):
        with pytest.raises(ValueError, match=r"fps: expected 0\.01 to 1000 frames a second"):
            whole_recording(FRAMES, two, fps)
    with pytest.raises(ValueError, match="frames: expected one frame after the other"):
        whole_recording(range(3, 0, -1), two, FPS)
    with pytest.raises(TypeError, match="frames: expected a range, got list"):
        whole_recording([1, 2], two, FPS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "error", "told"),
    [
        (
            {"confidence": [0.9]},
            ValueError,
            r"frame 3: confidence: expected shape \(2,\), as many as boxes, got \(1,\)",
        ),
        ({"class_id": [0, 0, 0]}, ValueError, r"frame 3: class_id: expected shape \(2,\)"),
        ({"class_id": [0.5, 0.5]}, TypeError, "frame 3: class_id: expected integers, got float64"),
        ({"xyxy": [[1.0, 2.0, 3.0]] * 2}, ValueError, r"frame 3: xyxy: expected shape \(N, 4\), got \(2, 3\)"),
        (None, TypeError, "frame 3: expected omni Detections or None, got list"),
    ],
)
def test_detections_that_are_none_are_named_by_their_frame(
    columns: dict[str, Any] | None, error: type[Exception], told: str
) -> None:
    """A column that was too short moved the boxes of all later frames to others."""

    def seen(frame: int) -> Any:
        if frame != 3:
            return two(frame)
        return [] if columns is None else replace(two(frame), **columns)

    with pytest.raises(error, match=told):
        whole_recording(FRAMES, seen, FPS)


@pytest.mark.parametrize("wrong", [range(5), range(0, READINGS, 3), range(1, READINGS, 2)])
def test_two_who_are_taken_for_each_other_by_few_readings_keep_their_numbers(wrong: Sequence[int]) -> None:
    told = whole_recording(FRAMES, two, FPS, tracker=readings(set(wrong), {1: 2, 2: 1}))
    assert numbers(told) == [(1,), (2,)]


def test_two_who_are_taken_for_each_other_by_most_readings_change_places() -> None:
    told = whole_recording(FRAMES, two, FPS, tracker=readings(set(range(1, READINGS)), {1: 2, 2: 1}))
    assert numbers(told) == [(1, 2), (2, 1)]


def test_readings_that_waver_do_not_make_numbers_waver() -> None:
    wavering = readings(set(range(1, READINGS)), {1: 2, 2: 1}, lambda frame: frame % 5 == 0)
    assert numbers(whole_recording(FRAMES, two, FPS, tracker=wavering)) == [(1,), (2,)]


@pytest.mark.parametrize(("mistaken", "count"), [(6, 1), (12, 2)])
def test_somebody_new_is_somebody_known_if_most_readings_say_so(mistaken: int, count: int) -> None:
    told = whole_recording(FRAMES, two, FPS, tracker=readings(set(range(mistaken)), {1: 7}))
    assert [len(each) for each in numbers(told)] == [count, 1]


def walkers(frame: int) -> Detections:
    """Three who walk to and fro, one of whom is often missed; sometimes a false alarm."""
    places = [400 + 250 * np.sin(0.1 * frame), 700 - 200 * np.sin(0.07 * frame), 1500.0]
    seen = [place for i, place in enumerate(places) if i != 2 or frame % 5]
    return people(*seen, *([1800.0] if frame % 17 == 0 else []))


def test_the_first_reading_tells_who_is_there_and_where() -> None:
    tracker = Tracker()
    live = []
    for step, frame in enumerate(FRAMES):
        found = walkers(frame)
        live.append(
            TrackRows.of_frame(frame, tracker.update(found.xyxy, found.confidence, timestamp=step / FPS), found.xyxy)
        )
    once = smoothed(untangled(TrackRows.joined(live), FPS), FPS)

    told, again = (whole_recording(FRAMES, walkers, FPS) for _ in range(2))

    order, once_order = (np.lexsort((rows.xyxy[:, 0], rows.frame)) for rows in (told, once))
    np.testing.assert_array_equal(told.frame[order], once.frame[once_order])
    np.testing.assert_array_equal(told.detected[order], once.detected[once_order])
    np.testing.assert_array_equal(told.track_id, again.track_id)  # chance is the same each time
    np.testing.assert_array_equal(told.xyxy, again.xyxy)


def test_frames_may_be_every_third_and_pictures_missing() -> None:
    def seen(turn: int) -> Detections | None:
        return None if 10 <= turn < 15 else walkers(turn)

    every = whole_recording(range(40), seen, FPS)
    third = whole_recording(range(5, 125, 3), lambda frame: seen((frame - 5) // 3), FPS)
    np.testing.assert_array_equal(third.frame, 5 + 3 * every.frame)
    np.testing.assert_array_equal(third.xyxy, every.xyxy)
    np.testing.assert_array_equal(third.track_id, every.track_id)
    assert set(every.track_id[every.xyxy[:, 0] < 1000]) == {1, 2}


def test_what_the_tracker_refuses_is_named_with_its_frame() -> None:
    wrong = replace(people(LEFT), confidence=np.array([2.0], np.float32))
    with pytest.raises(ValueError, match="frame 7: confidence"):
        whole_recording(range(3, 11, 2), lambda frame: wrong if frame == 7 else people(LEFT), FPS)


def test_each_reading_has_its_own_tracker_and_says_when_it_is_done() -> None:
    done: list[int] = []
    made: list[Tracker] = []

    def tracker() -> Tracker:
        made.append(Tracker())
        return made[-1]

    whole_recording(FRAMES, two, FPS, image_size=SIZE, tracker=tracker, progress=partial(done.append, 1))
    assert len(made) == len(done) == READINGS


@pytest.mark.parametrize("frames", [range(1, 1), range(1, 2), FRAMES])
def test_where_nobody_is_nobody_is_told_of(frames: range) -> None:
    assert len(whole_recording(frames, lambda _: Detections.empty(), FPS)) == 0


def test_a_box_at_the_edge_of_what_a_tracker_takes_stays_within_it() -> None:
    edge = Detections(
        np.array([[-(2.0**24), -(2.0**24), 2.0**24, 2.0**24]], np.float32),
        np.ones(1, np.float32),
        np.zeros(1, np.int32),
    )
    assert whole_recording(FRAMES, lambda _: edge, FPS).frame.tolist() == list(FRAMES)
