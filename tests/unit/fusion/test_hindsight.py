"""What a whole recording tells of the map: made-up people, whose ways are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from omni.fusion import FusionConfig, Homography, MapFuser, MapRows, whole_recording
from omni.fusion.hindsight import READINGS, _agreed, _reading, _without_gaps
from omni.types import Detections, Float64, MapState, Tracks

FPS = 5.0
CAMERAS = {name: Homography(np.diag([0.01, 0.01, 1.0]), image_size=(2000, 2000)) for name in ("door", "hall")}


def standing_at(*places: tuple[float, float]) -> Detections:
    x, y = 100 * np.array(places, np.float32).reshape(-1, 2).T
    n = len(places)
    return Detections(np.stack([x - 20, y - 100, x + 20, y], 1), np.full(n, 0.8, np.float32), np.zeros(n, np.int32))


def walker(frame: int) -> tuple[float, float]:
    return 2.0 + 0.2 * frame, 5.0


def seen(frame: int) -> dict[str, Tracks | Detections]:
    """Somebody walks through from frame 10 to 59, whom no camera sees in 30 and 31; somebody else stands there."""
    there = [walker(frame)] if 10 <= frame < 60 and frame not in (30, 31) else []
    return {name: standing_at((4.0, 12.0), *there) for name in CAMERAS}


def test_what_is_no_rate_and_no_run_of_frames_is_refused() -> None:
    for fps in (0, -10, float("nan"), 1e9):
        with pytest.raises(ValueError, match=r"fps: expected 0\.01 to 1000 frames a second"):
            whole_recording({}, range(3), lambda _: {}, fps)
    with pytest.raises(ValueError, match="frames: expected one frame after the other"):
        whole_recording({}, range(3, 0, -1), lambda _: {}, 10)
    with pytest.raises(TypeError, match="frames: expected a range, got list"):
        whole_recording({}, [1, 2], lambda _: {}, 10)  # type: ignore[arg-type]


def test_lists_will_do_as_arrays() -> None:
    def listed(frame: int) -> dict[str, Detections]:
        return {
            name: Detections(*(getattr(boxes, column).tolist() for column in ("xyxy", "confidence", "class_id")))
            for name, boxes in seen(frame).items()
        }

    told, expected = (whole_recording(CAMERAS, range(20), each, FPS) for each in (listed, seen))
    np.testing.assert_array_equal(told.position, expected.position)
    assert len(told)


def test_boxes_at_the_edge_of_what_is_taken_are_not_moved_beyond() -> None:
    far = Detections(
        np.array([[1.6e7, 100.0, 2.0**24, 1e7]], np.float32), np.full(1, 0.9, np.float32), np.zeros(1, np.int32)
    )
    whole_recording(CAMERAS, range(5), lambda frame: {**seen(frame), "door": far}, FPS)


def test_who_walks_through_is_told_of_from_the_first_box_to_the_last_and_no_longer() -> None:
    live = MapFuser(CAMERAS)
    told_live = {
        frame
        for frame in range(80)
        for x, y in live.update(seen(frame), timestamp=frame / FPS).position.tolist()
        if y < 8.0
    }
    assert 60 in told_live  # a live map cannot know yet that nobody is seen again

    told = whole_recording(CAMERAS, range(80), seen, FPS)

    passing = told.at(told.position[:, 1] < 8.0)
    assert passing.frame.tolist() == list(range(10, 60))
    assert len(set(passing.object_id.tolist())) == 1
    way = np.array([walker(frame) for frame in range(10, 60)])
    assert np.abs(passing.position - way).max() < 0.25
    assert told.at(told.position[:, 1] > 8.0).frame.tolist() == list(range(80))


class Overshooting(MapFuser):
    """A fuser that lets somebody go on who has stopped, as long as no camera sees them."""

    def update(
        self,
        observations: Mapping[str, Tracks | Detections],
        *,
        timestamp: float,
        timestamps: Mapping[str, float] | None = None,
    ) -> MapState:
        state = super().update(observations, timestamp=timestamp, timestamps=timestamps)
        place, sources = (2.0 * timestamp, {"door": 0}) if timestamp in (0.0, 3.0) else (5.0 * timestamp, {})
        at = np.array([[place, 1.0]])
        return replace(state, object_id=np.ones(1, np.int64), position=at, sources=(sources,))


def test_who_is_not_seen_for_a_while_has_gone_straight_to_where_they_are_next() -> None:
    told = _reading(Overshooting(CAMERAS), range(4), seen, 1.0, 0.0, gap_frames=2)
    assert sorted(told.frame.tolist()) == [0, 1, 2, 3]
    np.testing.assert_allclose(told.position, np.stack([2.0 * told.frame, np.ones(4)], 1))
    assert _reading(Overshooting(CAMERAS), range(3), seen, 1.0, 0.0, gap_frames=2).frame.tolist() == [0]


def test_the_same_recording_gives_the_same_rows_and_one_without_people_none() -> None:
    one, other = (whole_recording(CAMERAS, range(40), seen, FPS) for _ in range(2))
    for a, b in ((one.frame, other.frame), (one.object_id, other.object_id), (one.position, other.position)):
        np.testing.assert_array_equal(a, b)
    assert len(whole_recording(CAMERAS, range(5), lambda _: {name: standing_at() for name in CAMERAS}, FPS)) == 0
    assert len(whole_recording(CAMERAS, range(1, 1), seen, FPS)) == 0


def test_frames_may_be_every_third() -> None:
    every = whole_recording(CAMERAS, range(20), seen, FPS)
    third = whole_recording(CAMERAS, range(5, 65, 3), lambda frame: seen((frame - 5) // 3), FPS)
    np.testing.assert_array_equal(third.frame, 5 + 3 * every.frame)
    np.testing.assert_array_equal(third.position, every.position)


def test_the_unit_of_the_map_does_not_matter_to_who_is_one() -> None:
    in_centimetres = {name: Homography(np.diag([1.0, 1.0, 1.0]), image_size=(2000, 2000)) for name in CAMERAS}
    told = whole_recording(in_centimetres, range(80), seen, FPS, FusionConfig(metres_per_unit=0.01))
    metres = whole_recording(CAMERAS, range(80), seen, FPS)
    np.testing.assert_array_equal(told.object_id, metres.object_id)
    np.testing.assert_allclose(told.position, 100 * metres.position, rtol=1e-3)


def meeting(crossed: bool, first: int, second: int, frames: int = 40) -> MapRows:
    """Two who come within a step of each other in the middle; after it a reading may have taken one for the other."""
    frame = np.arange(frames)
    apart = np.abs(frame - frames / 2) * 0.1 + 0.3
    upper, lower = (np.stack([0.2 * frame, sign * apart], 1) for sign in (1.0, -1.0))
    late = frame >= frames // 2
    ids = [np.where(late & crossed, b, a) for a, b in ((first, second), (second, first))]
    return MapRows(np.r_[frame, frame], np.concatenate(ids), np.concatenate([upper, lower]))


def of_upper(told: MapRows) -> Float64:
    return told.object_id[told.position[:, 1] > 0].astype(np.float64)


@pytest.mark.parametrize("wrong", [0, 3, 6])
def test_who_is_who_after_a_meeting_is_what_most_readings_say_even_against_the_first(wrong: int) -> None:
    readings = [meeting(k < wrong, 10 + k, 50 + k) for k in range(READINGS)]
    told = _agreed(readings, range(40), FPS, radius=0.5)
    assert len(told) == 80
    assert len(set(of_upper(told).tolist())) == 1
    told = _agreed([meeting(k >= wrong, 10 + k, 50 + k) for k in range(READINGS)], range(40), FPS, radius=0.5)
    assert len(set(of_upper(told).tolist())) == 2
    assert set(told.object_id.tolist()) == {1, 2}


def test_readings_need_not_change_their_minds_in_the_same_frame() -> None:
    def late(k: int) -> MapRows:
        rows = meeting(True, 10 + k, 50 + k)
        changed = (rows.frame >= 20) & (rows.frame < 20 + k % 4)  # up to 3 frames after the meeting
        upper = rows.position[:, 1] > 0
        return MapRows(
            rows.frame,
            np.where(changed, np.where(upper, 10 + k, 50 + k), rows.object_id),
            rows.position,
        )

    told = _agreed([late(k) for k in range(READINGS)], range(40), FPS, radius=0.5)
    upper = of_upper(told)
    assert set(upper[:20]) == {upper[0]}
    assert set(upper[23:]) == {upper[-1]} != {upper[0]}


def test_one_half_of_the_readings_may_begin_somebody_but_nobody_is_real_by_them_alone() -> None:
    def reading(k: int) -> MapRows:
        backwards = k % 2 == 1
        known = np.arange(0 if backwards else 6, 30)
        ghost = np.arange(12, 18) if backwards else np.arange(0)
        return MapRows(
            np.r_[known, ghost],
            np.r_[np.full(len(known), 1), np.full(len(ghost), 2)],
            np.r_[np.tile([1.0, 1.0], (len(known), 1)), np.tile([7.0, 7.0], (len(ghost), 1))],
        )

    told = _agreed([reading(k) for k in range(READINGS)], range(30), FPS, radius=0.5)
    assert told.frame.tolist() == list(range(30))
    assert set(told.object_id.tolist()) == {1}


def test_short_gaps_are_closed_on_the_straight_way_and_longer_ones_are_not() -> None:
    frame = np.array([1, 2, 6, 7, 12])
    rows = MapRows(frame, np.full(5, 3), np.stack([0.5 * frame, 4.0 - 0.25 * frame], 1))
    other = MapRows(np.array([2, 4]), np.full(2, 4), np.array([[9.0, 9.0], [9.0, 8.0]]))
    told = _without_gaps(MapRows.joined([rows, other]), gap_frames=3)
    three = told.at(told.object_id == 3)
    assert sorted(three.frame.tolist()) == [1, 2, 3, 4, 5, 6, 7, 12]
    np.testing.assert_allclose(three.position, np.stack([0.5 * three.frame, 4.0 - 0.25 * three.frame], 1))
    assert sorted(told.at(told.object_id == 4).frame.tolist()) == [2, 3, 4]
