"""What distances mean."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from omni.faces import Calibration

CALIBRATION = Calibration(NormalDist(0.3, 0.05), NormalDist(0.56, 0.065))


@pytest.mark.parametrize("rate", [0.0001, 0.001, 0.01, 0.5])
def test_rates_and_distances_are_inverse(rate: float) -> None:
    assert CALIBRATION.far(CALIBRATION.distance_of_far(rate)) == pytest.approx(rate)
    assert CALIBRATION.frr(CALIBRATION.distance_of_frr(rate)) == pytest.approx(rate)
    assert CALIBRATION.score(CALIBRATION.distance_of_score(1 - rate)) == pytest.approx(1 - rate)


def test_nearer_is_a_higher_score_fewer_false_accepts_and_more_false_rejects() -> None:
    distances = [0.0, 0.2, 0.35, 0.43, 0.6, 2.0]
    scores = [CALIBRATION.score(d) for d in distances]
    assert scores == sorted(scores, reverse=True)
    assert (scores[0] > 0.999, scores[-1] < 0.001) == (True, True)
    assert CALIBRATION.score(0.43) == pytest.approx(0.5)
    assert [CALIBRATION.far(d) for d in distances] == sorted(CALIBRATION.far(d) for d in distances)
    assert [CALIBRATION.frr(d) for d in distances] == sorted((CALIBRATION.frr(d) for d in distances), reverse=True)
