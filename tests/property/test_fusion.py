"""What holds for the map fusion whatever is seen."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from omni import FusionConfig, Homography, MapFuser
from omni.types import Detections, Float64, MapState

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).parents[3] / "shared" / "data"))
SIZE = (1280.0, 720.0)
Views = dict[str, Float64]
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def hall() -> Views:
    """(3, 4) projections of four cameras, 3 m up in the corners of 12 x 8 m."""
    views = {}
    lens = np.array([[900, 0, 640], [0, 900, 360], [0, 0, 1.0]])
    for i, (x, y) in enumerate([(0, 0), (12, 0), (12, 8), (0, 8)]):
        eye = np.array([x, y, 3.0])
        ahead = np.array([6, 4, 1.0]) - eye
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 0, 1])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(ahead, right), ahead])
        views[f"corner {i}"] = lens @ np.c_[rotation, -rotation @ eye]
    return views


def fuser(views: Views, map_from_floor: Float64 | None = None, metres_per_unit: float = 1.0) -> MapFuser:
    turn = np.eye(3) if map_from_floor is None else map_from_floor
    cameras = {name: Homography(turn @ np.linalg.inv(view[:, [0, 1, 3]]), SIZE) for name, view in views.items()}
    return MapFuser(cameras, FusionConfig(metres_per_unit=metres_per_unit))


def seen(views: Views, seed: int, frame: int) -> dict[str, Detections]:
    """Boxes of eight people who walk about; one in ten is missed, corners are off by 2 %, one box is nobody's."""
    rng = np.random.default_rng((seed, 1))
    start, speed = rng.uniform((3, 2), (9, 6), (8, 2)), rng.normal(0, 0.5, (8, 2))
    tall = rng.normal(1.72, 0.08, 8)
    places = start + speed * frame / 10
    noise = np.random.default_rng((seed, 2, frame))
    boxes = {}
    for name, view in views.items():
        foot, head = (np.c_[places, z, np.ones(8)] @ view.T for z in (np.zeros(8), tall))
        in_front = (foot[:, 2] > 0.5) & (head[:, 2] > 0.5)
        foot, head = (p[in_front, :2] / p[in_front, 2:] for p in (foot, head))
        height = foot[:, 1] - head[:, 1]
        middle = (foot[:, 0] + head[:, 0]) / 2
        rows = np.stack([middle - 0.2 * height, head[:, 1], middle + 0.2 * height, foot[:, 1]], 1)
        rows += noise.normal(0, 0.02, rows.shape) * height[:, None]
        rows = np.r_[rows[noise.random(len(rows)) > 0.1], [[100, 100, 160, 300]]].clip(0, (*SIZE, *SIZE))
        rows = rows[(rows[:, 2] > rows[:, 0]) & (rows[:, 3] > rows[:, 1])]
        boxes[name] = detections(rows)
    return boxes


def detections(rows: Float64) -> Detections:
    return Detections(rows.astype(np.float32), np.full(len(rows), 0.9, np.float32), np.zeros(len(rows), np.int32))


def same(a: MapState, b: MapState, position: Float64) -> None:
    assert a.object_id.tolist() == b.object_id.tolist()
    np.testing.assert_allclose(position, b.position, atol=1e-6)
    np.testing.assert_allclose(a.score, b.score)


@quick
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_cameras_and_boxes_changes_nothing(seed: int, shuffler: Random) -> None:
    views = hall()
    order = list(views)
    shuffler.shuffle(order)
    one, other = fuser(views), fuser({name: views[name] for name in order})
    for frame in range(15):
        given_boxes = seen(views, seed, frame)
        shuffled = {}
        for name in order:
            rows = given_boxes[name].xyxy.astype(np.float64)
            shuffled[name] = detections(rows[np.random.default_rng(frame).permutation(len(rows))])
        a, b = one.update(given_boxes, timestamp=frame / 10), other.update(shuffled, timestamp=frame / 10)
        same(a, b, a.position)
        assert [set(source) for source in a.sources] == [set(source) for source in b.sources]


@quick
@given(st.integers(0, 10_000), st.floats(-3.1, 3.1), st.floats(0.01, 1), st.floats(-1000, 1000))
def test_a_map_turned_scaled_and_moved_gives_the_same_people(
    seed: int, angle: float, metres_per_unit: float, away: float
) -> None:
    views = hall()
    k, cos, sin = 1 / metres_per_unit, np.cos(angle), np.sin(angle)
    turn = np.array([[k * cos, -k * sin, away], [k * sin, k * cos, -away], [0, 0, 1]])
    one, other = fuser(views), fuser(views, turn, metres_per_unit)
    for frame in range(15):
        boxes = seen(views, seed, frame)
        a, b = one.update(boxes, timestamp=frame / 10), other.update(boxes, timestamp=frame / 10)
        assert a.object_id.tolist() == b.object_id.tolist()
        assert a.sources == b.sources
        np.testing.assert_allclose(metres_per_unit * b.position, metres_per_unit * moved(turn, a.position), atol=1e-5)
        np.testing.assert_allclose(
            metres_per_unit * np.linalg.norm(b.velocity, axis=1), np.linalg.norm(a.velocity, axis=1), atol=1e-5
        )


def moved(turn: Float64, places: Float64) -> Float64:
    return np.asarray(places @ turn[:2, :2].T + turn[:2, 2])


@quick
@given(st.integers(0, 10_000))
def test_two_people_never_have_one_id_nor_one_box(seed: int) -> None:
    views = hall()
    one = fuser(views)
    for frame in range(20):
        state = one.update(seen(views, seed, frame), timestamp=frame / 10)
        assert len(set(state.object_id.tolist())) == len(state)
        for name in views:
            used = [source[name] for source in state.sources if name in source]
            assert len(set(used)) == len(used)
        assert np.isfinite(state.position).all()
        assert (np.linalg.eigvalsh(state.covariance) > 0).all()


def one_by_one(seed: int, apart_s: float, *, late: bool) -> tuple[set[int], set[int]]:
    """The ids that are told of and those that two people had at once, when frames of the same moment come singly.

    ``apart_s``: from one camera to the next. ``late``: some cameras' come up to 0.3 s after the others'.
    """
    views = hall()
    lag = np.random.default_rng(seed).integers(0, 4, len(views)) * late
    one, told, twice, now = fuser(views), set(), set(), 0.0
    for _, frame, number in sorted((i + lag[k], i, k) for i in range(15) for k in range(len(views))):
        name, taken_at = list(views)[number], frame / 10 + apart_s * number
        now = max(now, taken_at)
        state = one.update({name: seen(views, seed, frame)[name]}, timestamp=now, timestamps={name: taken_at})
        ids = state.object_id.tolist()
        told |= set(ids)
        twice |= {number for number in ids if ids.count(number) > 1}
    return told, twice


@quick
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02]))
@example(30, 0.0)
@example(50, 0.0)
def test_two_people_never_have_one_id_however_late_frames_come(seed: int, apart_s: float) -> None:
    assert not one_by_one(seed, apart_s, late=True)[1]


@pytest.mark.parametrize("seed", range(4))
def test_frames_that_come_late_give_nobody_another_id(seed: int) -> None:
    in_time, late = (one_by_one(seed, 0.02, late=late)[0] for late in (False, True))
    assert late == in_time


pixels = st.floats(width=32) | st.floats(-3000, 3000, width=32) | st.sampled_from([0.0, 1.0, 1280.0])
entries = st.floats(-1e4, 1e4) | st.floats(-1, 1) | st.sampled_from([0.0, 1e-12, 1.0])
rows = st.lists(st.tuples(pixels, pixels, pixels, pixels), max_size=5)
moments = st.lists(
    st.tuples(st.floats(0, 1e9) | st.floats(0, 3), st.dictionaries(st.sampled_from("ab"), rows)), max_size=8
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(entries, min_size=9, max_size=9),
    st.none() | st.tuples(st.floats(1, 1e5), st.floats(1, 1e5)),
    st.floats(1e-3, 1e3),
    moments,
)
def test_no_input_panics_and_every_answer_is_a_number(
    matrix: list[float],
    size: tuple[float, float] | None,
    metres_per_unit: float,
    moments: list[tuple[float, dict[str, list[tuple[float, ...]]]]],
) -> None:
    usual = Homography(np.linalg.inv(hall()["corner 0"][:, [0, 1, 3]]), SIZE)
    one = MapFuser({"b": usual}, FusionConfig(metres_per_unit=metres_per_unit))
    with contextlib.suppress(ValueError):  # no homography at all
        one.set_camera("a", Homography(np.reshape(matrix, (3, 3)), size))
    for timestamp, frames in moments:
        boxes = {name: detections(np.array(frame).reshape(-1, 4)) for name, frame in frames.items()}
        with contextlib.suppress(ValueError):  # refused, with the reason
            state = one.update(boxes, timestamp=timestamp)
            assert np.isfinite(state.position).all()
            assert np.isfinite(state.covariance).all()


@pytest.mark.skipif(not (DATA / "cmc-dev").is_dir(), reason="OMNI_DATA has no cmc-dev")
@pytest.mark.parametrize("sequence", ["CMC1", "CMC2"])
def test_all_cameras_find_more_than_the_best_single_one(sequence: str) -> None:
    folder = DATA / "cmc-dev"
    cameras = json.loads((folder / "calibration.json").read_bytes())["cameras"]
    rows = {name: mot_rows(folder / sequence / "det" / f"{name}.txt") for name in cameras}
    truth = np.genfromtxt(folder / sequence / "gt" / "gt_floor.txt", delimiter=",", skip_header=1)
    matrices = {name: np.array(camera["H_image_to_floor"]) for name, camera in cameras.items()}
    single = max(found(rows, {name: matrix}, truth) for name, matrix in matrices.items())
    assert found(rows, matrices, truth) >= single


def mot_rows(path: Path) -> Float64:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        return np.array([[float(v) for v in line.split(",")[:7]] for line in file])


def found(rows: Mapping[str, Float64], matrices: Mapping[str, Float64], truth: Float64) -> float:
    """People within half a metre of where the map has them, less those it has and who are not there, over all people.

    In the middle of the room, where everybody is annotated.
    """
    one = MapFuser({name: Homography(matrix, (1920, 1024)) for name, matrix in matrices.items()})
    score = people = 0
    for frame in range(int(truth[:, 0].min()), int(truth[:, 0].max()) + 1):
        boxes = {}
        for name in matrices:
            now = rows[name][rows[name][:, 0] == frame]
            xyxy = np.c_[now[:, 2:4], now[:, 2:4] + now[:, 4:6]].astype(np.float32)
            boxes[name] = Detections(xyxy, now[:, 6].clip(0, 1).astype(np.float32), np.zeros(len(now), np.int32))
        state = one.update(boxes, timestamp=frame / 4)
        wanted = truth[truth[:, 0] == frame][:, 2:4]
        wanted, had = (p[(p[:, 0] > 2.5) & (p[:, 0] < 5.8)] for p in (wanted, state.position))
        near = np.linalg.norm(wanted[:, None] - had[None], axis=2) < 0.5
        hits = int(near.any(1).sum()) if near.size else 0
        score += hits - (len(had) - min(hits, len(had)))
        people += len(wanted)
    return score / people
