"""No input makes a panic: whatever comes, the core answers or refuses with an error that omni documents."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from omni import Homography, MapFuser, Tracker, TrackerConfig, _core, encode_jpeg, encode_jpeg_base64
from omni.errors import OmniError
from omni.types import Detections

REFUSALS = (OmniError, ValueError, TypeError)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

dtypes = st.sampled_from(["f4", "f8", "f2", "i4", "u1", "i8", "?", "c8", "O", "U3", "M8[s]", ">f4"]).map(np.dtype)
any_array = dtypes.flatmap(
    lambda dtype: arrays.arrays(
        dtype,
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.none() if dtype.kind == "O" else None,
    )
)


def boxes(count: int) -> st.SearchStrategy[Any]:
    number = st.floats(width=32) | st.sampled_from([0.0, 1.0, 1e30, -1e30, 3e38])
    return arrays.arrays(np.float32, (count, 4), elements=number) | arrays.arrays(
        np.float32, (count, 4), elements=st.floats(0, 500, width=32)
    ).map(lambda a: np.sort(a.reshape(-1, 2, 2), axis=1).reshape(-1, 4))


def twisted(array: np.ndarray, how: int) -> np.ndarray:
    """The same values as a view with other strides, or read-only."""
    if how == 1:
        return np.repeat(array, 2, axis=0)[::2]
    if how == 2:
        return np.asfortranarray(array)
    if how == 3:
        array = array.copy()
        array.flags.writeable = False
    return array


@quick
@given(
    frames=st.lists(st.integers(0, 6).flatmap(boxes), max_size=8),
    confidence=st.floats(0, 1, width=32),
    steps=st.lists(st.floats(1e-6, 1e6), min_size=8, max_size=8),
    how=st.integers(0, 3),
    size=st.none() | st.tuples(st.floats(), st.floats()),
)
def test_tracker_survives_any_boxes_and_stays_as_it_was_when_it_refuses(
    frames: list[np.ndarray], confidence: float, steps: list[float], how: int, size: tuple[float, float] | None
) -> None:
    tracker, twin = Tracker(), Tracker()
    time = 0.0
    for xyxy, step in zip(frames, steps, strict=False):
        time += step
        scores = np.full(len(xyxy), confidence, np.float32)
        try:
            tracks = tracker.update(twisted(xyxy, how), scores, timestamp=time, image_size=size)
        except REFUSALS:
            continue
        same = twin.update(xyxy, scores, timestamp=time, image_size=size)
        np.testing.assert_array_equal(tracks.xyxy, same.xyxy)
        np.testing.assert_array_equal(tracks.track_id, same.track_id)
        assert len(set(tracks.track_id.tolist())) == len(tracks)
        assert np.isfinite(tracks.xyxy).all()
        assert (tracks.detection_index < len(xyxy)).all()


@quick
@given(any_array, any_array, st.none() | any_array, st.none() | any_array, st.floats())
def test_tracker_survives_any_arrays(xyxy: Any, confidence: Any, class_id: Any, embeddings: Any, time: float) -> None:
    with contextlib.suppress(*REFUSALS):
        Tracker().update(xyxy, confidence, class_id, timestamp=time, embeddings=embeddings)


@quick
@given(st.dictionaries(st.sampled_from(list(TrackerConfig.__slots__)), st.floats(), min_size=1))
def test_tracker_survives_any_setting(values: dict[str, float]) -> None:
    with contextlib.suppress(*REFUSALS):
        tracker = Tracker(TrackerConfig(**values))  # type: ignore[arg-type]
        for i in range(3):
            tracker.update([[0, 0, 10, 20], [5, 0, 15, 20]], [0.9, 0.8], timestamp=i)


no_number = st.none() | st.text(max_size=3) | st.integers(10**309, 10**310) | st.complex_numbers() | any_array
anything = st.floats() | no_number


def refused(work: Callable[[], object]) -> str:
    """Why the work was refused; empty where it was not."""
    try:
        work()
    except REFUSALS as refusal:
        return str(refusal)
    return ""


@quick
@given(anything, anything | st.lists(anything, max_size=4))
def test_tracker_names_the_number_that_it_refuses(timestamp: Any, image_size: Any) -> None:
    refusal = refused(
        lambda: Tracker().update([[0, 0, 10, 20]], [0.9], timestamp=timestamp, image_size=image_size),
    )
    assert not refusal or refusal.startswith(("timestamp: expected", "image_size: expected"))


@quick
@given(
    st.lists(
        st.tuples(
            st.floats(0, 30) | anything,
            st.sampled_from("ab"),
            st.integers(0, 4).flatmap(boxes) | any_array,
            st.none() | any_array,
        ),
        max_size=8,
    )
)
def test_fuser_names_what_it_refuses_and_stays_as_it_was(updates: list[tuple[Any, str, Any, Any]]) -> None:
    camera = Homography(np.diag([0.01, 0.01, 1.0]), image_size=(640, 480))
    fuser, twin = (MapFuser({"a": camera, "b": camera}) for _ in range(2))
    for timestamp, stream, xyxy, confidence in updates:
        given = np.full(np.shape(xyxy)[:1], 0.9) if confidence is None else confidence
        seen = {stream: Detections(xyxy, given, np.zeros(0, np.int32))}
        if refusal := refused(lambda seen=seen, at=timestamp: fuser.update(seen, timestamp=at)):
            assert refusal.startswith(("timestamp: expected", f"{stream}: "))
            assert ": expected " in refusal
            continue
        twin.update(seen, timestamp=timestamp)
        told, expected = (f.update({}, timestamp=timestamp) for f in (fuser, twin))
        for column in ("object_id", "position", "velocity", "covariance", "score"):
            np.testing.assert_array_equal(getattr(told, column), getattr(expected, column))
            assert np.isfinite(getattr(told, column)).all()


numbers = st.floats() | st.floats(-1000, 1000)


@quick
@given(st.integers(0, 7).flatmap(lambda n: st.tuples(*[arrays.arrays(float, (n, 2), elements=numbers)] * 2)))
def test_homography_survives_any_points(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    with contextlib.suppress(*REFUSALS):
        fitted = Homography.from_points(*pairs)
        assert np.isfinite(fitted.matrix).all()
        assert fitted.rms_error is not None


@quick
@given(
    arrays.arrays(float, (3, 3), elements=numbers),
    arrays.arrays(float, (5, 2), elements=numbers),
    st.none() | arrays.arrays(float, 5, elements=numbers),
    boxes(4),
)
def test_homography_and_fuser_survive_any_matrix(
    matrix: np.ndarray, points: np.ndarray, distortion: np.ndarray | None, xyxy: np.ndarray
) -> None:
    lens = None if distortion is None else np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    with contextlib.suppress(*REFUSALS):
        camera = Homography(matrix, (640, 480), lens, distortion)
        for result in (camera.map_from_image(points), camera.image_from_map(points)):
            assert result.shape == (5, 2)
        assert camera.covariance(points, 2.0).shape == (5, 2, 2)
        fuser = MapFuser({"a": camera, "b": Homography(np.eye(3))})
        seen = Detections(xyxy, np.full(4, 0.9, np.float32), np.zeros(4, np.int32))
        for i in range(4):
            state = fuser.update({"a": seen, "b": seen}, timestamp=0.2 * i)
            assert np.isfinite(state.position).all()
            assert np.isfinite(state.covariance).all()


@quick
@given(any_array, any_array)
def test_homography_survives_any_arrays(a: Any, b: Any) -> None:
    for attempt in (
        lambda: Homography(a),
        lambda: Homography.from_points(a, b),
        lambda: Homography(np.eye(3), None, a, b),
    ):
        with contextlib.suppress(*REFUSALS):
            attempt()


@quick
@given(
    any_array | arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=9)),
    st.integers() | st.floats() | st.none(),
    st.integers(0, 3),
)
def test_encoder_survives_any_picture(image: Any, quality: Any, how: int) -> None:
    for encode in (encode_jpeg, encode_jpeg_base64):
        with contextlib.suppress(*REFUSALS):
            assert encode(twisted(image, how) if image.ndim else image, quality)


coordinate = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-0.2, 1.2) | st.sampled_from([0.0, 0.5, 1.0])


@quick
@given(
    corners=st.lists(st.tuples(coordinate, coordinate), max_size=8),
    presence=st.booleans(),
    direction=st.none() | st.tuples(coordinate, coordinate),
    inertia_frames=st.integers(0, 5),
    walk=st.lists(st.tuples(st.integers(-3, 3), coordinate, coordinate, coordinate), max_size=12),
    ended=st.lists(st.integers(-3, 3), max_size=3),
)
def test_regions(corners: Any, presence: bool, direction: Any, inertia_frames: int, walk: Any, ended: Any) -> None:
    with contextlib.suppress(REFUSALS):
        points = np.array(corners, np.float64).reshape(-1, 2)
        region = _core.Region(points, presence=presence, direction=direction)
        monitor = _core.RegionMonitor([region], inertia_frames=inertia_frames)
        for time, (track, x, y, height) in enumerate(walk):
            with contextlib.suppress(REFUSALS):
                kinds, _, _, sights = monitor.update(
                    np.array([track, track]),
                    np.array([[x, y], [y, x]]),
                    np.array([[height, 0.1], [0.2, height]]),
                    timestamp=time / 7,
                    frame=time,
                )
                assert sights.shape == (len(kinds), 4, 4)
        monitor.forget(np.array(ended, np.int64))
        monitor.forget_all()


@quick
@given(value=any_array)
def test_regions_take_no_array_that_is_not_theirs(value: Any) -> None:
    square = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]])
    monitor = _core.RegionMonitor([_core.Region(square, presence=True, direction=None)], inertia_frames=1)
    for arguments in ((value, square, square), (np.arange(3), value, square), (np.arange(3), square, value)):
        with contextlib.suppress(REFUSALS):
            monitor.update(*arguments, timestamp=0.0, frame=0)
    with contextlib.suppress(REFUSALS):
        monitor.forget(value)
    with contextlib.suppress(REFUSALS):
        _core.Region(value, presence=True, direction=(0.0, 1.0))
