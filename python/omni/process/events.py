"""Events for subscribers of type ``events``: one object a POST (protocol, section 3)."""

from __future__ import annotations

from typing import Any, Literal

from omni.process.clock import iso_instant


def roi_event(id_: str, timestamp: float, process: dict[str, Any], state: Literal["in", "out"]) -> dict[str, Any]:
    """Somebody came into a region or left it.

    Args:
        id_: UUID of the event.
        timestamp: Unix epoch seconds at which it happened.
        process: the presence, a process of action ``roi_presence``.
        state: which of the two.
    """
    return {**_of_action(id_, "roi", timestamp, process), "roi": process["roi"], "state": state}


def crossing_event(id_: str, timestamp: float, process: dict[str, Any]) -> dict[str, Any]:
    """Somebody came through a line. ``process``: one of action ``line_crossing``; the rest as in ``roi_event``."""
    own = {"line": process["line"], "direction": process["direction"]}
    return {**_of_action(id_, "crossing", timestamp, process), **own}


def _of_action(id_: str, type_: str, timestamp: float, process: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "type": type_,
        "timestamp": iso_instant(timestamp),
        "parents": [{"id": process["parent"], "type": "human"}, {"id": process["id"], "type": "action"}],
        "object": {"class": "human"},
        "omni": {"source": process["source"], "explain": process["omni"]["explain"]},
    }
