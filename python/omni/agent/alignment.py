"""Frames of several cameras that belong to one moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from omni.types import FrameResult

TOLERANCE_S = 0.05
"""Frames nearer than this are of one moment (half an interval at 10 frames a second)."""

LIVE_WAIT_S = 0.5
"""A camera that is this far behind the newest frame is not waited for."""

SET_BACK_S = 1.0
"""A stream whose time goes back by more is dated by a clock that was set back (``omni.sources.time_of_day``)."""


class FrameAligner:
    """Puts results of one view's streams into groups of one moment, in order of time.

    What comes out depends on the timestamps alone, not on which thread was faster: a file is waited for until it
    ends, a camera for ``LIVE_WAIT_S`` of the frames' own time. Not thread-safe.

    Args:
        files: streams that are always waited for.
        cameras: streams that may fall behind.
    """

    def __init__(self, files: Iterable[str], cameras: Iterable[str]) -> None:
        self._cameras = frozenset(cameras)
        self._awaited = {*files, *self._cameras}
        self._waiting: dict[str, deque[FrameResult]] = {stream: deque() for stream in self._awaited}
        self._newest: dict[str, float] = {}

    def backlog(self, stream_uuid: str) -> int:
        """How many frames of a stream wait for those of the others."""
        return len(self._waiting[stream_uuid])

    def add(self, result: FrameResult) -> list[dict[str, FrameResult]]:
        """Take one result. Returns the groups that are complete now: stream_uuid -> result."""
        stream = result.frame.stream_uuid
        if result.frame.timestamp < self._newest.get(stream, float("-inf")) - SET_BACK_S:
            self._begin_anew()
        self._awaited.add(stream)
        self._waiting[stream].append(result)
        self._newest[stream] = result.frame.timestamp
        return self._complete()

    def end(self, stream_uuid: str) -> list[dict[str, FrameResult]]:
        """A stream gives no more for the time being. Returns the groups that are complete without it."""
        self._awaited.discard(stream_uuid)
        return self._complete()

    def _begin_anew(self) -> None:
        """What waits is of a time that will not come for long."""
        for queue in self._waiting.values():
            queue.clear()
        self._newest.clear()

    def _complete(self) -> list[dict[str, FrameResult]]:
        groups = []
        while (group := self._next_group()) is not None:
            for stream in group:
                self._waiting[stream].popleft()
            groups.append(group)
        return groups

    def _next_group(self) -> dict[str, FrameResult] | None:
        heads = {stream: queue[0] for stream, queue in self._waiting.items() if queue}
        if not heads:
            return None
        until = min(head.frame.timestamp for head in heads.values()) + TOLERANCE_S
        if any(self._may_bring_more(stream, until) for stream in self._awaited if stream not in heads):
            return None
        return {stream: head for stream, head in sorted(heads.items()) if head.frame.timestamp < until}

    def _may_bring_more(self, stream: str, until: float) -> bool:
        newest = self._newest.get(stream, float("-inf"))
        others = (self._newest[other] for other in self._awaited & self._newest.keys())
        behind = max(others, default=newest) - max(newest, until)
        return newest < until and not (stream in self._cameras and behind > LIVE_WAIT_S)
