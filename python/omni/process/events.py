"""Events for subscribers of type ``events`` (protocol, section 3) and of type ``streams``: one object a POST.

``id_`` is the UUID of the event, ``timestamp`` when it happened in Unix epoch seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from omni.process.clock import iso_instant
from omni.types import Run, StreamChange


def identification_event(
    id_: str, timestamp: float, human: dict[str, Any], profiles: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Somebody was matched with the database.

    Args:
        id_, timestamp: of the event.
        human: their process.
        profiles: the best first, each ``id``, ``groups``, ``score``, ``far``, ``frr``, ``distance``.
    """
    return {**_event(id_, "identification", timestamp, human["source"], [_human(human["id"])]), "profiles": [*profiles]}


def non_identification_event(id_: str, timestamp: float, human: dict[str, Any]) -> dict[str, Any]:
    """Somebody was looked for in the database and not found. ``human``: their process."""
    return _event(id_, "non_identification", timestamp, human["source"], [_human(human["id"])])


def roi_event(id_: str, timestamp: float, presence: dict[str, Any], state: Literal["in", "out"]) -> dict[str, Any]:
    """Somebody came into a region or left it. ``presence``: a process of action ``roi_presence``."""
    return {**_of_action(id_, "roi", timestamp, presence), "roi": presence["roi"], "state": state}


def crossing_event(id_: str, timestamp: float, crossing: dict[str, Any]) -> dict[str, Any]:
    """Somebody came through a line. ``crossing``: a process of action ``line_crossing``."""
    own = {"line": crossing["line"], "direction": crossing["direction"]}
    return {**_of_action(id_, "crossing", timestamp, crossing), **own}


def events_of_end(run: Run, process: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """What is told of the end of a process that an earlier run left open; ``run`` names it.

    Somebody is in a region no more, since they were seen there last.
    """
    if process.get("action") != "roi_presence":
        return ()
    last = datetime.fromisoformat(process["time_interval"][1]).timestamp()
    return (roi_event(run.uuid("out", process["id"]), last, process, "out"),)


def stream_event(id_: str, change: StreamChange) -> dict[str, Any]:
    """A stream is doing something else than before."""
    return {
        "id": id_,
        "type": "stream",
        "timestamp": iso_instant(change.timestamp),
        "stream": {"uuid": change.stream_uuid, "name": change.name},
        "state": change.state,
        "cause": change.cause,
        "reason": change.reason,
        "next_try_s": change.next_try_s,
    }


def _of_action(id_: str, type_: str, timestamp: float, action: dict[str, Any]) -> dict[str, Any]:
    parents = [_human(action["parent"]), {"id": action["id"], "type": "action"}]
    event = _event(id_, type_, timestamp, action["source"], parents)
    event["omni"]["explain"] = action["omni"]["explain"]
    return event


def _event(id_: str, type_: str, timestamp: float, source: str, parents: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": id_,
        "type": type_,
        "timestamp": iso_instant(timestamp),
        "parents": parents,
        "object": {"class": "human"},
        "omni": {"source": source},
    }


def _human(process_id: str) -> dict[str, str]:
    return {"id": process_id, "type": "human"}
