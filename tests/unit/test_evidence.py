"""Who is who by what several readings say."""

from __future__ import annotations

import math

import pytest

from omni._evidence import Evidence, elected

FPS, MEMORY_S = 10.0, 2.0


def test_a_person_is_known_by_the_numbers_that_readings_gave_them_of_late() -> None:
    evidence = Evidence(2, FPS, MEMORY_S)
    ann = evidence.note(None, [(0, 7), (1, 3)], frame=0)
    ben = evidence.note(None, [(0, 8), (1, 4)], frame=0)
    assert (ann, ben, len(evidence)) == (0, 1, 2)
    assert evidence.shares([(0, 7), (1, 3)]) == {ann: 1.0}
    assert evidence.shares([(0, 7), (1, 4)]) == {ann: 0.5, ben: 0.5}
    assert evidence.shares([(0, 9)]) == {}

    assert evidence.note(ann, [(0, 7), (1, 4)], frame=20) == ann  # two seconds later the second calls her 4
    faded = math.exp(-1.0)
    assert evidence.shares([(1, 4)]) == pytest.approx({ann: 1.0 / (1.0 + faded), ben: 1.0})
    assert evidence.shares([(1, 3)]) == pytest.approx({ann: faded / (1.0 + faded)})


def test_the_surest_is_elected_first_and_nobody_is_in_two_places() -> None:
    assert elected([]) == {}
    assert elected([(0.6, 0, 0), (0.9, 0, 1), (0.5, 1, 0), (0.8, 1, 1)]) == {1: 0, 0: 1}
    assert elected([(0.5, 1, 0), (0.5, 0, 0)]) == {0: 0}  # of equals whoever came first
