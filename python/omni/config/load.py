"""From a dict, a file or a folder to a checked ``AgentConfig``: the border where all of it is verified."""

from __future__ import annotations

import difflib
import json
import logging
import os
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from omni.config.agent import AgentConfig
from omni.errors import ConfigError

logger = logging.getLogger(__name__)

FILE_NAME = "run_params.json"

STATE_FOLDER = "state"
"""Where the state of a configuration file lies, beside it, unless the file says otherwise."""

_NEVER_SHOWN = frozenset({"url", "secret", "previous_secret", "headers", "brocker_address", "broker_address"})

OUTBOX_FOLDER = "outbox"
"""Where the outbox of a configuration file lies, beside it, unless the file says otherwise."""


def load_config(source: AgentConfig | Mapping[str, Any] | str | Path) -> AgentConfig:
    """Read and check a configuration.

    Args:
        source: an ``AgentConfig`` (returned as it is), a mapping, a JSON file, or a folder holding
            ``run_params.json``. Streams without ``stream_uuid`` and regions without ``uuid`` get one; those of a file
            are written back to it.

    Raises:
        ConfigError: one line for each thing that is wrong, with its JSON path.
    """
    if isinstance(source, AgentConfig):
        return source
    if isinstance(source, Mapping):
        document, _ = _with_uuids(dict(source))
        return _validate(document, "configuration")
    path = Path(source)
    path = path / FILE_NAME if path.is_dir() else path
    document, added = _with_uuids(_read(path))
    config = _validate(document, str(path))
    if added:
        _write(path, document)
    return _anchored(config, path.parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give --config a folder with {FILE_NAME}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: must be UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: $: must be an object, got {type(document).__name__}")
    return document


def _write(path: Path, document: dict[str, Any]) -> None:
    scratch = path.with_suffix(".json.new")
    try:
        scratch.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: a stream or region has no UUID and the file cannot be written ({error.strerror}); add one by hand"
        ) from None


def _with_uuids(document: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The document with a UUID for each stream and region that has none, and whether there was one."""
    streams, missing = _named(document.get("streams"), "stream_uuid")
    filled = {**document, "streams": streams} if missing else document
    for key in ("mutlistream_ROI", "multistream_ROI"):
        section = document.get(key)
        if isinstance(section, Mapping):
            regions, unnamed = _named(section.get("regions"), "uuid")
            if unnamed:
                filled, missing = {**filled, key: {**section, "regions": regions}}, True
    return filled, missing


def _named(records: Any, key: str) -> tuple[Any, bool]:
    if not isinstance(records, list | tuple):
        return records, False
    missing = [isinstance(record, Mapping) and key not in record for record in records]
    filled = [
        {key: str(uuid4()), **record} if absent else record for record, absent in zip(records, missing, strict=True)
    ]
    return filled, any(missing)


def _anchored(config: AgentConfig, folder: Path) -> AgentConfig:
    """What is named in a file lies beside it: plans, descriptions of networks, the outbox, the state folder."""
    views = tuple(
        view.model_copy(update={"image": str(folder / view.image)}) if view.image else view
        for view in config.map_tracking.views
    )
    map_tracking = config.map_tracking.model_copy(update={"views": views})
    outbox = str(folder / (config.delivery.directory or OUTBOX_FOLDER))
    face = config.pipelines.face
    if face.embedder.endswith(".json"):
        face = face.model_copy(update={"embedder": str(folder / face.embedder)})
    return config.model_copy(
        update={
            "map_tracking": map_tracking,
            "delivery": config.delivery.model_copy(update={"directory": outbox}),
            "pipelines": config.pipelines.model_copy(update={"face": face}),
            "state_folder": str(folder / (config.state_folder or STATE_FOLDER)),
        }
    )


def _validate(document: dict[str, Any], origin: str) -> AgentConfig:
    if document.get("compat") is True:
        document = _without_unknown(document, origin)
    try:
        return AgentConfig.model_validate(document)
    except ValidationError as error:
        lines = [_line(document, problem) for problem in error.errors(include_url=False)]
        raise ConfigError(f"{origin}: " + "; ".join(lines)) from None


def _without_unknown(document: dict[str, Any], origin: str) -> dict[str, Any]:
    """The document without keys that we do not have, each told once (files written for the original)."""
    try:
        AgentConfig.model_validate(document)
        return document
    except ValidationError as error:
        unknown = [problem["loc"] for problem in error.errors() if problem["type"] == "extra_forbidden"]
    kept = json.loads(json.dumps(document, default=str))
    for loc in unknown:
        logger.warning("%s: %s is not used by this version", origin, _path(loc))
        parent = kept
        for step in loc[:-1]:
            parent = parent[step]
        del parent[loc[-1]]
    return typing.cast(dict[str, Any], kept)


def _line(document: Any, problem: Any) -> str:
    loc = problem["loc"]
    path = _path(loc)
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key{_hint(loc)}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}{_found(document, loc)}"


def _path(loc: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)


def _found(document: Any, loc: tuple[int | str, ...]) -> str:
    if any(step in _NEVER_SHOWN for step in loc):
        return ""
    value = document
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(value, Mapping | list | tuple):
        return f", got {type(value).__name__}"
    return f", got {value!r}"


def _hint(loc: tuple[int | str, ...]) -> str:
    name = str(loc[-1])
    known = _known_keys(AgentConfig, loc[:-1])
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f'; did you mean "{nearest[0]}"?' if nearest else f"; known here: {', '.join(sorted(known))}"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
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


def config_folder(folder: str | os.PathLike[str] | None) -> Path:
    """The folder (or file) to load: the one given, else ``config`` in the working folder."""
    return Path(folder) if folder is not None else Path("config")
