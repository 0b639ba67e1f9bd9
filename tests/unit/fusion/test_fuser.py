"""The map fusion as Python sees it; its behaviour over time is tested in rust/omni-core."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omni import FusionConfig, Homography, MapFuser
from omni.types import Detections, MapState, Tracks

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).parents[3] / "../shared/data"))
ABOVE = np.diag([0.01, 0.01, 1.0])


def standing_at(*places: tuple[float, float]) -> Detections:
    x, y = 100 * np.array(places, np.float32).reshape(-1, 2).T
    n = len(places)
    return Detections(np.stack([x - 20, y - 100, x + 20, y], 1), np.full(n, 0.8, np.float32), np.zeros(n, np.int32))


def two_cameras() -> MapFuser:
    camera = Homography(ABOVE, image_size=(1000, 1000))
    return MapFuser({"door": camera, "hall": camera})


def test_one_person_in_two_cameras_is_one_object() -> None:
    fuser = two_cameras()
    for i in range(8):  # the hall should see the one at (9, 9) too: that takes longer to be believed
        state = fuser.update({"hall": standing_at((2, 3)), "door": standing_at((9, 9), (2, 3))}, timestamp=i / 5)
    assert isinstance(state, MapState)
    assert len(state) == 2
    both = next(i for i, source in enumerate(state.sources) if len(source) == 2)
    assert state.sources[both] == {"door": 1, "hall": 0}
    np.testing.assert_allclose(state.position[both], [2, 3], atol=0.02)
    assert state.velocity.shape == (2, 2)
    assert state.covariance.shape == (2, 2, 2)
    assert state.score == pytest.approx([0.8, 0.8])
    assert state.age_s == pytest.approx([1.4, 1.4])
    assert state.object_id.dtype == np.int64


def test_whom_most_cameras_miss_stays_longer_the_more_they_overlook() -> None:
    def told(detection: float) -> int:
        camera = Homography(ABOVE, image_size=(1000, 1000))
        fuser = MapFuser(dict.fromkeys(("door", "hall", "stairs"), camera), FusionConfig(detection=detection))
        count = 0
        for i in range(60):  # two seconds all see somebody; then one does, in every second picture
            hall = standing_at((2, 3)) if i < 20 else standing_at()
            door = standing_at((2, 3)) if i < 20 or i % 2 else standing_at()
            state = fuser.update({"door": door, "hall": hall, "stairs": hall}, timestamp=i / 10)
            assert np.isfinite(state.position).all()
            assert np.isfinite(state.covariance).all()
            count += len(state)
        return count

    counts = [told(detection) for detection in (1.0, 0.85, 0.4, 0.2)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1], counts
    assert told(0.0) == 0


def test_a_box_with_a_negative_id_is_a_detection_like_any_other() -> None:
    seen, fuser, twin = standing_at((2, 3), (6, 5)), two_cameras(), two_cameras()
    sure = replace(seen, confidence=np.array([0.8, 0.3], np.float32))  # too little for a detection, enough for a track
    for i in range(5):
        tracked = Tracks.of(sure, np.array([4, -1]), i / 5)
        state = fuser.update({"door": tracked}, timestamp=i / 5)
        both = twin.update({"door": Tracks.of(sure, np.array([4, 5]), i / 5)}, timestamp=i / 5)
    assert [source["door"] for source in state.sources] == [0]
    assert sorted(source["door"] for source in both.sources) == [0, 1]


def test_a_camera_may_come_later_and_change() -> None:
    fuser = MapFuser({})
    with pytest.raises(ValueError, match=r"observations: expected streams with a homography \(none\), got 'door'"):
        fuser.update({"door": standing_at((2, 3))}, timestamp=0)
    fuser.set_camera("door", Homography(ABOVE, image_size=(1000, 1000)))
    for i in range(5):
        before = fuser.update({"door": standing_at((2, 3))}, timestamp=i / 5)
    fuser.set_camera("door", Homography(ABOVE * (1, 1, 1), image_size=(1000, 1000)))
    after = fuser.update({"door": standing_at((2, 3))}, timestamp=2)
    assert before.object_id.tolist() == after.object_id.tolist() == [1]


def test_a_camera_tells_of_its_area_only_and_sources_are_those_that_were_given() -> None:
    fuser = two_cameras()
    fuser.set_camera("door", Homography(ABOVE, image_size=(1000, 1000)), [(0, 0), (5, 0), (5, 10), (0, 10)])
    for i in range(8):
        door, hall = standing_at((8, 3), (2, 3)), standing_at((8, 3), (2, 3), (8, 8))
        state = fuser.update({"door": door, "hall": hall}, timestamp=i / 5)
    by_place = {tuple(np.rint(place)): source for place, source in zip(state.position, state.sources, strict=True)}
    assert by_place == {(2, 3): {"door": 1, "hall": 1}, (8, 3): {"hall": 0}, (8, 8): {"hall": 2}}


@pytest.mark.parametrize(
    ("area", "error", "why"),
    [
        ([(0, 0), (5, 5), (5, 0), (0, 5)], ValueError, "got edges 0-1 and 2-3 that do"),
        ([(0, 0), (5, 5)], ValueError, "visible_area: expected 3 to 1000 points, got 2"),
        ([(0, 0), (5, 5), (5, np.nan)], ValueError, r"visible_area\[2\]: expected finite x and y"),
        ([0, 5, 5], ValueError, r"visible_area: expected shape \(K, 2\)"),
        ("hall", TypeError, "visible_area"),
    ],
)
def test_an_area_that_is_none_is_refused_and_the_camera_stays_as_it_was(area: Any, error: type, why: str) -> None:
    fuser, twin = two_cameras(), two_cameras()
    for stream in ("door", "stairs"):
        with pytest.raises(error, match=f"^{stream}: .*{why}"):
            fuser.set_camera(stream, Homography(ABOVE), area)
    for i in range(5):
        state = fuser.update({"door": standing_at((2, 3))}, timestamp=i / 5)
        assert (
            state.object_id.tolist() == twin.update({"door": standing_at((2, 3))}, timestamp=i / 5).object_id.tolist()
        )
    assert set(fuser.dropped_frames) == {"door", "hall"}


def test_who_is_seen_at_the_rim_of_what_a_lens_shows_is_on_the_map() -> None:
    """The borders of the picture lie beyond the fold of its distortion: it shows all up to there."""
    lens, k1 = np.array([[1100.0, 0.0, 960.0], [0.0, 1100.0, 540.0], [0.0, 0.0, 1.0]]), -0.25
    down = np.radians(35.0)
    turned = np.array([[1, 0, 0], [0, -np.sin(down), -np.cos(down)], [0, np.cos(down), -np.sin(down)]])
    camera = lens @ np.c_[turned, turned @ [0.0, 0.0, -4.0]]  # 4 m above the floor

    def pixel(x: float, y: float, z: float) -> np.ndarray:
        seen = np.linalg.inv(lens) @ camera @ [x, y, z, 1.0]
        point = seen[:2] / seen[2]
        return (lens[:2, :2] @ point) * (1.0 + k1 * point @ point) + lens[:2, 2]

    homography = Homography(np.linalg.inv(camera[:, [0, 1, 3]]), (1920, 1080), lens, [k1, 0.0, 0.0, 0.0, 0.0])
    assert np.isnan(homography.map_from_image([[0.0, 540.0]])).all()
    fuser, told = MapFuser({"a": homography}), 0
    for i in range(20):
        (x, foot), (_, head) = pixel(-5.6, 4.5 + 0.02 * i, 0.0), pixel(-5.6, 4.5 + 0.02 * i, 1.75)
        box = np.array([[x - 40, head, x + 40, foot]], np.float32)
        seen = Detections(box, np.array([0.9], np.float32), np.zeros(1, np.int32))
        told += len(fuser.update({"a": seen}, timestamp=i / 10))
    assert told >= 15


def test_a_refused_update_says_why_and_changes_nothing() -> None:
    fuser, twin = two_cameras(), two_cameras()
    for f in (fuser, twin):
        f.update({"door": standing_at((2, 3))}, timestamp=1)
    broken = standing_at((2, 3))
    broken.xyxy[0, 2] = np.nan
    cases: list[tuple[object, float, type[Exception]]] = [
        ({"door": broken}, 2, ValueError),
        ({"door": replace(broken, xyxy=np.zeros((1, 3), np.float32))}, 2, ValueError),
        ({"door": [1, 2, 3]}, 2, TypeError),
        ({"door": standing_at((2, 3))}, 1, ValueError),
    ]
    for observations, timestamp, error in cases:
        with pytest.raises(error):
            fuser.update(observations, timestamp=timestamp)  # type: ignore[arg-type]
    a = fuser.update({"door": standing_at((2, 3))}, timestamp=2)
    b = twin.update({"door": standing_at((2, 3))}, timestamp=2)
    assert (a.object_id.tolist(), a.position.tolist()) == (b.object_id.tolist(), b.position.tolist())


def test_late_frames_are_used_and_those_too_late_are_counted() -> None:
    in_order, late = two_cameras(), two_cameras()
    for i in range(6):
        seen = standing_at((2 + i / 10, 3))
        expected = in_order.update({"door": seen, "hall": seen}, timestamp=i / 10)
        late.update({"door": seen}, timestamp=i / 10)
        state = late.update({"hall": seen}, timestamp=i / 10)
    assert state.timestamp == 0.5
    np.testing.assert_allclose(state.position, expected.position)
    assert state.sources == expected.sources
    state = late.update({"door": seen}, timestamp=2)
    assert late.update({"hall": seen}, timestamp=1).timestamp == 2
    assert late.dropped_frames == {"door": 0, "hall": 1}


def test_two_frames_of_one_camera_are_not_two_cameras_that_agree() -> None:
    far = Homography([[0.01, 0, 500], [0, 0.01, 0], [0, 0, 1]])
    fuser, nobody = MapFuser({"door": Homography(ABOVE), "far": far}), Detections.empty()
    fuser.update({"door": nobody, "far": nobody}, timestamp=0.8)
    for timestamp, own, other in ((0.9, 0.9, {}), (1.0, 0.95, {"far": nobody}), (1.0, 1.0, {})):
        seen = {"door": standing_at((2, 3)), **other}
        state = fuser.update(seen, timestamp=timestamp, timestamps={"door": own})
        assert not len(state)  # for 0.1 s only
    assert len(fuser.update({"door": standing_at((2, 3))}, timestamp=1.06)) == 1


def test_a_frame_that_is_too_old_for_its_update_is_counted_and_not_used() -> None:
    fuser, twin = two_cameras(), two_cameras()
    for i in range(6):
        seen = standing_at((2, 3))
        told = fuser.update({"door": seen, "hall": seen}, timestamp=i * 10, timestamps={"hall": i * 10 - 9.4})
        expected = twin.update({"door": seen}, timestamp=i * 10)
        assert told.sources == expected.sources
    assert fuser.dropped_frames == {"door": 0, "hall": 6}


def test_frames_have_times_of_their_own() -> None:
    fuser = two_cameras()
    for i in range(30):
        t = i / 10
        seen = {"door": standing_at((2 + t, 3)), "hall": standing_at((2 + t - 0.08, 3))}
        state = fuser.update(seen, timestamp=t, timestamps={"hall": t - 0.08})
    np.testing.assert_allclose(state.position, [[2 + t, 3]], atol=0.02)
    with pytest.raises(ValueError, match="timestamps: expected at most 4"):
        fuser.update(seen, timestamp=4, timestamps={"hall": 5})
    with pytest.raises(ValueError, match=r"timestamps: expected streams of the observations, got \['roof'\]"):
        fuser.update(seen, timestamp=4, timestamps={"roof": 4})


def test_a_camera_that_lies_off_is_told_of_in_units_of_the_map() -> None:
    camera, off = np.diag([0.2, 0.2, 1.0]), np.array([[0.2, 0, 5], [0, 0.2, 0], [0, 0, 1]])
    size = (1000, 1000)
    cameras = {"door": Homography(camera, size), "hall": Homography(off, size)}
    fuser = MapFuser(cameras, FusionConfig(metres_per_unit=0.05))
    assert fuser.offsets == {}
    for i in range(300):
        places = [(5 + 2 * np.cos(i / 20 + k), 5 + 2 * np.sin(i / 20 + k)) for k in (0.0, 2.0, 4.0)]
        fuser.update(dict.fromkeys(cameras, standing_at(*places)), timestamp=i / 10)
    hall, door = fuser.offsets["hall"], fuser.offsets["door"]
    np.testing.assert_allclose(hall.offset - door.offset, [5, 0], atol=0.8)
    assert (hall.sigma < 2).all()
    assert hall.residuals > 100
    for name, offset in fuser.offsets.items():
        cameras[name] = cameras[name].shifted(-offset.offset)
    pixel = [[500, 500]]
    np.testing.assert_allclose(cameras["hall"].map_from_image(pixel), cameras["door"].map_from_image(pixel), atol=0.8)
    with pytest.raises(ValueError, match="step"):
        cameras["hall"].shifted((0, np.inf))


def test_bad_settings_are_named() -> None:
    for name in ("metres_per_unit", "detection", "pixel_noise", "lost_seconds", "merge_distance_m", "late_seconds"):
        with pytest.raises(ValueError, match=name):
            MapFuser({}, replace(FusionConfig(), **{name: -1.0}))
    with pytest.raises(TypeError, match=r"omni\.Homography"):
        MapFuser({"door": ABOVE})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=r"config: expected omni\.FusionConfig, got dict"):
        MapFuser({}, {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cameras: expected a mapping from stream_uuid, got list"):
        MapFuser([("door", ABOVE)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"xyxy": np.zeros((1, 5))}, ValueError, r"hall: xyxy: expected shape \(N, 4\)"),
        ({"xyxy": np.full((1, 4), np.nan)}, ValueError, r"hall: xyxy\[0\]: expected pixels"),
        ({"xyxy": None}, TypeError, "hall: xyxy: expected real numbers"),
        ({"confidence": [0.5, 0.5]}, ValueError, "hall: confidence"),
        ({"confidence": [1.5]}, ValueError, r"hall: confidence\[0\]: expected a number from 0 to 1"),
    ],
)
def test_wrong_boxes_are_told_with_their_stream_and_change_nothing(
    wrong: dict[str, object], error: type[Exception], message: str
) -> None:
    seen = standing_at((2, 3))
    fuser, twin = two_cameras(), two_cameras()
    for i in range(3):
        with pytest.raises(error, match=message):
            fuser.update({"door": seen, "hall": replace(seen, **wrong)}, timestamp=i)  # type: ignore[arg-type]
        told, expected = (f.update({"door": seen, "hall": seen}, timestamp=i) for f in (fuser, twin))
        np.testing.assert_array_equal(told.position, expected.position)
    with pytest.raises(ValueError, match="hall: timestamp: expected more than 2"):
        fuser.update({"hall": seen}, timestamp=2)
    with pytest.raises(TypeError, match="observations: expected a mapping"):
        fuser.update([seen], timestamp=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="hall: timestamp: expected a real number, got NoneType"):
        fuser.update({"hall": seen}, timestamp=3, timestamps={"hall": None})  # type: ignore[dict-item]
    assert fuser.update({"hall": Detections([], [], [])}, timestamp=3).timestamp == 3  # type: ignore[arg-type]


def test_a_map_in_a_national_grid_tells_what_a_map_of_the_room_tells() -> None:
    origin = np.array([500_000.0, 5_000_000.0])
    grid = np.array([[1, 0, origin[0]], [0, 1, origin[1]], [0, 0, 1]]) @ ABOVE
    room, land = two_cameras(), MapFuser(dict.fromkeys(("door", "hall"), Homography(grid, image_size=(1000, 1000))))
    for i in range(20):
        seen = dict.fromkeys(("door", "hall"), standing_at((2 + i / 10, 3), (6, 5)))
        here, there = (fuser.update(seen, timestamp=i / 10) for fuser in (room, land))
        assert here.object_id.tolist() == there.object_id.tolist()
        np.testing.assert_allclose(there.position - origin, here.position, atol=1e-6)


@pytest.mark.skipif(not (DATA / "pets09-split").is_dir(), reason="OMNI_DATA has no pets09-split")
def test_real_people_keep_their_ids_across_two_real_cameras() -> None:
    import json

    calibration = json.loads((DATA / "pets09-split/calibration.json").read_text())["cameras"]
    rows = {c: np.loadtxt(DATA / f"pets09-split/gt/{c}.txt", delimiter=",") for c in calibration}
    fuser = MapFuser({c: Homography(v["H_image_to_floor"], tuple(v["image_size"])) for c, v in calibration.items()})
    owners: dict[int, set[int]] = {}
    for frame in range(1, 796):
        seen, people = {}, {}
        for c, table in rows.items():
            now = table[table[:, 0] == frame]
            xyxy = np.c_[now[:, 2:4], now[:, 2:4] + now[:, 4:6]].astype(np.float32)
            seen[c] = Detections(xyxy, np.ones(len(now), np.float32), np.zeros(len(now), np.int32))
            people[c] = now[:, 1].astype(int)
        state = fuser.update(seen, timestamp=frame / 10)
        for object_id, sources in zip(state.object_id.tolist(), state.sources, strict=True):
            owners.setdefault(object_id, set()).update(int(people[c][i]) for c, i in sources.items())
    pure = sum(len(people) == 1 for people in owners.values())
    assert pure >= 0.9 * len(owners)
    assert len(owners) <= 1.5 * len({int(p) for table in rows.values() for p in table[:, 1]})
