from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from omni.track import TrackRows, smoothed, untangled

FPS = 10.0
FRAMES = np.arange(60)


def person(number: int, x: float, speed: float, foot: float, height: float, *, unseen: range = range(0)) -> TrackRows:
    """Somebody who walks along a line and is at ``x`` in the middle of the recording; the detector errs by a pixel."""
    frames = FRAMES[~np.isin(FRAMES, unseen)]
    centre = x + speed * (frames - 29.6) / FPS
    boxes = np.column_stack(
        [centre - 0.2 * height, np.full(len(frames), foot - height), centre + 0.2 * height, np.full(len(frames), foot)]
    )
    boxes += np.random.default_rng(number).normal(0.0, 1.0, boxes.shape)
    return TrackRows(frames, np.full(len(frames), number), boxes, np.full(len(frames), 0.9), boxes)


def street(*, unseen: range = range(0)) -> TrackRows:
    """Eight times two people who pass each other; the second of the last two is not seen for a moment."""
    people = []
    for pair in range(8):
        foot = 300.0 + 250.0 * pair
        people.append(person(2 * pair + 1, 500.0, 60.0, foot, 150.0))
        people.append(person(2 * pair + 2, 500.0, -60.0, foot - 10.0, 140.0, unseen=unseen if pair == 7 else range(0)))
    return TrackRows.joined(people)


def exchanged(rows: TrackRows, numbers: dict[int, int], frame: int) -> TrackRows:
    """The numbers as a tracker tells them that takes people for each other from ``frame`` on."""
    told = rows.track_id.copy()
    for number, taken_for in numbers.items():
        told[(rows.track_id == number) & (rows.frame >= frame)] = taken_for
    return replace(rows, track_id=told)


@pytest.mark.parametrize("numbers", [{1: 2, 2: 1}, {1: 2, 2: 1, 9: 10, 10: 9}])
@pytest.mark.parametrize("frame", [28, 30, 32])
def test_who_was_taken_for_the_other_at_a_crossing_gets_the_number_back(numbers: dict[int, int], frame: int) -> None:
    truth = street()
    told = untangled(exchanged(truth, numbers, frame), FPS)
    apart = np.abs(truth.frame - 29.6) > 4  # nobody can tell at which frame of the crossing it was
    np.testing.assert_array_equal(told.track_id[apart], truth.track_id[apart])
    np.testing.assert_array_equal(told.xyxy, truth.xyxy)


def test_who_was_hidden_behind_the_other_and_taken_for_him_gets_the_number_back() -> None:
    truth = street(unseen=range(27, 33))
    told = untangled(exchanged(truth, {15: 16, 16: 15}, 30), FPS)
    apart = np.abs(truth.frame - 29.6) > 4
    np.testing.assert_array_equal(told.track_id[apart], truth.track_id[apart])


def test_three_who_were_taken_for_each_other_in_turn_get_their_numbers_back() -> None:
    three = [person(17, 500.0, 0.0, 2400.0, 145.0), person(18, 505.0, 60.0, 2405.0, 155.0)]
    truth = TrackRows.joined([street(), *three, person(19, 495.0, -60.0, 2395.0, 130.0)])
    told = untangled(exchanged(truth, {17: 18, 18: 19, 19: 17}, 30), FPS)
    apart = np.abs(truth.frame - 29.6) > 6
    np.testing.assert_array_equal(told.track_id[apart], truth.track_id[apart])


def test_right_numbers_stay() -> None:
    truth = street()
    np.testing.assert_array_equal(untangled(truth, FPS).track_id, truth.track_id)


def test_who_meets_turns_round_and_is_told_apart_by_size_keeps_the_number() -> None:
    left, right = (
        person(number, 500.0, 0.0, foot, height) for number, foot, height in ((17, 2420.0, 180.0), (18, 2400.0, 140.0))
    )
    away = 60.0 * np.abs(FRAMES - 29.6)[:, None] / FPS * np.array([1.0, 0.0, 1.0, 0.0])
    met = [
        replace(rows, xyxy=rows.xyxy + away * side, detected=rows.xyxy + away * side)
        for rows, side in ((left, -1), (right, 1))
    ]
    truth = TrackRows.joined([street(), *met])
    np.testing.assert_array_equal(untangled(truth, FPS).track_id, truth.track_id)


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = exchanged(street(), {1: 2, 2: 1}, 30)
    mixed = np.random.default_rng(5).permutation(len(rows))
    np.testing.assert_array_equal(untangled(rows.at(mixed), FPS).track_id, untangled(rows, FPS).track_id[mixed])


@pytest.mark.parametrize("rows", [street().at(slice(0, 0)), street().at(slice(0, 1)), street().at(slice(0, 60))])
def test_nobody_crosses_nobody(rows: TrackRows) -> None:
    np.testing.assert_array_equal(untangled(rows, FPS).track_id, rows.track_id)


def test_a_number_that_comes_back_after_long_is_taken() -> None:
    rows = street()
    later = replace(rows, frame=rows.frame + 10_000_000)  # no row is made for each frame between
    both = exchanged(TrackRows.joined([rows, later]), {1: 2, 2: 1}, 30)
    told = untangled(both, FPS)
    assert len(smoothed(told, FPS)) == len(both)
    apart = np.abs(both.frame % 10_000_000 - 29.6) > 4
    np.testing.assert_array_equal(told.track_id[apart], np.r_[rows.track_id, rows.track_id][apart])
