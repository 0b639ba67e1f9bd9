"""The reader of old PyTorch files, on files written by hand."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from omni.detect.models.torch_state import read_state_dict
from omni.errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C


class FloatStorage:
    """Stands for torch.FloatStorage in the pickles below."""


def _rebuild_tensor_v2() -> None:
    """Stands for the function of torch._utils in the pickles below."""


FloatStorage.__module__, _rebuild_tensor_v2.__module__ = "torch", "torch._utils"


@pytest.fixture(autouse=True)
def torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """pickle only writes names that can be looked up."""
    torch, inner = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage, inner._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)


class StorageReference:
    def __init__(self, key: str, count: int) -> None:
        self.persistent = ("storage", FloatStorage, key, "cpu", count, None)


class Tensor:
    def __init__(self, key: str, count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.arguments = (StorageReference(key, count), offset, size, stride, False, OrderedDict())

    def __reduce__(self) -> Any:
        return _rebuild_tensor_v2, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.persistent if isinstance(obj, StorageReference) else None


def write(state: Any, storages: dict[str, np.ndarray[Any, Any]], magic: int = MAGIC) -> bytes:
    file = io.BytesIO()
    for value in (magic, 1001, {"little_endian": True}):
        pickle.dump(value, file, protocol=2)
    Pickler(file, protocol=2).dump(state)
    pickle.dump(list(storages), file, protocol=2)
    for storage in storages.values():
        file.write(struct.pack("<q", len(storage)) + storage.tobytes())
    return file.getvalue()


NUMBERS = np.arange(12, dtype=np.float32)


def test_tensors_come_back_with_their_offsets_and_strides() -> None:
    state = OrderedDict(
        a=Tensor("7", 12, 0, (3, 4), (4, 1)), b=Tensor("7", 12, 2, (2, 3), (1, 2)), c=Tensor("7", 12, 5, (), ())
    )
    read = read_state_dict(write(state, {"7": NUMBERS}))
    np.testing.assert_array_equal(read["a"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(read["b"], [[2, 4, 6], [3, 5, 7]])
    np.testing.assert_array_equal(read["c"], 5)


class Command:
    def __reduce__(self) -> Any:
        return os.system, ("exit 1",)


def test_anything_but_tensors_is_refused() -> None:
    with pytest.raises(ModelError, match=r"system is not allowed"):
        read_state_dict(write(OrderedDict(a=Command()), {}))


@pytest.mark.parametrize(
    ("size", "stride", "offset"), [((4, 4), (4, 1), 0), ((2,), (1,), 11), ((2,), (-1,), 5), ((1,), (1,), -1)]
)
def test_a_tensor_outside_of_its_storage_is_refused(
    size: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> None:
    with pytest.raises(ModelError, match="reaches over the end"):
        read_state_dict(write(OrderedDict(a=Tensor("7", 12, offset, size, stride)), {"7": NUMBERS}))


def test_what_is_no_such_file_is_refused() -> None:
    whole = write(OrderedDict(a=Tensor("7", 12, 0, (12,), (1,))), {"7": NUMBERS})
    for content in (b"", b"PK\3\4", whole[:-1], whole[:60], write(OrderedDict(), {}, magic=1)):
        with pytest.raises(ModelError, match="torch weights"):
            read_state_dict(content)
