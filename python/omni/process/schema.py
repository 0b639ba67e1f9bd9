"""The JSON Schema of processes: the single source of what a payload may hold."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, cast


@cache
def _text() -> str:
    return (files("omni.process") / "schemas" / "processes.schema.json").read_text(encoding="utf-8")


def processes_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``{"processes": [...]}``, a fresh copy."""
    return cast(dict[str, Any], json.loads(_text()))


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(processes_schema())


def schema_errors(payload: Any) -> list[str]:
    """What is wrong with a payload: one line each with its JSON path; empty when it is right."""
    from jsonschema.exceptions import best_match

    validator = _validator()
    found = []
    for error in validator.iter_errors(payload):
        deepest = best_match([error]) or error
        found.append(f"{deepest.json_path}: {deepest.message[:300]}")
    return found
