"""A state_dict in the file format that PyTorch had before 1.6, read without PyTorch.

The file is a chain of pickles, and a pickle may run any code; so only tensors, their storages and OrderedDict are let
in, and everything else is refused before it is looked up.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omni.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGE_DTYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: npt.DTypeLike


@dataclass(frozen=True, slots=True)
class _StoredTensor:
    """Offset, size and stride count elements of the storage."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _STORAGE_DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> _Storage:
        _kind, storage_name, key, *_location = pid
        return _Storage(str(key), _STORAGE_DTYPES[storage_name])


def _rebuild_tensor(
    storage: _Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_grad: object
) -> _StoredTensor:
    return _StoredTensor(storage, offset, tuple(size), tuple(stride))


def read_state_dict(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """Tensors by name.

    Raises:
        ModelError: the content is no such file, holds other objects than tensors, or is cut off.
    """
    file = io.BytesIO(content)
    try:
        if _Unpickler(file).load() != _MAGIC:
            raise ModelError("torch weights: the magic number of the format before PyTorch 1.6 is missing")
        _Unpickler(file).load()  # version of the protocol
        _Unpickler(file).load()  # sizes of the writer's machine
        tensors: dict[str, _StoredTensor] = _Unpickler(file).load()
        dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
        storages = {}
        for key in _Unpickler(file).load():
            (count,) = struct.unpack("<q", file.read(8))
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key], count)
        return {name: _array(storages[tensor.storage.key], tensor) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, EOFError, struct.error, KeyError, ValueError, AttributeError) as error:
        raise ModelError(f"torch weights cannot be read: {error}") from error


def _array(storage: npt.NDArray[Any], tensor: _StoredTensor) -> npt.NDArray[Any]:
    last = tensor.offset + sum((side - 1) * step for side, step in zip(tensor.size, tensor.stride, strict=True))
    if tensor.offset < 0 or min(tensor.stride, default=0) < 0 or last >= len(storage):
        raise ValueError(f"a tensor of size {tensor.size} reaches over the end of its storage")
    strides = [step * storage.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.size, strides).copy()
