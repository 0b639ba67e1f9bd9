"""Weights of TensorFlow.js: shards of plain numbers, described by a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from omni.errors import ModelError

_DTYPES = ("float32", "int32", "uint8", "bool", "float16", "uint16")


def read_weights(
    manifest: Sequence[Mapping[str, Any]], folder: PurePosixPath, files: Mapping[str, bytes]
) -> dict[str, npt.NDArray[Any]]:
    """All weights by name, as float32 or int32; quantised ones are widened.

    Args:
        manifest: groups of weights with the shards that hold them, one after the other.
        folder: of the manifest; the shards' paths are relative to it.
        files: content by path.

    Raises:
        ModelError: a shard is too short or too long, or a dtype is unknown.
    """
    return {name: widen(raw, entry) for name, (raw, entry) in read_raw_weights(manifest, folder, files).items()}


def read_raw_weights(
    manifest: Sequence[Mapping[str, Any]], folder: PurePosixPath, files: Mapping[str, bytes]
) -> dict[str, tuple[npt.NDArray[Any], Mapping[str, Any]]]:
    """Weights as they are stored, each with its entry of the manifest; see :func:`read_weights`."""
    weights = {}
    for group in manifest:
        content = b"".join(files[str(folder / path)] for path in group["paths"])
        start = 0
        for entry in group["weights"]:
            dtype = entry.get("quantization", entry)["dtype"]
            if dtype not in _DTYPES:
                raise ModelError(f"weight {entry['name']}: expected one of {', '.join(_DTYPES)}, found {dtype}")
            stored = np.dtype(dtype)
            count = int(np.prod(entry["shape"], dtype=np.int64))
            end = start + count * stored.itemsize
            if end > len(content):
                raise ModelError(f"weight {entry['name']}: its shards end before it does")
            raw = np.frombuffer(content[start:end], stored).reshape(entry["shape"])
            weights[entry["name"]] = (raw, entry)
            start = end
        if start != len(content):
            raise ModelError(f"shards {', '.join(group['paths'])}: {len(content) - start} bytes belong to no weight")
    return weights


def widen(raw: npt.NDArray[Any], entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    """A stored weight with its quantisation undone: ``raw * scale + min``."""
    quantization = entry.get("quantization")
    if quantization is None:
        return raw
    wide = raw.astype(np.float32)
    if "scale" in quantization:
        wide = wide * np.float32(quantization["scale"]) + np.float32(quantization["min"])
    return wide.astype(entry["dtype"])
