"""Faces and bodies joined to people, in crowds whose truth is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.crowds import HEIGHT, WIDTH, Box, Moment, crowd

from omni.faces import Calibration, Gallery
from omni.faces.recognition import Recognition
from omni.faces.traits import TraitReader
from omni.faces.watch import FaceWatch
from omni.types import CONFIRMED, FaceReport, Faces, Frame, Tracks

PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
TRACK_S = 1.0
"""The track of a body that was not seen for so long has ended."""


class Detector:
    """Finds the faces of the crowd. All look alike: what joins them is where they are."""

    def __init__(self) -> None:
        self.boxes = np.zeros((0, 4), np.float32)

    def detect(self, image: np.ndarray) -> Faces:
        del image
        return Faces(self.boxes, np.full(len(self.boxes), 0.9, np.float32), np.repeat(self.boxes[:, None, :2], 5, 1))


@dataclass
class Told:
    """How often each number was told of whose body and whose face."""

    reports: list[FaceReport] = field(default_factory=list)
    bodies: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    faces: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def exchanged(self) -> int:
        """People who were told with the bodies of several."""
        return sum(len(of) > 1 for of in self.bodies.values())

    @property
    def wrong(self) -> int:
        """Sights of a face that were told of somebody else."""
        whose = {number: (self.bodies.get(number) or of).most_common(1)[0][0] for number, of in self.faces.items()}
        return sum(n for number, of in self.faces.items() for person, n in of.items() if person != whose[number])


def watched(moments: list[Moment]) -> Told:
    detector, told, seen_at = Detector(), Told(), dict[int, float]()
    recognition = Recognition(
        Gallery(None, "net", 4), Calibration(NormalDist(0.3, 0.05), NormalDist(0.56, 0.065)), 0.36
    )
    watch = FaceWatch(
        detector,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]  # a picture without edges: no face is worth embedding
        recognition,
        TraitReader(None, None, attention=False),
        pictures=False,
    )
    for moment in moments:
        at = moment.timestamp
        seen_at |= {1 + person + 1000 * moment.lives[person]: at for person in moment.bodies}
        gone = [track for track, last in seen_at.items() if at - last > TRACK_S]
        for track in gone:
            del seen_at[track]
        tracks, detector.boxes = _tracks(moment), _rows(moment.faces)
        report = watch.update(Frame("crowd", 0, at, at, PICTURE), tracks, gone, tracks.xyxy)
        told.reports.append(report)
        for number, box in zip(report.people.track_id.tolist(), report.people.xyxy, strict=True):
            told.bodies[number].update(_whose(box, moment.bodies))
        for number, sight in report.sights.items():
            told.faces[number].update(_whose(sight.xyxy, moment.faces))
    return told


def _tracks(moment: Moment) -> Tracks:
    n = len(moment.bodies)
    ids = [1 + person + 1000 * moment.lives[person] for person in moment.bodies]
    return Tracks(
        moment.timestamp,
        np.array(ids, np.int64),
        _rows(moment.bodies),
        np.full(n, 0.9, np.float32),
        np.zeros(n, np.int32),
        np.full(n, CONFIRMED, np.uint8),
        np.arange(n, dtype=np.int32),
        np.zeros(n),
    )


def _rows(boxes: dict[int, Box]) -> np.ndarray:
    return np.array([*boxes.values()], np.float32).reshape(-1, 4)


def _whose(box: Box, boxes: dict[int, Box]) -> list[int]:
    return [person for person, other in boxes.items() if np.array_equal(box, other)]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), people=st.integers(1, 6))
def test_a_face_is_one_persons_and_a_person_is_told_once_a_frame(seed: int, people: int) -> None:
    moments = crowd(seed, people, seconds=8.0)
    person_of_body: dict[int, int] = {}
    for moment, report in zip(moments, watched(moments).reports, strict=True):
        numbers = report.people.track_id.tolist()
        assert len(set(numbers)) == len(numbers)
        sights = [tuple(sight.xyxy.tolist()) for sight in report.sights.values()]
        assert len(set(sights)) == len(sights)
        assert report.sights.keys() <= set(numbers)
        assert not set(report.gone) & set(numbers)
        bodies = _tracks(moment).track_id.tolist()
        for track, number in zip(bodies, numbers, strict=False):  # bodies come first
            assert person_of_body.setdefault(track, number) == number


def test_joining_seldom_takes_one_for_another() -> None:
    """What the joining rules do, on average over crowds that pass through each other (docs/benchmarks/faces.md)."""
    told = [watched(crowd(seed, 3)) for seed in range(25)]
    numbers = sum(len(one.bodies.keys() | one.faces.keys()) for one in told)
    sights = sum(of.total() for one in told for of in one.faces.values())
    assert sum(one.exchanged for one in told) <= 0.04 * numbers
    assert sum(one.wrong for one in told) <= 0.04 * sights
    assert sights >= 0.95 * sum(len(m.faces) for seed in range(25) for m in crowd(seed, 3))
