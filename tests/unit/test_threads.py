"""Several threads at once: each tracker, fuser and picture comes out as if it were alone."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import TypeVar

import numpy as np
import pytest

from omni import Homography, MapFuser, Tracker, encode_jpeg, encode_jpeg_base64
from omni.types import Detections, Tracks

T = TypeVar("T")
Frame = tuple[np.ndarray, np.ndarray]

THREADS = 8
FEW = 10
"""So few boxes that the interpreter's lock is kept for them."""
ABOVE = Homography(np.diag([0.01, 0.01, 1.0]), image_size=(1000, 1000))


@pytest.fixture(autouse=True)
def quick_turns() -> Iterator[None]:
    """Where there is an interpreter lock, it changes hands as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], T], threads: int = THREADS) -> list[T]:
    """What ``work(i)`` gives in each of so many threads, which begin together."""
    together = threading.Barrier(threads)

    def begin(i: int) -> T:
        together.wait()
        return work(i)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def crowd(seed: int, people: int = 40, frames: int = 60) -> list[Frame]:
    """Boxes (N, 4) and confidences (N,) of people who walk, some missed now and then."""
    random = np.random.default_rng(seed)
    place, step = random.uniform(0, 900, (people, 2)), random.uniform(-4, 4, (people, 2))
    seen = []
    for _ in range(frames):
        place += step
        shown = place[random.random(people) < 0.9]
        boxes = np.hstack([shown, shown + np.array([40, 110])]).astype(np.float32)
        seen.append((boxes, random.uniform(0.4, 0.99, len(boxes)).astype(np.float32)))
    return seen


def assert_equal(a: Tracks, b: Tracks) -> None:
    for field in fields(Tracks):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def test_trackers_in_threads_tell_what_each_tells_alone() -> None:
    def follow(seed: int) -> list[Tracks]:
        tracker, frames = Tracker(), crowd(seed, FEW if seed % 2 else 40)
        return [tracker.update(*seen, timestamp=i / 30) for i, seen in enumerate(frames)]

    for seed, told in enumerate(at_once(follow)):
        for one, alone in zip(told, follow(seed), strict=True):
            assert_equal(one, alone)


def test_one_tracker_in_threads_takes_one_update_after_the_other() -> None:
    """Whoever comes later than a newer time is refused; what was taken is as if one thread had given it."""
    crowded = crowd(1, frames=400)
    frames = [(boxes[:FEW], scores[:FEW]) if i % 2 else (boxes, scores) for i, (boxes, scores) in enumerate(crowded)]
    tracker = Tracker()

    def feed(thread: int) -> dict[int, Tracks]:
        taken = {}
        for i in range(thread, len(frames), THREADS):
            with contextlib.suppress(ValueError):
                taken[i] = tracker.update(*frames[i], timestamp=i / 30)
            tracker.lost()
            tracker.removed()
        return taken

    taken = {i: tracks for part in at_once(feed) for i, tracks in part.items()}
    assert len(frames) - 1 in taken  # nothing is newer
    alone = Tracker()
    for i in sorted(taken):
        assert_equal(taken[i], alone.update(*frames[i], timestamp=i / 30))
    assert_equal(tracker.lost(), alone.lost())


def test_one_tracker_may_be_reset_and_put_on_the_floor_while_it_works() -> None:
    frames, tracker = crowd(2, frames=200), Tracker()
    ids: list[int] = []

    def disturb(thread: int) -> None:
        if thread == 0:
            for i, seen in enumerate(frames):
                ids.extend(tracker.update(*seen, timestamp=i).track_id.tolist())
        for _ in range(50):
            tracker.reset()
            tracker.set_homography(ABOVE if thread % 2 else None)

    at_once(disturb)
    before = max(ids)
    tracker.reset()
    assert min(tracker.update(*frames[0], timestamp=0).track_id.tolist()) > before


def test_cameras_come_to_a_map_from_many_threads() -> None:
    """Each is one of its own, and who asks meanwhile is answered."""
    seen = Detections(np.array([[10, 10, 50, 110]], np.float32), np.array([0.9], np.float32), np.zeros(1, np.int32))
    fuser = MapFuser({"first": ABOVE})

    def add(thread: int) -> None:
        for i in range(60):
            name = f"{thread} {i}"
            fuser.set_camera(name, ABOVE)
            assert fuser.dropped_frames[name] == 0
            assert name not in fuser.offsets
            with contextlib.suppress(ValueError):  # not later than the frame of this camera before
                state = fuser.update({name: seen}, timestamp=i)
                assert all(0 <= index < 1 for source in state.sources for index in source.values())

    at_once(add)
    cameras = [f"{thread} {i}" for thread in range(THREADS) for i in range(60)]
    before = fuser.dropped_frames
    assert before.keys() == {"first", *cameras}
    fuser.update({"first": seen}, timestamp=1000)
    for name in cameras:
        fuser.update({name: seen}, timestamp=100)
    after = fuser.dropped_frames
    assert [after[name] - before[name] for name in cameras] == [1] * len(cameras)


def test_pictures_in_threads_become_the_same_files() -> None:
    random = np.random.default_rng(3)
    pictures = [random.integers(0, 255, (40 + 16 * i, 64 + 8 * i, 3), np.uint8) for i in range(THREADS)]

    def encode(thread: int) -> list[tuple[bytes, str]]:
        shares = [(pictures[(thread + i) % THREADS], 50 + i % 7) for i in range(40)]
        return [(encode_jpeg(*share), encode_jpeg_base64(*share)) for share in shares]

    told = at_once(encode)
    assert told == [encode(i) for i in range(THREADS)]


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded interpreter")
def test_importing_the_core_leaves_the_interpreter_without_a_lock() -> None:
    program = "import sys, omni; omni.Tracker, omni.MapFuser, omni.encode_jpeg; sys.exit(sys._is_gil_enabled())"
    assert subprocess.run([sys.executable, "-W", "error", "-c", program], check=False).returncode == 0
