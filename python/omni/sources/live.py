"""Cameras: the newest frame wins, and a camera that is gone is looked for again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from omni.config import StreamConfig
from omni.sources.backoff import Backoff
from omni.sources.clock import LATE_S, CameraClock
from omni.sources.condition import ConditionLog
from omni.sources.decoder import OpenCvDecoder
from omni.sources.mailbox import Arrival, Mailbox
from omni.sources.picture import cropped
from omni.sources.reader import HUNG, CameraReader, OpenDecoder
from omni.sources.time_of_day import TimeOfDay
from omni.types import Frame

logger = logging.getLogger(__name__)

LEAVE_S = 1.0
"""How long the end waits for the decoder."""
MOST_LEFT_BEHIND = 3
"""So many decoders of one camera may hang; then no other is opened until one of them comes back."""
_STALL_TOLD = 0.4
"""A stall is told after this share of the time after which the connection is given up."""
_WAIT_S = 0.2


class LiveSource:
    """Frames of an RTSP, HTTP or USB camera.

    A thread of its own reads as fast as the camera gives, so that no queue grows old; the iteration takes the newest.
    A decoder that hangs is left to itself and counted, and another takes its place: it holds nobody up. Pictures follow
    each other by the camera's timestamps (``CameraClock``); the machine's clock says what time of day that is. Where it
    is set, a new segment begins.

    Args:
        stream: the camera.
        stop: ends the iteration.
        log: its condition.
        open_decoder: opens the camera.
        wall: the machine's time of day, Unix epoch seconds.
    """

    def __init__(
        self,
        stream: StreamConfig,
        stop: threading.Event,
        log: ConditionLog,
        open_decoder: OpenDecoder = OpenCvDecoder,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._stream = stream
        self._stop = stop
        self._open_decoder = open_decoder
        self._log = log
        self._mailbox = Mailbox()
        self._clock = CameraClock()
        self._backoff = Backoff()
        self._left: list[CameraReader] = []
        self._time_of_day = TimeOfDay(wall)
        self._settings = 0
        self._first_at: float | None = None
        self.image_size: tuple[int, int] | None = None
        self.decode_s = 0.0
        self.fresh_until = 0.0

    @property
    def dropped(self) -> int:
        return self._mailbox.dropped

    @property
    def left_behind(self) -> int:
        self._left = [reader for reader in self._left if reader.alive]
        return len(self._left)

    def now(self) -> float:
        """See ``Source``."""
        return self._time_of_day.now()

    def __iter__(self) -> Iterator[Frame | None]:
        reader, index = self._started(), 0
        try:
            while not self._stop.is_set():
                arrival = self._mailbox.take(_WAIT_S)
                if arrival is None:
                    reader = self._checked(reader)
                    yield None
                    continue
                self.fresh_until = arrival.came_at - arrival.moment.lag_s + LATE_S
                if time.monotonic() > self.fresh_until:
                    self._mailbox.drop()
                else:
                    yield self._frame(arrival, index)
                    index += 1
        finally:
            self._leave(reader)

    def _started(self, *, again: bool = False) -> CameraReader:
        reader = CameraReader(
            self._stream,
            self._log,
            self._mailbox,
            self._clock,
            self._backoff,
            self._open_decoder,
            HUNG if again else None,
        )
        reader.start()
        return reader

    def _frame(self, arrival: Arrival, index: int) -> Frame:
        image = cropped(arrival.image, self._stream.crop)
        self.image_size = image.shape[1], image.shape[0]
        moment = arrival.moment
        if self._first_at is None:
            self._first_at = moment.at
        if set_by := self._time_of_day.follow():
            self._settings += 1
            logger.warning("stream %s: the machine's clock was set by %+.0f s", self._stream.label, set_by)
        when = self._time_of_day.of(moment.at)
        segment = moment.segment + self._settings
        return Frame(self._stream.uuid, index, when, moment.at - self._first_at, image, segment)

    def _checked(self, reader: CameraReader) -> CameraReader:
        """No picture came: the reader that goes on, the same or another one."""
        if reader.hangs:
            return self._replaced(reader)
        silent_s = reader.silent_s
        if silent_s > _STALL_TOLD * reader.limit_s and self._log.now.state in ("online", "degraded"):
            self._log.set("degraded", "stalled", f"no picture has come for {silent_s:.0f} s")
        return reader

    def _replaced(self, reader: CameraReader) -> CameraReader:
        if self.left_behind >= MOST_LEFT_BEHIND:
            self._log.set("failed", "hung", f"{MOST_LEFT_BEHIND + 1} decoders of it hang; only a restart ends them")
            return reader
        reader.let_go()
        self._left.append(reader)
        return self._started(again=True)

    def _leave(self, reader: CameraReader) -> None:
        reader.let_go()
        if not reader.join(LEAVE_S):
            self._left.append(reader)
            logger.warning("stream %s: its decoder does not come back; left behind", self._stream.label)
