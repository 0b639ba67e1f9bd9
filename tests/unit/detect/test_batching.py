"""Callers in several threads share the batches of a network, and each gets their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from omni.detect import FaceDetector, network, open_face_detector, open_face_embedder
from omni.detect.batching import Batcher
from omni.detect.heads import Outputs
from omni.errors import ModelError

BAD = -1.0


class Net:
    """Doubles each picture of one number, and is busy until the test lets it go on."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.entered, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def run(self, pictures: np.ndarray) -> Outputs:
        self.batches.append(pictures[:, 0].tolist())
        self.entered.release()
        assert self.go_on.acquire(timeout=10)
        if (pictures == BAD).any():
            raise ValueError("a bad picture")
        return {"twice": 2 * pictures, "same": pictures}


def pictures(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)[:, None]


def until_waiting(batcher: Batcher, callers: int) -> None:
    deadline = time.monotonic() + 10
    while len(batcher._waiting) < callers:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def busy_then(
    net: Net, batcher: Batcher, pool: ThreadPoolExecutor, *callers: tuple[float, ...]
) -> list[Future[Outputs]]:
    """Somebody keeps the network busy while these callers come one after the other."""
    first = pool.submit(batcher.run, pictures(0.0))
    assert net.entered.acquire(timeout=10)
    others = []
    for i, numbers in enumerate(callers, 1):
        others.append(pool.submit(batcher.run, pictures(*numbers)))
        until_waiting(batcher, i)
    net.go_on.release(100)
    assert first.result(10)["twice"].tolist() == [[0.0]]
    return others


@pytest.fixture
def net() -> Net:
    return Net()


def test_who_is_alone_runs_at_once_with_nobody_elses_pictures(net: Net) -> None:
    net.go_on.release(10)
    batcher = Batcher(net.run, most=4, side_by_side=1)
    assert batcher.run(pictures(3.0, 4.0))["twice"].tolist() == [[6.0], [8.0]]
    assert net.batches == [[3.0, 4.0]]
    many = batcher.run(pictures(*range(10)))
    assert many["same"][:, 0].tolist() == list(range(10))
    assert [len(batch) for batch in net.batches[1:]] == [4, 4, 2]


def test_all_who_wait_go_through_together_and_each_gets_their_own(net: Net) -> None:
    with ThreadPoolExecutor() as pool:
        found = busy_then(net, Batcher(net.run, most=8, side_by_side=1), pool, (1.0,), (2.0, 3.0), (4.0,))
    assert net.batches == [[0.0], [1.0, 2.0, 3.0, 4.0]]
    assert [future.result()["twice"][:, 0].tolist() for future in found] == [[2.0], [4.0, 6.0], [8.0]]


def test_a_batch_is_bounded_and_who_waited_longest_is_first(net: Net) -> None:
    with ThreadPoolExecutor() as pool:
        found = busy_then(net, Batcher(net.run, most=3, side_by_side=1), pool, (1.0, 2.0), (3.0, 4.0), (5.0,))
    assert net.batches == [[0.0], [1.0, 2.0], [3.0, 4.0, 5.0]]
    assert found[2].result()["same"].tolist() == [[5.0]]


def test_a_bad_picture_fails_its_caller_and_nobody_else(net: Net) -> None:
    with ThreadPoolExecutor() as pool:
        good, bad, other = busy_then(net, Batcher(net.run, most=8, side_by_side=1), pool, (1.0,), (BAD,), (2.0,))
        with pytest.raises(ValueError, match="a bad picture"):
            bad.result()
    assert [good.result()["twice"][0, 0], other.result()["twice"][0, 0]] == [2.0, 4.0]
    assert net.batches == [[0.0], [1.0, BAD, 2.0], [1.0], [BAD], [2.0]]


def test_callers_run_side_by_side_where_that_carries_more(net: Net) -> None:
    batcher = Batcher(net.run, most=8, side_by_side=2)
    with ThreadPoolExecutor() as pool:
        found = [pool.submit(batcher.run, pictures(number)) for number in (1.0, 2.0)]
        assert net.entered.acquire(timeout=10)
        assert net.entered.acquire(timeout=10)
        net.go_on.release(2)
    assert [future.result()["same"][0, 0] for future in found] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("accelerated", "batches", "sizes"), [(True, True, [32, 8]), (False, True, [16, 16, 8]), (True, False, [1] * 40)]
)
def test_how_many_go_at_once_is_what_runs_the_network_and_what_it_takes(
    net: Net, accelerated: bool, batches: bool, sizes: list[int]
) -> None:
    net.go_on.release(100)
    opened = SimpleNamespace(run=net.run, accelerated=accelerated, batches=batches, side_by_side=1)
    batcher = Batcher.of(opened, on_cpu=16)  # type: ignore[arg-type]
    assert batcher.run(pictures(*range(40)))["same"][:, 0].tolist() == list(range(40))
    assert [len(batch) for batch in net.batches] == sizes


def test_many_callers_all_get_what_they_would_get_alone(net: Net) -> None:
    net.go_on.release(10_000)
    batcher = Batcher(net.run, most=5, side_by_side=2)

    def call(caller: int) -> bool:
        random = np.random.default_rng(caller)
        return all(
            np.array_equal(batcher.run(rows)["twice"], 2 * rows)
            for rows in (random.random((random.integers(1, 9), 1)).astype(np.float32) for _ in range(50))
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(8)))
    assert max(map(len, net.batches)) <= 5


def test_two_streams_at_once_get_the_vectors_they_get_alone(
    measured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one core, so that they share batches; the same to the bit, so that a repeated run says the same."""
    monkeypatch.setattr(network, "cores", lambda: 1)
    try:
        detector, embedder = open_face_detector(), open_face_embedder()
    except ModelError as error:
        pytest.skip(str(error))
    photos = sorted((measured("faces-face-recognition") / "test").glob("*.jp*g"))[:4]
    looks = [_seen(detector, path) for path in photos]
    alone = [embedder.embed(*look) for look in looks]
    sizes: list[int] = []
    batcher = embedder._batcher
    run = batcher._run

    def counted(rows: np.ndarray) -> Outputs:
        sizes.append(len(rows))
        if len(sizes) == 1:
            until_waiting(batcher, len(looks) - 1)
        return run(rows)

    monkeypatch.setattr(batcher, "_run", counted)
    together = threading.Barrier(len(looks))

    def stream(look: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        together.wait(10)
        return [embedder.embed(*look) for _ in range(4)]

    with ThreadPoolExecutor(len(looks)) as pool:
        for vectors, several in zip(alone, pool.map(stream, looks), strict=True):
            assert all(np.array_equal(vectors, again) for again in several)
    assert 4 <= max(sizes) <= 8


def _seen(detector: FaceDetector, path: Path) -> tuple[np.ndarray, np.ndarray]:
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    return image, detector.detect(image).landmarks
