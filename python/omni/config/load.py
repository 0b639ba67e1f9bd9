"""From a dict, a file or a folder to a checked ``AgentConfig``: the border where all of it is verified."""

from __future__ import annotations

import json
import logging
import os
import stat
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from omni._text import each_key_once, is_text
from omni.config.agent import AgentConfig
from omni.config.contradictions import CONTRADICTION, contradictions
from omni.config.faults import Place, json_path, problems_of, refused, what_came
from omni.errors import ConfigError

logger = logging.getLogger(__name__)

FILE_NAME = "run_params.json"

STATE_FOLDER, OUTBOX_FOLDER = "state", "outbox"
"""Where the state and the outbox of a configuration file lie, beside it, unless the file says otherwise."""

_OTHER_SCALE = "the original's detector is surer of people than the one here: leave it out to see whom this one sees"

DEPTH_MAX = 50
"""Levels of a document, some ten of which are used: what goes through one calls itself for each."""


def load_config(source: AgentConfig | Mapping[str, Any] | str | Path) -> AgentConfig:
    """Read and check a configuration.

    Args:
        source: an ``AgentConfig`` (returned as it is), a mapping, a JSON file, or a folder holding
            ``run_params.json``. Streams without ``stream_uuid`` and regions without ``uuid`` get one; those of a file
            are written back to it.

    Raises:
        ConfigError: one line for each thing that is wrong, with its JSON path.
        TypeError: the source is none of these.
    """
    if isinstance(source, AgentConfig):
        return source
    if isinstance(source, Mapping):
        document, _ = with_uuids(dict(source))
        return check_document(document, None)
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"config: expected a mapping, a path or an omni.AgentConfig, got {type(source).__name__}")
    path = config_file(source)
    document, added = with_uuids(read_document(path))
    config = check_document(document, path)
    if added:
        _add_uuids(path, document)
    return config


def config_folder(folder: str | os.PathLike[str] | None) -> Path:
    """The folder (or file) to load: the one given, else ``config`` in the working folder."""
    return Path(folder) if folder is not None else Path("config")


def config_file(source: str | Path) -> Path:
    """The file: the one given, or ``run_params.json`` of the folder given."""
    path = Path(source)
    return path / FILE_NAME if path.is_dir() else path


def state_folder(document: Mapping[str, Any], path: Path) -> str:
    """The state folder of a file's document, also where the rest of that cannot be used."""
    named = document.get("state_folder")
    return str(path.parent / (named if isinstance(named, str) and named else STATE_FOLDER))


def check_document(document: dict[str, Any], path: Path | None, *, tell: bool = True) -> AgentConfig:
    """The configuration that a document describes, as the agent uses it.

    Args:
        document: as in the file, with all UUIDs.
        path: the file; what the document names lies beside it. None: the document is of no file.
        tell: as ``validated`` takes it.

    Raises:
        ConfigError: one line for each thing that is wrong, with its JSON path.
    """
    if path is None:
        return validated(document, "configuration", tell=tell)
    return _anchored(validated(document, str(path), tell=tell), path.parent)


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds, unchecked.

    Raises:
        ConfigError: there is no such file, or it holds no JSON object.
    """
    try:
        document = json.loads(path.read_bytes(), object_pairs_hook=each_key_once)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; give --config a folder with {FILE_NAME}; "
            "with {} in it the service starts, and streams can be added on its page"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: must be UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError) as error:  # also so deep, or a number so long, that no setting needs it
        raise ConfigError(f"{path}: not JSON that can be used: {error}") from None
    if is_too_deep(document):
        raise ConfigError(f"{path}: nested deeper than {DEPTH_MAX} levels, which no setting needs")
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: $: must be an object{what_came(document, ())}")
    return document


def is_too_deep(document: Any) -> bool:
    """Whether lists and objects lie in each other more than ``DEPTH_MAX`` times."""
    level = [document]
    for _ in range(DEPTH_MAX + 1):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Put a document in the place of a file: whoever reads it, whenever the power goes, finds the old or the new.

    The file's mode and owner are kept, and a link to it stays one; a new one is its owner's alone, for it may hold
    secrets.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    path = Path(os.path.realpath(path))
    before = path.stat() if path.exists() else None
    scratch = path.with_name(f".{path.name}.new")
    try:
        opened = os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            if before is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
                if os.geteuid() == 0:  # whoever mends it for the service must not lock it out
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk as well."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _add_uuids(path: Path, document: dict[str, Any]) -> None:
    try:
        write_document(path, document)
    except OSError as error:
        raise ConfigError(
            f"{path}: a stream or region has no UUID and the file cannot be written ({error.strerror}); add one by hand"
        ) from None


def with_uuids(document: dict[str, Any]) -> tuple[dict[str, Any], bool]:
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
    missing = [isinstance(record, Mapping) and record.get(key) in (None, "") for record in records]
    filled = [
        {key: str(uuid4()), **{name: value for name, value in record.items() if name != key}} if absent else record
        for record, absent in zip(records, missing, strict=True)
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


def validated(document: dict[str, Any], origin: str, *, tell: bool = True) -> AgentConfig:
    """The configuration that a document describes, what it names not yet looked for beside a file.

    Args:
        document: as in a file, with all UUIDs.
        origin: begins what is told.
        tell: whether to log what is passed over (``compat``); not of a document of which that was told already.

    Raises:
        ConfigError: one line for each thing that is wrong, with its JSON path.
    """
    if wrong := list(_not_text(document)):
        found = [(loc, "must be text, got half a character, NUL or bytes that are none") for loc in wrong]
        raise refused(origin, found)
    if document.get("compat") is True:
        document = _without_unknown(document, origin, tell=tell)
        if tell and document.get("detector_confidence") is not None:
            logger.warning("%s: $.detector_confidence: %s", origin, _OTHER_SCALE)
    try:
        return AgentConfig.model_validate(document)
    except ValidationError as error:
        found = problems_of(document, error)
        if not any(problem["type"] == CONTRADICTION for problem in error.errors()):
            found += contradictions(document)  # which pydantic looks for only where nothing else is wrong
        raise refused(origin, found) from None


def _without_unknown(document: dict[str, Any], origin: str, *, tell: bool) -> dict[str, Any]:
    """The document without keys that we do not have, each told once (files written for the original)."""
    try:
        AgentConfig.model_validate(document)
        return document
    except ValidationError as error:
        unknown = [problem["loc"] for problem in error.errors() if problem["type"] == "extra_forbidden"]
    kept = json.loads(json.dumps(document, default=str))
    for loc in unknown:
        if tell:
            logger.warning("%s: %s is not used by this version", origin, json_path(loc))
        parent = kept
        for step in loc[:-1]:
            parent = parent[step]
        del parent[loc[-1]]
    return typing.cast(dict[str, Any], kept)


def _not_text(value: Any, loc: Place = ()) -> Iterator[Place]:
    """Where in a document there is a text that is none, or ends at once where it names a file."""
    if isinstance(value, str) and ("\0" in value or not is_text(value)):
        yield loc
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _not_text(inner, (*loc, name))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _not_text(inner, (*loc, i))
