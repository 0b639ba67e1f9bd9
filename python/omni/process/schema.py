"""The JSON Schemas of processes, events and changes of streams: the single source of what a payload may hold."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, cast


def processes_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``{"processes": [...]}``, a fresh copy."""
    return _schema("processes")


def events_schema() -> dict[str, Any]:
    """The JSON Schema of one event, a fresh copy. What both have in common it has from that of processes, by name."""
    return _schema("events")


def streams_schema() -> dict[str, Any]:
    """The JSON Schema of what tells how a stream is doing, a fresh copy, likewise."""
    return _schema("streams")


def schema_errors(payload: Any) -> list[str]:
    """What is wrong with a body of processes: one line each with its JSON path; empty when it is right."""
    return _errors("processes", payload)


def event_errors(payload: Any) -> list[str]:
    """What is wrong with an event, likewise."""
    return _errors("events", payload)


def stream_errors(payload: Any) -> list[str]:
    """What is wrong with what tells how a stream is doing, likewise."""
    return _errors("streams", payload)


def _schema(name: str) -> dict[str, Any]:
    text = (files("omni.process") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    return cast(dict[str, Any], json.loads(text))


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    shared = processes_schema()
    registry: Any = Registry().with_resource(shared["$id"], Resource.from_contents(shared))
    return Draft202012Validator(_schema(name), registry=registry)


def _errors(name: str, payload: Any) -> list[str]:
    from jsonschema.exceptions import best_match

    found = []
    for error in _validator(name).iter_errors(payload):
        deepest = best_match([error]) or error
        found.append(f"{deepest.json_path}: {deepest.message[:300]}")
    return found
