"""The thread that reads one camera: connect, read until it fails, wait, again."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator

from omni.config import StreamConfig
from omni.sources.backoff import Backoff
from omni.sources.clock import LATE_S, CameraClock
from omni.sources.condition import ConditionLog
from omni.sources.decoder import OPEN_S, Decoder, turn_to_open
from omni.sources.diagnosis import NO_PICTURE, Failure, diagnose
from omni.sources.mailbox import Arrival, Mailbox
from omni.sources.watch import STALL_S, PictureWatch

LOST = Failure("lost", "the connection ended")
HUNG = Failure("hung", "its decoder hangs")
_HUNG_S = 3.0
"""A call of the decoder that is so much over its own limit hangs."""
_LEAST_OPEN_S = 1.0
"""The decoder has what asking left of ``OPEN_S``; asking ends early enough to leave so much, on an idle machine."""
_KEY_FRAME_S = 20.0
"""So long the next connection waits, where pictures came and none could be decoded: key frames may be far apart."""
_AT_ONCE_S = 0.01
_LAST_S = STALL_S
"""The end of the program waits so long: by then a decoder has given up a camera that gives no picture."""

OpenDecoder = Callable[[StreamConfig, float, float], Decoder]


class CameraReader:
    """Reads a camera into a mailbox until it is let go.

    Args:
        stream: the camera.
        log: its condition.
        mailbox: takes the pictures.
        clock: dates them.
        backoff: how long it waits after a failure.
        open_decoder: opens the camera, within seconds, to give each picture within seconds; a ``ConnectionError`` says
            that it cannot.
        after: the failure that this reader comes after.
    """

    def __init__(
        self,
        stream: StreamConfig,
        log: ConditionLog,
        mailbox: Mailbox,
        clock: CameraClock,
        backoff: Backoff,
        open_decoder: OpenDecoder,
        after: Failure | None = None,
    ) -> None:
        self._stream = stream
        self._log = log
        self._mailbox = mailbox
        self._clock = clock
        self._backoff = backoff
        self._open_decoder = open_decoder
        self._after = after
        self._gone = threading.Event()
        self._due_back: float | None = None
        self._read_s = self._usual_s = STALL_S
        self._silent_since: float | None = None
        self._next_kept_at = -float("inf")
        self._thread = threading.Thread(target=self._run, name=f"camera {stream.label}", daemon=True)

    def start(self) -> None:
        _readers.add(self)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end. True when it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def hangs(self) -> bool:
        """Whether the decoder has not come back within its own limits."""
        due = self._due_back
        return due is not None and time.monotonic() > due + _HUNG_S

    @property
    def silent_s(self) -> float:
        """Seconds since the last picture of the connection; 0 without one."""
        since = self._silent_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def limit_s(self) -> float:
        """So many silent seconds are a stall, as this camera's interval has it; the connection may end before that."""
        return self._usual_s

    def let_go(self) -> None:
        """End it. Whatever the decoder gives when it comes back is not used any more."""
        self._gone.set()

    def _run(self) -> None:
        failure, lasted_s = self._after, 0.0
        while not self._gone.is_set():
            if failure is not None:
                wait_s, permanent = self._backoff.next_s(failure, lasted_s)
                self._log.set("failed" if permanent else "backoff", failure.cause, failure.reason, wait_s)
                if self._gone.wait(wait_s):
                    return
            try:
                failure, lasted_s = self._connection()
            except Exception as error:  # not its text: it may name the address
                failure, lasted_s = Failure("decoder", f"its decoder failed ({type(error).__name__})"), 0.0

    def _connection(self) -> tuple[Failure, float]:
        """One connection, to its end: why it ended, and seconds from its first picture to its last."""
        self._log.set("probing", reason="connecting")
        network, begun = "://" in self._stream.url, time.monotonic()
        if network and (failure := self._asked()) is not None:
            return failure, 0.0
        asked_s = time.monotonic() - begun
        try:
            decoder = self._opened_in_turn(asked_s) if network else self._opened()
        except ConnectionError:
            return (NO_PICTURE if network else self._no_device()), 0.0
        try:
            return self._read(decoder)
        finally:
            self._silent_since = None
            with self._due_within(OPEN_S):
                decoder.close()

    def _opened_in_turn(self, asked_s: float) -> Decoder:
        with turn_to_open(self._gone) as mine:
            if not mine:
                raise ConnectionError
            return self._opened(asked_s)

    def _opened(self, asked_s: float = 0.0) -> Decoder:
        open_s = max(OPEN_S - asked_s, _LEAST_OPEN_S)
        with self._due_within(open_s):
            return self._open_decoder(self._stream, open_s, self._read_s)

    def _no_device(self) -> Failure:
        return Failure("not_found", f"there is no such device, or it is in use: {self._stream.safe_url}")

    def _asked(self) -> Failure | None:
        """Why it would give no pictures. OpenCV opens one after the other: who sends nothing must not get there."""
        with self._due_within(OPEN_S - _LEAST_OPEN_S):
            return diagnose(self._stream.url)

    @contextlib.contextmanager
    def _due_within(self, seconds: float) -> Iterator[None]:
        """Around what may hang."""
        self._due_back = time.monotonic() + seconds
        try:
            yield
        finally:
            self._due_back = None

    def _read(self, decoder: Decoder) -> tuple[Failure, float]:
        self._clock.connected()
        watch, begun = PictureWatch(), time.monotonic()
        first_at = last_at = begun
        pictures, stalled = 0, False
        while True:
            asked = time.monotonic()
            with self._due_within(self._read_s):
                came = decoder.grab()
            now = time.monotonic()
            if now - asked > _AT_ONCE_S:  # after a stall the decoder still gives what it had, at once
                stalled = now - asked > self._read_s - 0.5
            if self._gone.is_set():
                return LOST, last_at - first_at
            if not came:
                failure = self._end_of(pictures, stalled)
                self._read_s = watch.stall_limit_s if pictures else _KEY_FRAME_S
                return failure, last_at - first_at
            first_at = first_at if pictures else now
            pictures, last_at, self._silent_since = pictures + 1, now, now
            try:
                self._take(decoder, watch, begun, now)
            except ConnectionError:
                return Failure("lost", "a picture cannot be decoded"), last_at - first_at

    def _take(self, decoder: Decoder, watch: PictureWatch, begun: float, now: float) -> None:
        moment = self._clock.date(decoder.pts(), now)
        watch.arrived(moment, now)
        self._usual_s = watch.stall_limit_s
        if moment.waited or moment.lag_s > LATE_S or moment.at < self._next_kept_at:
            self._mailbox.drop()
            return
        if self._stream.max_fps is not None:
            period_s = 1 / self._stream.max_fps
            self._next_kept_at = max(self._next_kept_at + period_s, moment.at + period_s / 2)
        image = decoder.picture()
        watch.seen(image, now)
        self._mailbox.put(Arrival(image, moment, now))
        trouble = watch.trouble(begun, now)
        if trouble is None:
            self._log.set("online")
        else:
            self._log.set("degraded", trouble.cause, trouble.reason)

    def _end_of(self, pictures: int, stalled: bool) -> Failure:
        if pictures == 0:
            return NO_PICTURE
        return Failure("stalled", f"no picture came for {self._read_s:.0f} s") if stalled else LOST


_readers: weakref.WeakSet[CameraReader] = weakref.WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_readers.clear)  # their threads are not there


@atexit.register
def _let_all_go() -> None:
    """A thread that comes back from OpenCV while Python is taken down aborts the process: wait for those that will."""
    until = time.monotonic() + _LAST_S
    readers = [reader for reader in _readers if reader.alive and not reader.hangs]
    for reader in readers:
        reader.let_go()
    for reader in readers:
        reader.join(max(until - time.monotonic(), 0.0))
