"""The decision over a track: several consistent samples, the best weigh more."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from omni.faces import Calibration, Gallery
from omni.faces.evidence import EMBED_S, KEPT, RENEW_S, Evidence, Sample
from omni.faces.recognition import Recognition

D = 32


def axis(i: int) -> np.ndarray:
    return np.eye(D, dtype=np.float32)[i]


def near(vector: np.ndarray, distance: float, away: int) -> np.ndarray:
    """A unit vector at this distance, turned towards an axis of its own."""
    cosine = 1 - distance**2 / 2
    return (cosine * vector + np.sqrt(1 - cosine**2) * axis(away)).astype(np.float32)


def gallery(*people: np.ndarray) -> Recognition:
    known = Gallery(None, "net", D)
    for i, vector in enumerate(people):
        known.add(f"p{i}", [], vector[None], 0.0)
    calibration = Calibration(NormalDist(0.3, 0.05), NormalDist(0.56, 0.065))
    return Recognition(known, calibration, calibration.distance_of_far(0.001))


def names(evidence: Evidence, recognition: Recognition) -> list[str]:
    return [recognition.gallery.get(p.id).name for p in evidence.verdict(recognition)]


def collect(*samples: tuple[np.ndarray, float]) -> Evidence:
    evidence = Evidence()
    for i, (vector, quality) in enumerate(samples):
        evidence.add(Sample(vector, quality), float(i))
    return evidence


def test_two_samples_decide_nothing_and_three_that_agree_do() -> None:
    recognition = gallery(axis(0), axis(1))
    samples = [(near(axis(0), 0.3, 10 + i), 0.5) for i in range(3)]
    assert names(collect(*samples[:2]), recognition) == []
    assert names(collect(*samples), recognition) == ["p0"]


def test_one_lucky_sample_among_strangers_is_no_match() -> None:
    recognition = gallery(axis(0))
    strangers = [(near(axis(0), 0.6, 10), 0.5)] * 4
    assert names(collect((axis(0), 0.9), *strangers), recognition) == []


def test_samples_for_two_people_are_no_match() -> None:
    recognition = gallery(axis(0), near(axis(0), 0.4, 1))
    mixed = [(near(axis(0), 0.2, 10 + i), 0.5) for i in range(2)]
    mixed += [(near(near(axis(0), 0.4, 1), 0.1, 20 + i), 0.5) for i in range(2)]
    assert names(collect(*mixed), recognition) == []


def test_bad_samples_weigh_little() -> None:
    recognition = gallery(axis(0), axis(1))
    good = [(near(axis(0), 0.25, 10 + i), 0.8) for i in range(3)]
    assert names(collect(*good, (near(axis(1), 0.5, 20), 0.06)), recognition) == ["p0"]


def test_two_profiles_of_one_person_are_both_told_the_nearer_first() -> None:
    recognition = gallery(axis(0), near(axis(0), 0.2, 1))
    assert names(collect(*[(near(axis(0), 0.15, 10 + i), 0.5) for i in range(4)]), recognition) == ["p0", "p1"]


def test_the_best_are_kept_and_a_face_is_embedded_only_when_worth_it() -> None:
    evidence = Evidence()
    for i in range(KEPT):
        at = i * 2 * EMBED_S
        assert evidence.wants(0.5, at)
        evidence.add(Sample(axis(i), 0.5), at)
        assert not evidence.wants(0.9, at + EMBED_S / 2)
    assert not Evidence().wants(0.01, 0.0)
    later = evidence.latest + 2 * EMBED_S  # type: ignore[operator]
    assert evidence.wants(0.6, later)
    assert not evidence.wants(0.51, later)
    evidence.add(Sample(axis(20), 0.9), later)
    assert sorted(sample.quality for sample in evidence.samples) == [0.5, 0.5, 0.5, 0.5, 0.9]


def test_while_nobody_is_matched_the_oldest_sample_is_renewed_now_and_then() -> None:
    evidence = collect(*[(axis(i), 0.5) for i in range(KEPT)])
    at = float(KEPT - 1) + RENEW_S
    assert evidence.wants(0.45, at)
    assert not evidence.wants(0.3, at)
    evidence.add(Sample(axis(20), 0.45), at)
    assert not any(np.array_equal(sample.embedding, axis(0)) for sample in evidence.samples)
    evidence.profiles = gallery(axis(1)).of(axis(1))
    assert not evidence.wants(0.46, at + 10.0)
    assert evidence.wants(0.6, at + 10.0)


def test_unknown_is_said_once_after_a_fair_chance() -> None:
    evidence = collect(*[(axis(i), 0.5) for i in range(KEPT)])
    assert not evidence.is_unknown(0.5, leaving=False)
    assert evidence.is_unknown(4.0, leaving=False)
    evidence.told_unknown = True
    assert not evidence.is_unknown(4.0, leaving=True)
    seen_from_the_side = collect(*[(axis(i), 0.1) for i in range(KEPT)])
    assert not seen_from_the_side.is_unknown(9.0, leaving=True)
    assert not collect((axis(0), 0.5), (axis(1), 0.5)).is_unknown(9.0, leaving=True)
    assert not Evidence().is_unknown(9.0, leaving=True)
