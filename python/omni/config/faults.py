"""What is wrong with a document, in the words of JSON: where, what was expected, what came, what was meant."""

from __future__ import annotations

import difflib
import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from omni.config.agent import AgentConfig
from omni.config.contradictions import CONTRADICTION
from omni.config.secrets import ADDRESS_KEYS, HEADERS_KEY, PATH_KEY, SECRET_KEYS, masked_address
from omni.errors import ConfigError

Place: TypeAlias = tuple[int | str, ...]
"""The keys and positions that lead to something in a document."""

_NEVER_SHOWN = SECRET_KEYS | ADDRESS_KEYS | {HEADERS_KEY, PATH_KEY, "host"}
"""Also where a whole address was written for a host."""

_OF_THE_ORIGINAL = frozenset({"action_recognition", "pose_estimation", "keypoint_confidence_threshold"})
"""Settings that the original documents and that do nothing here; none of them is a misspelt one of ours."""

_NOTHING = object()

_KINDS = {
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""In the words of JSON, not of Python."""

SHOWN_MAX = 80
"""Characters of what came, in a message."""


def refused(origin: str, found: Sequence[tuple[Place, str]]) -> ConfigError:
    """The error that says it, a line for each fault; ``origin`` begins it."""
    lines = [f"{json_path(loc)}: {message}" for loc, message in found]
    return ConfigError(f"{origin}: " + "\n  ".join(lines), [(pointer(loc), text) for loc, text in found])


def problems_of(document: Any, error: ValidationError) -> list[tuple[Place, str]]:
    """What is wrong with a document: where, and in words of JSON."""
    told = (problem for problem in error.errors(include_url=False) if not _follows(document, problem))
    return [(problem["loc"], _message(document, problem)) for problem in told]


def _follows(document: Any, problem: Any) -> bool:
    """Whether a list is called too short only because something in it is wrong, which is told."""
    value = _value(document, problem["loc"])
    return (
        problem["type"] == "too_short"
        and isinstance(value, list | tuple)
        and len(value) >= problem["ctx"]["min_length"]
    )


def _message(document: Any, problem: Any) -> str:
    loc, kind = problem["loc"], problem["type"]
    if kind == "extra_forbidden":
        return f"unknown key{_hint(loc)}"
    if kind == CONTRADICTION:
        return str(problem["msg"])
    if kind in ("too_short", "too_long"):
        bounds = problem["ctx"]
        least = kind == "too_short"
        expected = f"at least {bounds['min_length']}" if least else f"at most {bounds['max_length']}"
        return f"must have {expected} items, got {len(_value(document, loc) or ())}"
    if kind in _KINDS and isinstance(_value(document, loc), Mapping):
        return f"{_KINDS[kind]}, got an object"
    message = _KINDS.get(kind) or problem["msg"].removeprefix("Value error, ")
    start = message[:1].lower() if message[1:2].islower() else message[:1]  # not of "UUID"
    return f"{start}{message[1:]}{what_came(document, loc)}"


def pointer(steps: Iterable[int | str]) -> str:
    """A JSON pointer (RFC 6901); empty for the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def json_path(loc: Place) -> str:
    """A place in a document as people read it: ``$.streams[0].url``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)


def what_came(document: Any, loc: Place) -> str:
    """What came, in JSON; nothing of what may hold a secret, or is an object of which a part is wrong."""
    if any(step in _NEVER_SHOWN for step in loc):
        return ""
    value = _value(document, loc)
    if value is _NOTHING or isinstance(value, Mapping):
        return ""
    text = json.dumps(_masked(value), ensure_ascii=False, default=str)
    if isinstance(value, list) and "{" in text:
        return ", got a list"
    return f", got {text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + '...'}"


def _masked(value: Any) -> Any:
    """A text, or the texts of a list, without passwords."""
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return masked_address(value) if isinstance(value, str) else value


def _value(document: Any, loc: Place) -> Any:
    value = document
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return value


def _hint(loc: Place) -> str:
    name = str(loc[-1])
    known = _known_keys(AgentConfig, loc[:-1])
    if name in _OF_THE_ORIGINAL:
        return ' here, but a setting of the original: "compat": true passes it over'
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f'; did you mean "{nearest[0]}"?' if nearest else f"; known here: {', '.join(sorted(known))}"


def _known_keys(model: type[BaseModel], loc: Place) -> list[str]:
    for step in loc:
        if isinstance(step, int):
            continue
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    inner = typing.get_args(annotation)
    if not inner:
        return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return next((model for model in map(_model_in, inner) if model), None)
