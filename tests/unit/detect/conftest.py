"""Small ONNX models that give what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto, helper, numpy_helper, save

Outputs = Mapping[str, npt.NDArray[Any]]
WriteModel = Callable[..., Path]


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Writes a model with a picture as its input whose outputs are always the given arrays."""

    def write(
        outputs: Outputs,
        *,
        picture: tuple[int | str, ...] = (1, 3, 96, 160),
        picture_type: int = TensorProto.FLOAT,
        other_inputs: tuple[str, ...] = (),
    ) -> Path:
        inputs = [helper.make_tensor_value_info("images", picture_type, picture)]
        inputs += [helper.make_tensor_value_info(name, TensorProto.INT64, (1, 2)) for name in other_inputs]
        nodes = [
            helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
            for name, array in outputs.items()
        ]
        infos = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in outputs.items()
        ]
        graph = helper.make_graph(nodes, "constant", inputs, infos)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        path = tmp_path / "model.onnx"
        save(model, path)
        return path

    return write


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with the folder for models in it; no site folder."""
    monkeypatch.delenv("OMNI_MODELS", raising=False)
    monkeypatch.setenv("OMNI_CACHE", str(tmp_path / "cache"))
    models = tmp_path / "cache" / "models"
    models.mkdir(parents=True)
    return models


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)
