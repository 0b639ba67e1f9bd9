"""The floor and the looks: what they add, and that neither does harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omni import Tracker
from omni.fusion import Homography
from omni.mot import read_mot
from omni.track import TrackerConfig

DIMENSION = 64


def looks(*people: int, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    """One noisy vector a person; the same person's vectors are alike."""
    rng = np.random.default_rng(seed)
    faces = np.random.default_rng(99).normal(size=(100, DIMENSION))
    return (faces[list(people)] + noise * rng.normal(size=(len(people), DIMENSION))).astype(np.float32)


def scene(tracker: Tracker, people: list[int], begin: float, seconds: float, appearance: bool = True) -> list[int]:
    """People who stand 200 pixels apart, at 10 frames a second. Gives the ids of the last frame."""
    ids: list[int] = []
    for i in range(round(10 * seconds)):
        xyxy = np.array([[200.0 * n, 100, 200 * n + 50, 250] for n in range(len(people))], np.float32).reshape(-1, 4)
        rows = looks(*people, seed=round(10 * begin) + i) if appearance else None
        tracks = tracker.update(xyxy, np.full(len(people), 0.9), timestamp=begin + i / 10, embeddings=rows)
        ids = tracks.track_id.tolist()
    return ids


def test_who_comes_back_gets_the_old_id_within_the_time_limit() -> None:
    tracker = Tracker(TrackerConfig(reident_seconds=100))
    assert scene(tracker, [1, 2, 3], 0, 10) == [1, 2, 3]
    assert scene(tracker, [], 10, 20) == []
    assert scene(tracker, [7, 2], 30, 2) == [4, 2]
    assert scene(tracker, [], 32, 200) == []
    assert scene(tracker, [3], 240, 2) == [5]


def test_without_looks_nobody_is_known_again() -> None:
    tracker = Tracker()
    assert scene(tracker, [1, 2, 3], 0, 10, appearance=False) == [1, 2, 3]
    scene(tracker, [], 10, 20)
    assert scene(tracker, [1], 30, 2, appearance=False) == [4]


def test_looks_decide_where_boxes_cannot() -> None:
    """Two people change places behind a pillar: only their looks tell."""

    def ids(appearance: bool) -> list[int]:
        tracker = Tracker()
        for i in range(100):
            xyxy = [[100, 100, 150, 250], [125, 100, 175, 250]]
            people = [1, 2] if i < 60 else [2, 1]
            if i == 60:
                xyxy = [[110, 100, 160, 250], [115, 100, 165, 250]]
            tracks = tracker.update(
                xyxy, [0.9, 0.9], timestamp=i / 10, embeddings=looks(*people, seed=i) if appearance else None
            )
        return [int(tracks.track_id[tracks.detection_index == k][0]) for k in (0, 1)]

    assert ids(appearance=False) == [1, 2]
    assert ids(appearance=True) == [2, 1]


@pytest.mark.parametrize("kind", ["noise", "constant", "zeros"])
def test_looks_that_say_nothing_change_nothing(kind: str) -> None:
    rng = np.random.default_rng(3)
    plain, looked = Tracker(), Tracker()
    for i in range(200):
        t = i / 10
        x = np.array([100 + 40 * t, 900 - 40 * t, 500 + 100 * np.sin(t)])
        xyxy = np.stack([x, np.full(3, 100.0), x + 50, np.array([250.0, 255, 245])], 1)
        rows = {"noise": rng.normal(size=(3, 8)), "constant": np.ones((3, 8)), "zeros": np.zeros((3, 8))}[kind]
        a = plain.update(xyxy, [0.9] * 3, timestamp=t)
        b = looked.update(xyxy, [0.9] * 3, timestamp=t, embeddings=rows)
        assert a.track_id.tolist() == b.track_id.tolist()


def test_embeddings_keep_their_length() -> None:
    tracker = Tracker()
    scene(tracker, [1], 0, 1)
    with pytest.raises(ValueError, match=r"embeddings: expected rows of 64, as in the updates before, got 3"):
        tracker.update([[0, 0, 1, 1]], [0.9], timestamp=5.0, embeddings=np.ones((1, 3)))
    assert scene(tracker, [1], 1, 1) == [1]  # the refused update changed nothing


def purity(track: Callable[[int], Any], truth: np.ndarray, frames: int) -> float:
    """Share of the ground truth's boxes that carry the id which their person has most often."""
    counts: dict[int, dict[int, int]] = {}
    for frame in range(1, frames + 1):
        tracks, true = track(frame), truth[truth[:, 0] == frame]
        for person, x, y, w, h in true[:, 1:6]:
            box = np.array([x, y, x + w, y + h])
            overlap = np.clip(
                np.minimum(tracks.xyxy[:, 2:], box[2:]) - np.maximum(tracks.xyxy[:, :2], box[:2]), 0, None
            ).prod(1)
            area = (tracks.xyxy[:, 2:] - tracks.xyxy[:, :2]).prod(1) + w * h - overlap
            if len(tracks) and (overlap / area).max() > 0.5:
                own = counts.setdefault(int(person), {})
                track_id = int(tracks.track_id[(overlap / area).argmax()])
                own[track_id] = own.get(track_id, 0) + 1
    return sum(max(own.values()) for own in counts.values()) / len(truth)


@pytest.fixture(scope="module")
def street(measured: Callable[[str], Path]) -> Callable[[Tracker], float]:
    rows = read_mot(measured("pets09-s2l1/det/frcnn_sort_repo.txt"))
    truth = np.loadtxt(measured("pets09-s2l1/gt/gt.txt"), delimiter=",")

    def kept(tracker: Tracker) -> float:
        def track(frame: int) -> Any:
            at = rows.at(frame)
            return tracker.update(rows.xyxy[at], np.clip(rows.score[at], 0, 1), timestamp=frame / 10)

        return purity(track, truth, rows.last_frame)

    return kept


def test_the_floor_keeps_more_ids_even_where_it_is_5_percent_off(
    street: Callable[[Tracker], float], measured: Callable[[str], Path]
) -> None:
    document = json.loads(measured("pets09-s2l1/calibration.json").read_bytes())
    matrix = np.array(document["cameras"]["cam1"]["H_image_to_floor"])
    without = street(Tracker())
    for off in (0.95, 1.0, 1.05):
        image = np.diag([1.0, off, 1.0])  # rows of the picture, and with them distances, are off
        homography = Homography(matrix @ image, image_size=tuple(document["image_size"]))
        assert street(Tracker(homography=homography)) > without + 0.03
