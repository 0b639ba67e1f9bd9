from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from omni.track import TrackRows, smoothed, untangled


def rows(frames: list[int], boxes: np.ndarray, track_id: int = 1, detected: np.ndarray | None = None) -> TrackRows:
    n = len(frames)
    return TrackRows(
        np.array(frames), np.full(n, track_id), boxes, np.full(n, 0.9), boxes if detected is None else detected
    )


def walk(frames: list[int], speed: float = 3.0) -> np.ndarray:
    at = np.array(frames, np.float64)[:, None]
    return np.array([100.0, 50.0, 140.0, 170.0]) + at * np.array([speed, 0.0, speed, 0.0])


@pytest.mark.parametrize("work", [smoothed, untangled])
def test_what_is_no_frame_rate_is_refused(work: Callable[[TrackRows, Any], TrackRows]) -> None:
    for fps in (0, -10, float("inf"), float("nan"), 1e9):
        with pytest.raises(ValueError, match=r"fps: expected 0\.01 to 1000 frames a second"):
            work(TrackRows.joined([]), fps)
    with pytest.raises(TypeError, match="fps: expected a number, got NoneType"):
        work(TrackRows.joined([]), None)


@pytest.mark.parametrize("work", [smoothed, untangled])
@pytest.mark.parametrize(
    ("column", "wrong", "error", "told"),
    [
        ("frame", [1.0, 2.0], TypeError, "frame: expected integers, got float64"),
        ("track_id", [1.5, 1.5], TypeError, "track_id: expected integers, got float64"),
        ("track_id", [1, 2**63], TypeError, "track_id: expected integers, got"),
        ("track_id", [1], ValueError, r"track_id: expected shape \(2,\), one row for each frame, got \(1,\)"),
        ("xyxy", [[1.0, 2.0, 3.0]] * 2, ValueError, r"xyxy: expected shape \(2, 4\)"),
    ],
)
def test_rows_that_are_none_are_refused_and_lists_are_taken(
    work: Callable[[TrackRows, float], TrackRows], column: str, wrong: Any, error: type[Exception], told: str
) -> None:
    right = {"frame": [1, 2], "track_id": [7, 7], "xyxy": [[0, 0, 9, 9]] * 2, "confidence": [1, 1]}
    right["detected"] = right["xyxy"]
    assert work(TrackRows(**right), 10).track_id.tolist() == [7, 7]
    with pytest.raises(error, match=told):
        work(TrackRows(**{**right, column: wrong}), 10)
    with pytest.raises(TypeError, match=r"rows: expected omni\.track\.TrackRows, got dict"):
        work(right, 10)  # type: ignore[arg-type]


def test_a_gap_is_closed_on_the_straight_way_and_a_longer_one_is_not() -> None:
    seen = [*range(1, 11), *range(21, 31)]
    closed = smoothed(rows(seen, walk(seen)), fps=5)
    assert closed.frame.tolist() == list(range(1, 31))
    np.testing.assert_allclose(closed.xyxy, walk(list(range(1, 31))), atol=1e-6)
    assert np.isnan(closed.detected[10:20]).all()
    assert not np.isnan(closed.detected[9]).any()
    assert smoothed(rows(seen, walk(seen)), fps=4).frame.tolist() == seen


def test_who_is_found_at_the_same_place_was_there_meanwhile() -> None:
    seen = [*range(1, 21), *range(41, 61)]
    still = walk(seen, speed=0.0)
    assert smoothed(rows(seen, still), fps=4).frame.tolist() == list(range(1, 61))
    assert smoothed(rows(seen, still), fps=3).frame.tolist() == seen  # a gap of more than 5 s
    assert smoothed(rows(seen, walk(seen)), fps=4).frame.tolist() == seen


def test_a_gap_is_not_closed_for_who_was_hardly_seen() -> None:
    often, seldom = [*range(1, 8), *range(18, 26)], [*range(1, 8), *range(18, 25)]  # 15 and 14 boxes, 10 frames away
    assert smoothed(rows(often, walk(often)), fps=10).frame.tolist() == list(range(1, 26))
    assert smoothed(rows(seldom, walk(seldom)), fps=10).frame.tolist() == seldom
    # boxes that were predicted do not count, nor do those of somebody else
    detected = walk(often)
    detected[3] = np.nan
    once = rows(often, walk(often), detected=detected)
    other = rows(often, walk(often) + 500.0, track_id=2)
    told = smoothed(TrackRows.joined([once, other]), fps=10)
    assert told.frame[told.track_id == 1].tolist() == often
    assert told.frame[told.track_id == 2].tolist() == list(range(1, 26))


def test_noise_is_smoothed_and_a_fast_turn_is_kept() -> None:
    frames = list(range(200))
    noise = np.random.default_rng(1).normal(0.0, 3.0, (200, 4))
    straight = walk(frames, 0.5)
    error = smoothed(rows(frames, straight + noise), fps=30).xyxy - straight
    assert np.sqrt((error[10:-10] ** 2).mean()) < 0.5 * 3.0  # of the noise of 3 pixels less than half is left
    dance = straight + 60.0 * np.sin(np.array(frames) * 0.3)[:, None] * np.array([1.0, 0.0, 1.0, 0.0])
    kept = smoothed(rows(frames, dance), fps=30).xyxy - dance
    assert np.abs(kept[5:-5]).max() < 3.0  # of an amplitude of 60


def test_lines_stay_lines_whatever_the_width() -> None:
    frames = list(range(50))
    told = smoothed(rows(frames, walk(frames)), fps=10)
    np.testing.assert_allclose(told.xyxy, walk(frames), atol=1e-6)


def test_tracks_do_not_touch_each_other_and_rows_come_by_frame_and_number() -> None:
    one, two = rows([1, 2, 3], walk([1, 2, 3])), rows([2, 3, 4], walk([2, 3, 4]) + 500.0, track_id=2)
    told = smoothed(TrackRows.joined([two, one]), fps=10)
    assert list(zip(told.frame.tolist(), told.track_id.tolist(), strict=True)) == [
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
        (4, 2),
    ]
    np.testing.assert_allclose(told.xyxy[told.track_id == 2], walk([2, 3, 4]) + 500.0, atol=1e-6)


def test_where_somebody_was_predicted_and_never_seen_again_there_was_nobody() -> None:
    frames = list(range(20))
    boxes = walk(frames)
    detected = boxes.copy()
    detected[[7, 8, *range(15, 20)]] = np.nan
    assert smoothed(rows(frames, boxes, detected=detected), fps=10).frame.tolist() == frames[:15]
    assert smoothed(rows(frames[:3], boxes[:3], detected=detected[15:18]), fps=10).frame.tolist() == frames[:3]


@pytest.mark.parametrize("frames", [[], [7]])
def test_hardly_any_rows_are_given_back(frames: list[int]) -> None:
    given = rows(frames, walk(frames).reshape(-1, 4))
    told = smoothed(given, fps=10)
    assert told.frame.tolist() == frames
    np.testing.assert_array_equal(told.xyxy, given.xyxy)
