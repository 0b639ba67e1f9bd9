"""The tracker as Python sees it; its behaviour over time is tested in rust/omni-core."""

from __future__ import annotations

import re
import resource
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from omni import FusionConfig, Homography, Tracker, TrackerConfig
from omni.types import CONFIRMED, LOST, REMOVED, Detections, Tracks

ROOT = Path(__file__).parents[3]
BOX = [[10.0, 20.0, 50.0, 120.0]]


def assert_equal(a: Tracks, b: Tracks) -> None:
    for field in fields(Tracks):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def test_columns_have_the_documented_shapes_and_dtypes() -> None:
    tracks = Tracker().update(BOX, [0.9], timestamp=1.5)
    dtypes = {
        "track_id": np.int64,
        "xyxy": np.float32,
        "confidence": np.float32,
        "class_id": np.int32,
        "state": np.uint8,
        "detection_index": np.int32,
        "first_timestamp": np.float64,
    }
    assert tracks.timestamp == 1.5
    for name, dtype in dtypes.items():
        column = getattr(tracks, name)
        assert column.dtype == dtype, name
        assert column.shape == ((1, 4) if name == "xyxy" else (1,)), name
    assert tracks.track_id.tolist() == [1]
    assert tracks.state.tolist() == [CONFIRMED]
    assert tracks.detection_index.tolist() == [0]


def test_tracks_name_the_detections_that_they_were_given() -> None:
    tracker = Tracker()
    other = [300.0, 20.0, 340.0, 120.0]
    for i in range(4):
        tracks = tracker.update(BOX, [0.9], timestamp=i / 10)
    found = Detections(np.array([other, *BOX], np.float32), np.array([0.4, 0.9], np.float32), np.zeros(2, np.int32))
    tracks = tracker.update(found.xyxy, found.confidence, timestamp=0.4)
    named = tracks.named(found)
    assert named.track_id.tolist() == [-1, *tracks.track_id.tolist()] == [-1, 1]
    np.testing.assert_array_equal(named.xyxy, found.xyxy)
    assert named.timestamp == 0.4


def test_lists_and_any_width_of_number_give_the_same_tracks() -> None:
    expected = Tracker().update(np.array(BOX, np.float32), np.array([0.9], np.float32), timestamp=0)
    for xyxy in (BOX, np.array(BOX), np.array(BOX, np.int16), np.asfortranarray(BOX), np.repeat(BOX, 2, axis=0)[::2]):
        assert_equal(Tracker().update(xyxy, [0.9], [0], timestamp=0), expected)


def test_no_detections_is_a_frame_like_any_other() -> None:
    tracker = Tracker()
    for timestamp, (xyxy, confidence) in enumerate([([], []), (np.zeros((0, 4)), np.zeros(0))]):
        tracks = tracker.update(xyxy, confidence, timestamp=timestamp)
        assert len(tracks) == 0
        assert tracks.xyxy.shape == (0, 4)


def test_an_empty_list_and_the_array_made_of_it_are_no_rows() -> None:
    tracker = Tracker()
    tracker.update(BOX, [0.9], embeddings=[[1.0, 0.0]], timestamp=0)
    nothing: list[list[float]] = []
    for i, empty in enumerate((nothing, np.array(nothing), np.array(nothing, np.float32), np.zeros((0, 4))), 1):
        assert len(tracker.update(empty, empty[:, 0] if np.ndim(empty) == 2 else empty, timestamp=i)) == 0
    assert len(tracker.update(np.array(nothing), np.array(nothing), embeddings=np.array(nothing), timestamp=9)) == 0
    with pytest.raises(ValueError, match=r"embeddings: expected shape \(1, D\)"):
        tracker.update(BOX, [0.9], embeddings=nothing, timestamp=10)


def test_the_size_of_the_picture_may_be_any_two_numbers() -> None:
    expected = Tracker().update(BOX, [0.9], timestamp=0, image_size=(640, 480))
    for size in ([640, 480], np.array([640, 480]), (np.int64(640), np.float32(480))):
        assert_equal(Tracker().update(BOX, [0.9], timestamp=0, image_size=size), expected)


def test_life_of_a_track() -> None:
    tracker = Tracker()
    assert len(tracker.lost()) == len(tracker.removed()) == 0
    for i in range(10):
        tracker.update(BOX, [0.9], [3], timestamp=i / 10)
    tracker.update([], [], timestamp=1.0)
    lost = tracker.lost()
    assert (lost.track_id.tolist(), lost.state.tolist(), lost.class_id.tolist()) == ([1], [LOST], [3])
    assert lost.timestamp == 1.0
    assert lost.detection_index.tolist() == [-1]
    assert lost.first_timestamp.tolist() == [0.0]
    tracker.update([], [], timestamp=10.0)
    assert tracker.removed().state.tolist() == [REMOVED]
    assert len(tracker.lost()) == 0


def test_each_tracker_counts_for_itself_and_reset_uses_no_id_twice() -> None:
    first, second = Tracker(), Tracker()
    assert first.update(BOX, [0.9], timestamp=5).track_id.tolist() == [1]
    assert second.update(BOX, [0.9], timestamp=5).track_id.tolist() == [1]
    first.reset()
    assert first.update(BOX, [0.9], timestamp=0).track_id.tolist() == [2]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"xyxy": [[0, 0, 1]]}, ValueError, r"xyxy: expected shape \(N, 4\), got \[1, 3\]"),
        ({"xyxy": [0, 0, 1, 1]}, ValueError, "xyxy"),
        ({"xyxy": [[0, 0, 1, 1], [0, 0]]}, ValueError, "xyxy"),
        ({"xyxy": [[5, 0, 1, 1]]}, ValueError, r"xyxy\[0\]"),
        ({"xyxy": [[0, 0, np.nan, 1]]}, ValueError, r"xyxy\[0\]"),
        ({"xyxy": [[0, 0, 1e300, 1]]}, ValueError, r"xyxy\[0\]"),
        ({"xyxy": [[True, True, True, True]]}, TypeError, "xyxy: expected real numbers, got bool"),
        ({"xyxy": [[1j, 0, 1, 1]]}, TypeError, "complex"),
        ({"xyxy": [[None, 0, 1, 1]]}, TypeError, "object"),
        ({"xyxy": [["a", "b", "c", "d"]]}, TypeError, "xyxy"),
        ({"confidence": [0.5, 0.5]}, ValueError, r"confidence: expected shape \(1,\), as many as boxes"),
        ({"confidence": [1.5]}, ValueError, r"confidence\[0\]"),
        ({"confidence": [np.nan]}, ValueError, r"confidence\[0\]"),
        ({"class_id": [0.5]}, TypeError, "class_id: expected integers"),
        ({"class_id": [2**40]}, ValueError, "class_id"),
        ({"class_id": [1, 2]}, ValueError, "class_id"),
        ({"embeddings": [[np.inf]]}, ValueError, "embeddings"),
        ({"embeddings": [[1.0], [2.0]]}, ValueError, "embeddings"),
        ({"timestamp": 1.0}, ValueError, "timestamp: expected more than 1"),
        ({"timestamp": np.nan}, ValueError, "timestamp"),
        ({"timestamp": "now"}, TypeError, "timestamp: expected a real number, got str"),
        ({"timestamp": None}, TypeError, "timestamp: expected a real number, got NoneType"),
        ({"timestamp": 10**400}, ValueError, "timestamp: expected finite seconds"),
        ({"confidence": 0.9}, ValueError, r"confidence: expected shape \(1,\)"),
        ({"xyxy": np.ma.masked_array(BOX, mask=True)}, ValueError, "xyxy: expected values for all"),
        ({"xyxy": [[0, 0, 1e8, 1]]}, ValueError, r"xyxy\[0\]: expected pixels from -16777216 to 16777216"),
        ({"image_size": (1, 2, 3)}, ValueError, r"image_size: expected \(width, height\) in pixels, got 3 numbers"),
        ({"image_size": "ab"}, TypeError, r"image_size: expected \(width, height\) in pixels, got str"),
        ({"image_size": (1e-300, 2)}, ValueError, "image_size: expected a width and height from"),
        ({"image_size": (np.nan, 2)}, ValueError, "image_size"),
        ({"image_size": (0, 2)}, ValueError, "image_size"),
    ],
)
def test_a_refused_update_says_why_and_changes_nothing(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    tracker, twin = Tracker(), Tracker()
    for t in (tracker, twin):
        t.update(BOX, [0.9], timestamp=1.0)
    arguments: dict[str, object] = {"xyxy": BOX, "confidence": [0.9], "timestamp": 2.0} | change
    with pytest.raises(error, match=message):
        tracker.update(**arguments)  # type: ignore[arg-type]
    assert_equal(tracker.update(BOX, [0.9], timestamp=2.0), twin.update(BOX, [0.9], timestamp=2.0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("low_confidence_threshold", -0.1),
        ("high_confidence_threshold", 1.1),
        ("track_activation_threshold", 0.1),
        ("minimum_matching_threshold", float("nan")),
        ("lost_track_seconds", -1.0),
        ("relink_seconds", 0.5),
        ("covered_track_seconds", 2.0),
    ],
)
def test_a_bad_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Tracker(replace(TrackerConfig(), **{name: value}))


def test_arguments_of_another_type_are_named() -> None:
    for config, got in (({}, "dict"), (FusionConfig(), "FusionConfig"), (TrackerConfig, "the class TrackerConfig")):
        with pytest.raises(TypeError, match=rf"config: expected omni\.TrackerConfig, got {got}"):
            Tracker(config)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="lost_track_seconds: expected a number, got str"):
        Tracker(TrackerConfig(lost_track_seconds="1"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="adapt_confidence: expected True or False, got int"):
        Tracker(TrackerConfig(adapt_confidence=1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"homography: expected omni\.Homography, got ndarray"):
        Tracker(homography=np.eye(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="metres_per_unit: expected a real number, got str"):
        Tracker(homography=Homography(np.eye(3)), metres_per_unit="1")  # type: ignore[arg-type]


@pytest.mark.parametrize("config", ["TrackerConfig", "FusionConfig"])
def test_python_and_rust_have_the_same_defaults(config: str) -> None:
    import omni

    folder = "track" if config == "TrackerConfig" else "fusion"
    source = (ROOT / "rust/omni-core/src" / folder / "config.rs").read_text()
    block = source.split(f"impl Default for {config}")[1].split("impl ")[0]
    rust = dict(re.findall(r"(\w+): ([\d.]+|true|false),", block))
    python = {f.name: str(f.default).lower() for f in fields(getattr(omni, config))}
    assert rust == python


def test_a_million_false_alarms_leave_memory_flat() -> None:
    random = np.random.default_rng(5)
    tracker = Tracker()

    def alarms(frame: int) -> None:
        corner = random.uniform(0, 1800, (2000, 2))
        xyxy = np.hstack([corner, corner + random.uniform(10, 120, (2000, 2))]).astype(np.float32)
        scores = random.uniform(0.1, 1.0, 2000).astype(np.float32)
        tracker.update(xyxy, scores, timestamp=frame / 30)

    for frame in range(150):  # as long as anybody is remembered
        alarms(frame)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for frame in range(150, 500):
        alarms(frame)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
