"""External (media) processes: what somebody outside says is going on in front of a camera (protocol, section 1)."""

from __future__ import annotations

import logging
import operator
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from omni._text import is_text
from omni.errors import NotOpenError, StoppedError, UnknownStreamError
from omni.process.record import Moment, base_record
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

MOST_OPEN = 10_000
"""Of all streams. One more, and the oldest is taken for one that its caller forgot to end."""

MOST_MILLISECONDS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Open:
    id: str
    object_id: str
    number: int
    stream_uuid: str
    name: str
    class_: str
    repeats: bool
    duration: int
    started_at: int
    began: Moment
    began_s: float

    def media_clock(self, elapsed_ms: int) -> tuple[int, int]:
        """Where the media's own clock stands (milliseconds), and how often it went round.

        A media of known duration stands still at its end, or begins again when it repeats.
        """
        reached = self.started_at + elapsed_ms
        if self.duration == 0:
            return reached, 0
        if self.repeats:
            return reached % self.duration, reached // self.duration
        return min(reached, max(self.duration, self.started_at)), 0


class Position(NamedTuple):
    """Where a stream is.

    Attributes:
        timestamp: Unix epoch seconds; a camera's go back when the machine's clock is set back.
        frame: number of its latest frame.
        elapsed_s: seconds on a clock that only goes forward, the same over the stream's life.
    """

    timestamp: float
    frame: int
    elapsed_s: float


class ExternalProcesses:
    """The open external processes of all streams. Thread-safe.

    Args:
        run: where identifiers come from.
        numbers: small numbers, unique in the run.
        stream_uuids: the streams that there are.
        position: stream_uuid -> where it is now; the stream's clock dates what comes from outside.
        publish: takes the messages, in order.
    """

    def __init__(
        self,
        run: Run,
        numbers: Iterator[int],
        stream_uuids: Sequence[str],
        position: Callable[[str], Position],
        publish: Callable[[ProcessMessage], None],
    ) -> None:
        self._run = run
        self._numbers = numbers
        self._streams = frozenset(stream_uuids)
        self._position = position
        self._publish = publish
        self._open: dict[str, _Open] = {}  # by id, in the order in which they were opened
        self._named: dict[tuple[str, str], list[str]] = {}  # name and class -> ids, the last opened last
        self._over: dict[str, str] = {}  # streams that have ended, and why
        self._begun = 0
        self._told_of_many = self._stopped = False
        self._lock = threading.RLock()  # a callback may open or end another

    @contextmanager
    def change_streams(self, stream_uuids: Sequence[str], ended: Collection[str]) -> Iterator[None]:
        """These are the streams from now on; within, where the caller changes them as well, nothing begins or ends.

        What is open in those that ``ended`` (some may begin anew) ends with them, by the position that they had.
        """
        with self._lock:
            ends = self._ends([p for p in self._open.values() if p.stream_uuid in ended], "config_changed")
            yield
            self._streams = frozenset(stream_uuids)
            self._over = {uuid: why for uuid, why in self._over.items() if uuid not in ended}
            for message in ends:
                self._publish(message)

    def end_stream(self, stream_uuid: str, end_reason: str) -> None:
        """A stream is over, and what is open of it; so is at once what is begun of it before it begins anew."""
        with self._lock:
            self._over[stream_uuid] = end_reason
            self.terminate_all(stream_uuid=stream_uuid, end_reason=end_reason)

    def begin(self, *, name: str, class_: str, repeats: bool, duration: int, started_at: int, stream_uuid: str) -> None:
        """Open a process; one that names no stream is ignored.

        Args:
            name: of the media, not empty.
            class_: kind of it, not empty.
            repeats: whether it begins again at its end.
            duration: milliseconds; 0: unknown.
            started_at: milliseconds on the media's own clock.
            stream_uuid: the stream that it belongs to.

        Raises:
            UnknownStreamError: the stream is not one of this agent's.
            StoppedError: the agent has ended, and nobody would tell of the end of this.
            TypeError, ValueError: a value of another type, no text, or a number below 0 or beyond 2^63 - 1: nothing
                is open then, for no message could tell of it.
        """
        duration, started_at = _milliseconds("duration", duration), _milliseconds("started_at", started_at)
        name, class_ = _text("name", name), _text("class_", class_)
        with self._lock:
            stream = self._known(stream_uuid)
            if not stream:
                return
            if self._stopped:
                raise StoppedError("the agent is stopping; try again with the next one")
            self._begun += 1
            position = self._position(stream)
            process = _Open(
                id=self._run.uuid("external", self._begun),
                object_id=self._run.uuid("external-object", self._begun),
                number=next(self._numbers),
                stream_uuid=stream,
                name=name,
                class_=class_,
                repeats=bool(repeats),
                duration=duration,
                started_at=started_at,
                began=_moment(position),
                began_s=position.elapsed_s,
            )
            self._open[process.id] = process
            self._named.setdefault((name, class_), []).append(process.id)
            self._publish(self._message("begin", process, position))
            if stream in self._over and process.id in self._open:
                self._terminate([process], self._over[stream])
            if len(self._open) > MOST_OPEN:
                self._give_up_oldest()

    def end(self, *, name: str, class_: str, stopped_at: int, stream_uuid: str) -> None:
        """Close the last opened process of that name and class (and stream, where one is given).

        ``stopped_at``: milliseconds on the media's own clock; 0: as far as it has run by the stream's clock.

        Raises:
            UnknownStreamError: the stream is not one of this agent's.
            NotOpenError: none that matches is open.
            TypeError, ValueError: as of ``begin``.
        """
        stream = self._known(stream_uuid)
        name, class_ = _text("name", name), _text("class_", class_)
        stopped_at = _milliseconds("stopped_at", stopped_at)
        with self._lock:
            for process_id in reversed(self._named.get((name, class_), ())):
                process = self._open[process_id]
                if stream in ("", process.stream_uuid):
                    self._close(process)
                    self._publish(
                        self._message("end", process, self._position(process.stream_uuid), "ended", stopped_at)
                    )
                    return
        where = f" in stream {stream}" if stream else ""
        raise NotOpenError(f"no external process named {name!r} of class {class_!r} is open{where}")

    def terminate_all(self, *, stream_uuid: str, end_reason: str = "terminated") -> None:
        """Close every open process, of one stream or (empty) of all.

        Raises:
            UnknownStreamError: the stream is not one of this agent's.
        """
        stream = self._known(stream_uuid)
        with self._lock:
            self._terminate([p for p in self._open.values() if stream in ("", p.stream_uuid)], end_reason)

    def stop(self, end_reason: str) -> None:
        """Close every open process; none begins any more."""
        with self._lock:
            self._stopped = True
            self.terminate_all(stream_uuid="", end_reason=end_reason)

    def ongoing(self, stream_uuid: str) -> list[dict[str, Any]]:
        """The open processes of one stream as they stand now."""
        with self._lock:
            now = self._position(stream_uuid)
            return [self._document(p, now) for p in self._open.values() if p.stream_uuid == stream_uuid]

    def publish_ongoing(self, message: ProcessMessage) -> None:
        """Publish a periodic message of a stream, without those that ended while it was made: they never come back."""
        with self._lock:
            open_ = tuple(p for p in message.processes if p["type"] != "external" or p["id"] in self._open)
            if open_:
                self._publish(replace(message, processes=open_))

    def _ends(self, closing: Sequence[_Open], end_reason: str) -> list[ProcessMessage]:
        """Close them. Returns what is to be told of it."""
        for process in closing:
            self._close(process)
        return [self._message("end", p, self._position(p.stream_uuid), end_reason) for p in closing]

    def _give_up_oldest(self) -> None:
        oldest = next(iter(self._open.values()))
        if not self._told_of_many:
            self._told_of_many = True
            logger.warning(
                "external processes: %d are open; the oldest (%r) is ended, as others will be: does somebody end them?",
                *(MOST_OPEN, oldest.name[:100]),
            )
        self._terminate([oldest], "terminated")

    def _terminate(self, closing: Sequence[_Open], end_reason: str) -> None:
        for message in self._ends(closing, end_reason):
            self._publish(message)

    def _close(self, process: _Open) -> None:
        del self._open[process.id]
        same = self._named[process.name, process.class_]
        same.remove(process.id)
        if not same:
            del self._named[process.name, process.class_]

    def _known(self, stream_uuid: str) -> str:
        if not stream_uuid:
            return ""
        if not isinstance(stream_uuid, str):
            raise TypeError(f"stream_uuid: expected text, got {type(stream_uuid).__name__}")
        try:
            stream = str(UUID(stream_uuid))
        except ValueError:
            raise ValueError(f"stream_uuid: expected a UUID, or an empty text, got {stream_uuid!r}") from None
        if stream not in self._streams:
            raise UnknownStreamError(f"stream_uuid {stream} is not a stream of this agent")
        return stream

    def _message(
        self, reason: str, process: _Open, now: Position, end_reason: str | None = None, stopped_at: int | None = None
    ) -> ProcessMessage:
        document = self._document(process, now, end_reason, stopped_at)
        return ProcessMessage(reason, process.stream_uuid, now.timestamp, (document,))

    def _document(
        self, process: _Open, now: Position, end_reason: str | None = None, stopped_at: int | None = None
    ) -> dict[str, Any]:
        # begun while a camera was away, and it shows what it saw before; or the clock was set back since
        last = process.began if now.timestamp < process.began.timestamp else _moment(now)
        stopped, rounds = process.media_clock(round(max(now.elapsed_s - process.began_s, 0.0) * 1000))
        record = base_record(
            process.id,
            "external",
            process.number,
            process.stream_uuid,
            {"id": process.object_id, "class": process.class_},
            process.began,
            last,
            end_reason,
        )
        record["name"] = process.name
        record["repeats"] = process.repeats
        record["duration"] = process.duration
        record["internal_time_interval"] = [process.started_at, stopped_at or stopped]
        if process.repeats and process.duration:
            record["omni"]["rounds"] = rounds
        return record


def _moment(position: Position) -> Moment:
    return Moment.at(position.timestamp, position.frame)


def _milliseconds(name: str, value: int) -> int:
    """A plain integer of whatever integer came, also one of NumPy."""
    plain = operator.index(value)
    if not 0 <= plain <= MOST_MILLISECONDS:
        raise ValueError(f"{name}: expected an integer from 0 to {MOST_MILLISECONDS}, got {plain}")
    return plain


def _text(name: str, value: str) -> str:
    """What a message can carry."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected text, got {type(value).__name__}")
    if not value or not is_text(value):
        raise ValueError(f"{name}: expected text, not empty, got {value[:100]!r}")
    return value
