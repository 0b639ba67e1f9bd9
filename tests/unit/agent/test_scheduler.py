"""Who is served next, what waits, what is dropped; the workers are real, the work is the test's."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from omni.agent.scheduler import Lane, Scheduler
from omni.types import Detections, Frame, UInt8

IMAGE = np.zeros((4, 4, 3), np.uint8)
NEVER = threading.Event()


def frame(stream: str, index: int) -> Frame:
    return Frame(stream, index, index / 10, index / 10, IMAGE)


class Work:
    """A detector that finds nobody; it holds each frame until ``go``, and writes down what it is given."""

    def __init__(self, batch: int = 1, held: bool = True) -> None:
        self.batch = batch
        self.go = threading.Semaphore(0 if held else 1_000_000)
        self.at_once: list[int] = []
        self.told: list[tuple[str, int]] = []

    def detect_many(self, images: Sequence[UInt8]) -> list[Detections]:
        self.go.acquire()
        self.at_once.append(len(images))
        return [Detections.empty() for _ in images]

    def tell(self, told: Frame, found: Sequence[Detections], seconds: float) -> None:
        assert len(found) == 1
        assert seconds >= 0
        self.told.append((told.stream_uuid, told.index))

    def lane(self, scheduler: Scheduler, *, every_frame: bool, at_once: int | None = None) -> Lane:
        lane = scheduler.lane(
            self,  # type: ignore[arg-type]
            lambda shown: [shown.image],
            self.tell,
            every_frame=every_frame,
            at_once=at_once,
        )
        return scheduler.open(lane)


def test_streams_that_want_all_they_can_get_are_served_in_turn() -> None:
    scheduler, work = Scheduler(workers=1), Work(held=False)
    lanes = {name: work.lane(scheduler, every_frame=True, at_once=4) for name in "abc"}
    for name, frames in {"a": 4, "b": 4, "c": 1}.items():
        for i in range(frames):
            lanes[name].put(frame(name, i), NEVER)
    scheduler.start()
    for lane in lanes.values():
        lane.drain()
    scheduler.stop()
    assert [name for name, _ in work.told] == list("abcababab")


def test_a_frame_that_waited_too_long_is_not_analysed() -> None:
    scheduler, work = Scheduler(workers=1), Work(held=False)
    lane = work.lane(scheduler, every_frame=False)
    lane.put(frame("camera", 0), NEVER, fresh_until=time.monotonic() - 0.1)
    scheduler.start()
    lane.drain()
    lane.put(frame("camera", 1), NEVER, fresh_until=time.monotonic() + 1000.0)
    lane.drain()
    scheduler.stop()
    assert work.told == [("camera", 1)]
    assert lane.dropped == 1


def test_of_a_camera_the_newest_waits_and_of_a_file_every_frame() -> None:
    scheduler, work = Scheduler(workers=1), Work()
    camera, file = work.lane(scheduler, every_frame=False), work.lane(scheduler, every_frame=True, at_once=5)
    for i in range(5):
        camera.put(frame("camera", i), NEVER)
        file.put(frame("file", i), NEVER)
    scheduler.start()
    work.go.release(100)
    camera.drain()
    file.drain()
    scheduler.stop()
    assert camera.dropped == 4
    assert file.dropped == 0
    assert [i for name, i in work.told if name == "camera"] == [4]
    assert [i for name, i in work.told if name == "file"] == [0, 1, 2, 3, 4]


def test_frames_in_work_at_once_are_told_of_in_their_order() -> None:
    scheduler, work = Scheduler(workers=4), Work(held=False)
    gates = [threading.Event() for _ in range(4)]

    def look(shown: Frame) -> list[UInt8]:
        if shown.index < 4:
            gates[shown.index].wait(10)
        return [shown.image]

    lane = scheduler.open(scheduler.lane(work, look, work.tell, every_frame=True))  # type: ignore[arg-type]
    scheduler.start()
    for i in range(4):
        lane.put(frame("file", i), NEVER)
    for gate in reversed(gates):  # the last is done first
        gate.set()
    for i in range(4, 50):
        lane.put(frame("file", i), NEVER)
    lane.drain()
    scheduler.stop()
    assert [i for _, i in work.told] == list(range(50))


def test_what_waits_is_shared_by_the_workers_where_the_network_takes_several_at_once() -> None:
    scheduler, work = Scheduler(workers=2), Work(batch=8)
    lanes = [work.lane(scheduler, every_frame=False) for _ in range(6)]
    for i, lane in enumerate(lanes):
        lane.put(frame(str(i), 0), NEVER)
    scheduler.start()
    work.go.release(100)
    for lane in lanes:
        lane.drain()
    scheduler.stop()
    assert max(work.at_once) == 3  # which of the two workers tells first is left to chance
    assert sum(work.at_once) == 6


def test_an_error_ends_its_own_stream_only() -> None:
    scheduler, work = Scheduler(workers=2), Work(held=False)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("of this stream")

    good = work.lane(scheduler, every_frame=True)
    bad = scheduler.open(
        scheduler.lane(work, lambda shown: [shown.image], fail, every_frame=True)  # type: ignore[arg-type]
    )
    scheduler.start()
    bad.put(frame("bad", 0), NEVER)
    with pytest.raises(ZeroDivisionError, match="of this stream"):
        bad.drain()
    for i in range(20):
        good.put(frame("good", i), NEVER)
    good.drain()
    scheduler.stop()
    assert work.told == [("good", i) for i in range(20)]


def test_a_reader_that_waits_for_room_obeys_a_stop() -> None:
    scheduler, work = Scheduler(workers=1), Work()
    lane, stop = work.lane(scheduler, every_frame=True), threading.Event()
    lane.put(frame("file", 0), stop)
    stop.set()
    lane.put(frame("file", 1), stop)
    lane.drain(discard=True)
    scheduler.stop()
    assert work.told == []
