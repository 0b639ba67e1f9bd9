"""Which frame is analysed next, and which never is: the one place that decides what waits and what is dropped."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from omni.detect import Detector
from omni.types import Detections, Frame, UInt8

Look = Callable[[Frame], Sequence[UInt8]]
"""Pictures of a frame, each (H, W, 3) uint8 BGR, in which people are to be found."""
Tell = Callable[[Frame, Sequence[Detections], float], None]
"""Takes a frame, what was found in each of its pictures, and the seconds that it took."""
LAST_S = 60.0
"""The end of the program waits so long for frames that are in work. They end by themselves, on a machine that is busy
with other programs after more than ten seconds; a network that hangs does not."""


class Scheduler:
    """A few workers take the frames of all streams in turn, each from its picture to what is told of it.

    A worker takes a frame of the stream that was served longest ago. So streams that want more than the machine gives
    get the same rate, and those that want less get all they want. Several frames of one stream may be in work at once;
    they are told of in their order.

    Args:
        workers: threads. One a core, each with one thread of inference, carries the most.
    """

    def __init__(self, workers: int) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # for workers: a frame waits, or all is over
        self._lanes: list[Lane] = []
        self._turns = count()
        self._stopped = False
        self._workers = [threading.Thread(target=self._run, name=f"worker {i}", daemon=True) for i in range(workers)]

    @property
    def workers(self) -> int:
        return len(self._workers)

    @property
    def lanes(self) -> int:
        """How many streams are open."""
        return len(self._lanes)

    def lane(
        self, detector: Detector | None, look: Look, tell: Tell, *, every_frame: bool, at_once: int | None = None
    ) -> Lane:
        """The way of one more stream through the workers, not yet open.

        Args:
            detector: finds people in what ``look`` gives; None: nobody is looked for.
            look: called in a worker, in any order unless ``at_once`` is 1.
            tell: called in a worker, never twice at a time, in the order of the frames.
            every_frame: reading waits for room; else only the newest frame waits, and older ones are dropped.
            at_once: most frames of it in work at a time; None: one a worker.
        """
        return Lane(self._lock, self._work, detector, look, tell, every_frame, at_once or self.workers)

    def open(self, lane: Lane) -> Lane:
        """From now on its frames are taken."""
        with self._lock:
            self._lanes.append(lane)
        return lane

    def close(self, lane: Lane) -> None:
        with self._lock:
            self._lanes.remove(lane)

    def start(self) -> None:
        _schedulers.add(self)
        for worker in self._workers:
            worker.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Let the workers end, and wait for them; what is in work is finished by them."""
        with self._lock:
            self._stopped = True
            self._work.notify_all()
        deadline = time.monotonic() + timeout_s
        for worker in self._workers:
            if worker.is_alive():
                worker.join(max(deadline - time.monotonic(), 0.0))

    def _run(self) -> None:
        while turns := self._take():
            _analyse(turns)

    def _take(self) -> list[_Turn]:
        """The next frame; more of other streams where the network takes several pictures at once. Empty: it is over."""
        with self._lock:
            while not self._stopped:
                for lane in self._lanes:
                    lane.drop_stale(time.monotonic())
                ready = sorted((lane for lane in self._lanes if lane.ready), key=lambda lane: lane.served)
                if ready:
                    detector = ready[0].detector
                    alike = [lane for lane in ready if lane.detector is detector]
                    share = -(-len(alike) // self.workers)  # what waits is shared, so that no worker is without work
                    most = 1 if detector is None else min(detector.batch, share)
                    return [lane.take(next(self._turns)) for lane in alike[:most]]
                self._work.wait()
        return []


@dataclass(frozen=True, slots=True)
class _Turn:
    """A frame in work."""

    lane: Lane
    number: int
    frame: Frame


class Lane:
    """The way of one stream: frames that wait, that are in work, and that are done but not yet in their turn.

    Attributes:
        dropped: frames that never were analysed, as a newer one was there or no worker had time for them.
        served: when it was served last, in turns.
    """

    def __init__(
        self,
        lock: threading.Lock,
        work: threading.Condition,
        detector: Detector | None,
        look: Look,
        tell: Tell,
        every_frame: bool,
        at_once: int,
    ) -> None:
        self.detector = detector
        self.look = look
        self.dropped = 0
        self.served = -1
        self._tell = tell
        self._every_frame = every_frame
        self._at_once = at_once
        self._lock = lock
        self._work = work
        self._room = threading.Condition(lock)  # for the reader: a frame was taken or told
        self._waiting: deque[tuple[Frame, float]] = deque()  # and until when each is worth it
        self._done: dict[int, tuple[Frame, Sequence[Detections], float]] = {}
        self._taken = self._told = 0
        self._telling = False
        self._error: Exception | None = None

    @property
    def ready(self) -> bool:
        """Whether a frame waits that may be taken now."""
        return bool(self._waiting) and self._taken - self._told < self._at_once and self._error is None

    def put(self, frame: Frame, stop: threading.Event, fresh_until: float = math.inf) -> None:
        """Hand a frame over; waits for room where every frame counts, until ``stop`` is set.

        Args:
            frame: the next of the stream.
            stop: ends the waiting.
            fresh_until: monotonic seconds after which nobody is to analyse it any more.

        Raises:
            Exception: what went wrong with an earlier frame.
        """
        with self._lock:
            if self._every_frame:
                while len(self._waiting) >= self._at_once and self._error is None and not stop.is_set():
                    self._room.wait(0.2)
            elif self._waiting:
                self._waiting.clear()
                self.dropped += 1
            self._raise()
            self._waiting.append((frame, fresh_until))
            self._work.notify()

    def drain(self, *, discard: bool = False) -> None:
        """Wait until every frame is told of; with ``discard`` those that still wait are forgotten.

        Raises:
            Exception: what went wrong with a frame.
        """
        with self._lock:
            if discard:
                self._waiting.clear()
            while self._telling or (self._error is None and (self._waiting or self._taken > self._told)):
                self._room.wait()
            self._raise()

    def drop_stale(self, now: float) -> None:
        """Forget frames that waited too long. To be called with the lock held."""
        while self._waiting and now > self._waiting[0][1]:
            self._waiting.popleft()
            self.dropped += 1
            self._room.notify_all()

    def take(self, served: int) -> _Turn:
        """The frame that is next. To be called with the lock held."""
        self.served = served
        turn = _Turn(self, self._taken, self._waiting.popleft()[0])
        self._taken += 1
        self._room.notify_all()
        return turn

    def finish(self, turn: _Turn, found: Sequence[Detections], seconds: float) -> None:
        """Tell of a frame and of those after it that are done, unless an earlier one is still in work."""
        with self._lock:
            self._done[turn.number] = turn.frame, found, seconds
            if self._telling or self._error is not None:
                return  # whoever is telling goes on with this one
            self._telling = True
        while (done := self._next_done()) is not None:
            try:
                self._tell(*done)
            except Exception as error:
                self.fail(error)
            with self._lock:
                self._told += 1
                self._work.notify()

    def fail(self, error: Exception) -> None:
        """Take no more frames; the reader is told why."""
        with self._lock:
            self._error = self._error or error
            self._waiting.clear()
            self._room.notify_all()

    def _next_done(self) -> tuple[Frame, Sequence[Detections], float] | None:
        with self._lock:
            done = self._done.pop(self._told, None) if self._error is None else None
            self._telling = done is not None
            self._room.notify_all()
            return done

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


_schedulers: weakref.WeakSet[Scheduler] = weakref.WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_schedulers.clear)  # their workers are not there


@atexit.register
def _finish_all() -> None:
    """A worker that comes back from onnxruntime while Python is taken down aborts the process: wait for all of them."""
    until = time.monotonic() + LAST_S
    for scheduler in list(_schedulers):
        scheduler.stop(max(until - time.monotonic(), 0.0))


def _analyse(turns: list[_Turn]) -> None:
    """Find people in the frames of several streams at once."""
    begun = time.perf_counter()
    try:
        detector = turns[0].lane.detector
        pictures = [turn.lane.look(turn.frame) if detector else [] for turn in turns]
        found = iter(detector.detect_many([p for of_frame in pictures for p in of_frame]) if detector else [])
        shares = [[next(found) for _ in of_frame] for of_frame in pictures]
    except Exception as error:
        for turn in turns:
            turn.lane.fail(error)
        return
    seconds = (time.perf_counter() - begun) / len(turns)
    for turn, share in zip(turns, shares, strict=True):
        turn.lane.finish(turn, share, seconds)
