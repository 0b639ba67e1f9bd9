"""What people do: being in a region, coming through a line (protocol, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from omni.process.clock import iso_instant
from omni.process.events import crossing_event, roi_event
from omni.process.person import Person
from omni.process.record import Moment, base_record
from omni.types import ProcessMessage, RegionEvent, Run, Sight

SIDES = {"forward": ("near", "far"), "reverse": ("far", "near")}
"""Direction of a crossing -> the sides of the zone through which it went in and out."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """A person in a region, as told when they came in."""

    id: str
    number: int
    person: Person
    entry: RegionEvent


class Actions:
    """The action processes of one stream. Not thread-safe.

    Args:
        stream_uuid: the stream.
        run: where identifiers come from.
        numbers: small numbers for ``numerical_id``, unique in the run.
    """

    def __init__(self, stream_uuid: str, run: Run, numbers: Iterator[int]) -> None:
        self._stream_uuid = stream_uuid
        self._run = run
        self._numbers = numbers
        self._count = 0
        self._stays: dict[tuple[int, str], _Stay] = {}  # by track and region

    def take(self, event: RegionEvent, person: Person, timestamp: float, end_reason: str) -> ProcessMessage:
        """What is told of something that happened in a region or at a line.

        Args:
            event: what happened.
            person: to whom.
            timestamp: Unix epoch seconds of the frame that showed it.
            end_reason: why the track ended, for a presence that ends with it.
        """
        place = (event.track_id, event.region_uuid)
        out = event.after or event.last
        match event.kind:
            case "entry":
                stay = self._stays[place] = _Stay(*self._identity(), person, event)
                record = _presence(stay, event, _moment(event.last))
                told = roi_event(self._run.uuid("in", stay.id), event.entered.timestamp, record, "in")
                return self._message("roi", timestamp, record, told)
            case "exit":
                stay = self._stays.pop(place)
                why = "left" if event.after else end_reason
                record = _presence(stay, event, _moment(event.last), why)
                told = roi_event(self._run.uuid("out", stay.id), out.timestamp, record, "out")
                return self._message("end", timestamp, record, told)
            case "forward" | "reverse":
                record = _crossing(*self._identity(), person, event)
                told = crossing_event(self._run.uuid("crossing", record["id"]), out.timestamp, record)
                return self._message("line", timestamp, record, told)

    def ongoing(self, stays: Iterable[RegionEvent]) -> list[dict[str, Any]]:
        """The open processes as they stand now: ``stays`` says when each was seen inside last."""
        latest = {(stay.track_id, stay.region_uuid): stay for stay in stays}
        now = [(stay, latest.get(place, stay.entry)) for place, stay in self._stays.items()]
        return [_presence(stay, event, _moment(event.last)) for stay, event in now]

    def _identity(self) -> tuple[str, int]:
        self._count += 1
        return self._run.uuid("action", self._stream_uuid, self._count), next(self._numbers)

    def _message(self, reason: str, timestamp: float, record: dict[str, Any], event: dict[str, Any]) -> ProcessMessage:
        return ProcessMessage(reason, self._stream_uuid, timestamp, (record,), events=(event,))


def _presence(stay: _Stay, event: RegionEvent, last: Moment, end_reason: str | None = None) -> dict[str, Any]:
    entered = stay.entry.entered
    record = _record(stay.id, stay.number, stay.person, entered, last, end_reason)
    record["action"] = "roi_presence"
    record["roi"] = _place(event)
    record["omni"]["dwell_s"] = round(last.timestamp - entered.timestamp, 3)
    record["omni"]["explain"] = _sights(event)
    return record


def _crossing(id_: str, number: int, person: Person, event: RegionEvent) -> dict[str, Any]:
    side_in, side_out = SIDES[event.kind]
    out = event.after or event.last
    record = _record(id_, number, person, event.entered, _moment(out), "ended")
    record["action"] = "line_crossing"
    record["line"] = _place(event)
    record["direction"] = event.kind
    record["omni"]["explain"] = {"side_in": side_in, "side_out": side_out, **_sights(event)}
    return record


def _record(
    id_: str, number: int, person: Person, first: Sight, last: Moment, end_reason: str | None
) -> dict[str, Any]:
    who = person.identity
    object_ = {"id": who.object_id, "class": "human"}
    record = base_record(id_, "action", number, who.stream_uuid, object_, _moment(first), last, end_reason)
    record["parent"] = who.human_id
    return record


def _moment(sight: Sight) -> Moment:
    return Moment.at(sight.timestamp, sight.frame)


def _place(event: RegionEvent) -> dict[str, str]:
    return {"uuid": event.region_uuid, "name": event.region_name}


def _sights(event: RegionEvent) -> dict[str, Any]:
    """Where and when the border was passed: between ``before`` and ``entered``, and between ``last`` and ``after``."""
    sights = {"before": event.before, "entered": event.entered, "last": event.last, "after": event.after}
    return {
        name: {
            "point": [round(sight.x, 5), round(sight.y, 5)],
            "time": iso_instant(sight.timestamp),
            "frame": sight.frame,
        }
        for name, sight in sights.items()
        if sight is not None
    }
