"""A camera's source in a thread of its own, and all that it gave and told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from omni.config import StreamConfig
from omni.sources.condition import Condition, ConditionLog
from omni.sources.live import LiveSource
from omni.sources.reader import OpenDecoder
from omni.types import Frame

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PATIENCE_S = 30.0


def config(url: str) -> StreamConfig:
    return StreamConfig.model_validate({"stream_uuid": UUID, "url": url})


class Watcher:
    """A source in a thread of its own, and all that it gave and told."""

    def __init__(self, source: LiveSource, stop: threading.Event, log: ConditionLog, told: list[Condition]) -> None:
        self.source = source
        self.log = log
        self.told = told
        self.frames: list[Frame] = []
        self.ages_s: list[float] = []
        self._stop = stop
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        for frame in self.source:
            if frame is not None:
                self.frames.append(frame)
                self.ages_s.append(time.time() - frame.timestamp)

    def close(self) -> float:
        """Stop it. Returns seconds until it had stopped."""
        begun = time.monotonic()
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        return time.monotonic() - begun

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < deadline, (self.log.now, self.log.changes, len(self.frames))
            time.sleep(0.02)

    def until_told(self, state: str, cause: str = "") -> Condition:
        def found() -> list[Condition]:
            return [c for c in self.told if c.state == state and cause in ("", c.cause)]

        self.until(lambda: bool(found()))
        return found()[0]

    def until_more(self, count: int = 5) -> list[Frame]:
        """So many frames more."""
        have = len(self.frames)
        self.until(lambda: len(self.frames) >= have + count)
        return self.frames[have:]


@contextmanager
def watched(url: str, open_decoder: OpenDecoder | None = None) -> Iterator[Watcher]:
    stop, told = threading.Event(), list[Condition]()
    more = {} if open_decoder is None else {"open_decoder": open_decoder}
    log = ConditionLog("gate", told.append)
    watcher = Watcher(LiveSource(config(url), stop, log, **more), stop, log, told)
    try:
        yield watcher
    finally:
        watcher.close()
