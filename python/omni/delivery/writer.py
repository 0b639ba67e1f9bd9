"""What a message becomes in the log: its bodies, the lanes that have it before them, the processes it leaves open."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from omni.delivery.body import EncodePicture, bodies
from omni.delivery.records import LaneKey, Message, Pictures
from omni.delivery.store import Store
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

EventsOfEnd = Callable[[dict[str, Any]], Sequence[dict[str, Any]]]
"""The record of a process that is over -> what subscribers of type ``events`` are told of that."""


@dataclass(frozen=True, slots=True)
class Route:
    """What an endpoint is told: a kind, of some streams; an empty set means all."""

    endpoint: str
    kind: str
    streams: frozenset[str] = frozenset()

    def takes(self, kind: str, stream_uuid: str) -> bool:
        return kind == self.kind and (not self.streams or stream_uuid in self.streams)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message with the bodies that receivers get, ready to be written; ``pictures``: in those of processes."""

    message: ProcessMessage
    bodies: tuple[Message, ...]
    pictures: bool


@dataclass(frozen=True, slots=True)
class Ongoing:
    """A periodic message: kept in memory only, to go out after the message of the log that it follows."""

    after: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """What is now on disk: lanes that have something new, periodic messages in between, what lanes will never get."""

    lanes: frozenset[LaneKey] = frozenset()
    ongoing: tuple[Ongoing, ...] = ()
    lost: Mapping[LaneKey, int] = field(default_factory=dict)


class LogWriter:
    """Writes messages to a store, within transactions that are the caller's.

    Args:
        run: its ``run_id`` is the epoch, identifiers come from it.
        routes: who is told what.
        encode: makes best shots; None: no picture is kept.
        pictures: which best shots there are.
        dropped: (class of message, why) -> how many; counts what cannot be written, and what nobody will get.
        events_of_end: the events that tell of the end of a process which an earlier run left open.
    """

    def __init__(
        self,
        run: Run,
        routes: Sequence[Route],
        encode: EncodePicture | None,
        pictures: Pictures,
        dropped: Counter[tuple[str, str]],
        events_of_end: EventsOfEnd = lambda _: (),
    ) -> None:
        self._events_of_end = events_of_end
        self.encode = encode
        self._pictures = pictures
        self._run = run
        self._epoch = str(run.run_id)
        self._routes = routes
        self._dropped = dropped
        self._made = count(1)
        self._newest = 0

    def prepared(self, message: ProcessMessage, at: float) -> Prepared | None:
        """The bodies of a message published at that time; None, counted, where it cannot be written as JSON."""
        try:
            made = bodies(message, self.encode)
        except (TypeError, ValueError, KeyError):
            self._dropped[class_of(message.reason), "cannot be written as JSON"] += 1
            logger.exception("a message of reason %s cannot be written as JSON; it is lost", message.reason)
            return None
        return Prepared(
            message,
            tuple(
                Message(0, self._new_id(), self._epoch, b.kind, message.reason, message.stream_uuid, at, b.data)
                for b in made
            ),
            any(b.pictures for b in made),
        )

    def begin(self, store: Store, now: float) -> None:
        """Take up a store: numbers go on, lanes that nobody asks for go, what earlier runs left open is ended."""
        if store.newest() < self._newest:
            store.begin_after(self._newest)
        self.allow_pictures(store, self._pictures)
        self._settle_lanes(store)
        self.append(store, self._ends_of_what_was_left_open(store, now))

    def allow_pictures(self, store: Store, allowed: Pictures) -> None:
        """From now on those may be in the log; what is in it already loses others, which is counted."""
        self._pictures = allowed
        self._dropped["image", "not allowed any more"] += store.allow_pictures(allowed)

    def append(self, store: Store, prepared: Iterable[Prepared]) -> Committed:
        """Add messages to the log, and to it the lanes of those who are told."""
        self._newest = store.newest()
        lanes: set[LaneKey] = set()
        ongoing: list[Ongoing] = []
        for one in prepared:
            message = one.message
            store.open_processes.remember(self._epoch, message.stream_uuid, message.processes)
            if message.reason == "ongoing":
                for body in one.bodies:
                    self._add_lanes(store, body, self._newest)
                ongoing.append(Ongoing(self._newest, one.bodies))
                continue
            for body in one.bodies:
                before = self._newest
                self._newest = store.append(body, pictures=one.pictures and body.kind == "processes")
                lanes.update(self._add_lanes(store, body, before))
        return Committed(frozenset(lanes), tuple(ongoing))

    def tell_only(self, store: Store, routes: Sequence[Route]) -> None:
        """Those and nobody else are told from now on; what waits for others is lost, and counted."""
        self._routes = routes
        waiting = _waiting(store)
        self._settle_lanes(store)
        self._dropped["durable", "endpoint gone"] += waiting - _waiting(store)

    def tell_all_but(self, store: Store, endpoint: str) -> None:
        """As ``tell_only``: whoever is told now, without this one."""
        self.tell_only(store, [route for route in self._routes if route.endpoint != endpoint])

    def _add_lanes(self, store: Store, body: Message, before: int) -> list[LaneKey]:
        """The lanes that take a body; new ones begin behind the message ``before``."""
        takers = (route.endpoint for route in self._routes if route.takes(body.kind, body.stream_uuid))
        lanes = [LaneKey(endpoint, body.kind, body.stream_uuid) for endpoint in takers]
        for key in lanes:
            store.add_lane(key, before)
        return lanes

    def _settle_lanes(self, store: Store) -> None:
        """Lanes of endpoints that are no longer told are forgotten."""
        for key in store.lanes():
            if not any(r.endpoint == key.endpoint and r.takes(key.kind, key.stream_uuid) for r in self._routes):
                store.remove_lane(key)

    def _ends_of_what_was_left_open(self, store: Store, now: float) -> list[Prepared]:
        """Every process that an earlier run left open gets its end (delivery, line 12)."""
        groups: dict[str, tuple[str, list[dict[str, Any]]]] = {}
        for stream, record in store.open_processes.left_by_others(self._epoch):
            ended = {**record, "finalized": True, "omni": {**record.get("omni", {}), "end_reason": "agent_restarted"}}
            groups.setdefault(record.get("parent") or record["id"], (stream, []))[1].append(ended)
        ends = (
            ProcessMessage("end", stream, now, tuple(records), events=tuple(chain(*map(self._events_of_end, records))))
            for stream, records in groups.values()
        )
        return [prepared for end in ends if (prepared := self.prepared(end, now)) is not None]

    def _new_id(self) -> str:
        return self._run.uuid("message", next(self._made))


def class_of(reason: str) -> str:
    """The class of a message (delivery, top): ``ongoing`` or ``durable``."""
    return "ongoing" if reason == "ongoing" else "durable"


def _waiting(store: Store) -> int:
    return sum(count for count, _ in store.backlog().values())
