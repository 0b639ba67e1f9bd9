"""The documented shape of every process and event: what is right is taken, what is not is refused."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omni.config import load_config
from omni.process import (
    event_errors,
    events_schema,
    processes_schema,
    schema_errors,
    stream_errors,
    streams_schema,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "processes.md").read_text()

HUMAN = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
DOOR = {"uuid": "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59", "name": "door"}
PROFILE = {"id": HUMAN, "score": 0.97, "distance": 0.31, "far": 1e-6, "frr": 0.02}


def base(type_: str, class_: str, **own: Any) -> dict[str, Any]:
    return {
        "id": HUMAN,
        "type": type_,
        "numerical_id": 41,
        "source": STREAM,
        "time_interval": ["2024-05-14T09:30:00.120Z", "2024-05-14T09:30:05.120Z"],
        "frame_interval": [1200, 1325],
        "finalized": False,
        "object": {"id": STREAM, "class": class_, **own.pop("object", {})},
        **own,
    }


PROCESSES = {
    "human": base("track", "human"),
    "human, matched": base("track", "human", object={"groups": [STREAM], "profile": PROFILE}),
    "body": base("track", "body", parent=HUMAN, best_shot="/9j/4AAQ"),
    "face": base(
        "track", "face", parent=HUMAN, object={"attributes": {"age": 31, "gender": "FEMALE", "liveness": "REAL"}}
    ),
    "emotion": base("emotion", "face", parent=HUMAN, emotion="HAPPY"),
    "presence": base("action", "human", parent=HUMAN, action="roi_presence", roi=DOOR),
    "crossing": base("action", "human", parent=HUMAN, action="line_crossing", line=DOOR, direction="reverse"),
    "external": base(
        "external", "media", name="film.mp4", repeats=False, duration=30_000, internal_time_interval=[0, 5000]
    ),
}
EVENTS = {
    "identification": {"profiles": [{**PROFILE, "groups": [STREAM]}]},
    "non_identification": {},
    "roi": {"roi": DOOR, "state": "in"},
    "crossing": {"line": DOOR, "direction": "forward"},
}


def event(type_: str) -> dict[str, Any]:
    return {
        "id": HUMAN,
        "type": type_,
        "timestamp": "2024-05-14T09:30:05.120Z",
        "parents": [{"id": HUMAN, "type": "human"}],
        "object": {"class": "human"},
        **EVENTS[type_],
    }


@pytest.mark.parametrize("name", list(PROCESSES))
def test_every_process_of_the_protocol_is_taken_open_and_finalized(name: str) -> None:
    process = PROCESSES[name]
    ended = {**process, "finalized": True, "omni": {"end_reason": "left"}}
    assert schema_errors({"processes": [process, ended]}) == []


@pytest.mark.parametrize("name", list(PROCESSES))
def test_a_process_without_a_member_or_with_one_too_many_is_refused(name: str) -> None:
    process = PROCESSES[name]
    for member in process.keys() - {"best_shot"}:
        assert schema_errors({"processes": [{k: v for k, v in process.items() if k != member}]}), member
    assert schema_errors({"processes": [{**process, "other": 1}]})
    assert schema_errors({"processes": [{**process, "object": {**process["object"], "other": 1}}]})


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("human", "time_interval", ["2024-05-14T09:30:00Z", "2024-05-14T09:30:05.120Z"]),
        ("human", "frame_interval", [-1, 5]),
        ("human", "frame_interval", [1, 2, 3]),
        ("human", "parent", HUMAN),
        ("human", "id", "41"),
        ("face", "object.attributes.gender", "OTHER"),
        ("emotion", "emotion", "BORED"),
        ("presence", "action", "dance"),
        ("crossing", "direction", "sideways"),
        ("external", "internal_time_interval", [0]),
        ("external", "duration", -1),
    ],
)
def test_a_wrong_value_is_refused(name: str, path: str, value: object) -> None:
    process = copy.deepcopy(PROCESSES[name])
    *steps, last = path.split(".")
    place: Any = process
    for step in steps:
        place = place[step]
    place[last] = value
    assert schema_errors({"processes": [process]})


@pytest.mark.parametrize("type_", list(EVENTS))
def test_every_event_of_the_protocol_is_taken_and_nothing_else(type_: str) -> None:
    assert event_errors(event(type_)) == []
    for member in event(type_):
        assert event_errors({k: v for k, v in event(type_).items() if k != member}), member
    assert event_errors({**event(type_), "other": 1})
    assert event_errors({**event(type_), "parents": []})


def test_a_body_is_processes_and_nothing_else() -> None:
    for wrong in ({}, {"processes": [PROCESSES["human"]], "more": 1}, [PROCESSES["human"]]):
        assert schema_errors(wrong)


def members(schema: Any) -> Iterator[str]:
    """Names of all members in a schema, and all values that are listed."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (value for value in schema.get("enum", ()))
        for inner in schema.values():
            yield from members(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from members(inner)


def test_every_member_and_value_of_the_schemas_is_on_the_page() -> None:
    words = set(re.findall(r"[\w]+", PAGE))
    assert {*members(processes_schema()), *members(events_schema()), *members(streams_schema())} - words == set()


def test_the_examples_of_the_page_are_right() -> None:
    event_, stream = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert event_errors(json.loads(event_)) == []
    assert stream_errors(json.loads(stream)) == []
    assert stream_errors({**json.loads(stream), "other": 1})


def test_regions_as_the_original_writes_them_are_taken() -> None:
    corners = [{"x": 0.1, "y": 0.6}, {"x": 0.4, "y": 0.6}, {"x": 0.4, "y": 0.95}]
    trigger = {"is_roi": True, "direction": {"x": 0.0, "y": 1.0}}
    section = {
        "force_track_termination_on_lost_event": False,
        "regions": [
            {"name": "till", "points": corners, "uuid": "6acb27c7-c967-46ed-a32f-0085c0454c4c"},
            {"name": "door", "points": corners, "trigger_settings": trigger, "uuid": DOOR["uuid"]},
        ],
    }
    till, door = load_config({"mutlistream_ROI": section}).mutlistream_ROI.regions
    assert (till.trigger_settings, till.classes, till.stream_uuid) == (None, ("body",), None)
    assert door.presence


def test_the_regions_of_the_page_are_taken() -> None:
    page = (ROOT / "docs" / "config.md").read_text()
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(load_config({"mutlistream_ROI": json.loads(shown)}).mutlistream_ROI.regions) == 2
