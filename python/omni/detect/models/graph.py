"""ONNX graphs written node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]
Shape = Sequence[int | str]
"""Sides of an input or output; a free one is given by a name."""

_OPSET = 13
_IR_VERSION = 8
_HALF_MIN_SIZE = 256
_HALF_MAX_VALUE = 65000.0


class GraphBuilder:
    """Collects inputs, nodes, constants and outputs. Values are known by name; nodes are named in order."""

    def __init__(self) -> None:
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}

    def input(self, name: str, shape: Shape) -> str:
        """A float32 input of the model."""
        self._inputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape)))
        return name

    def output(self, name: str, value: str, shape: Shape) -> None:
        """Give out ``value`` as the float32 output ``name``."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape)))

    def constant(self, array: npt.ArrayLike) -> str:
        """A constant; equal ones are stored once."""
        array = np.asarray(array, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"constant_{len(self._constants)}")
        return self._constants[key].name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        return self.nodes(operator, *inputs, outputs=1, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """A node with several outputs, whose names are returned."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        names = [f"{name}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, name=name, **attributes))
        return names

    def build(self) -> onnx.ModelProto:
        """The whole model, checked.

        Raises:
            onnx.checker.ValidationError: the graph is not valid.
        """
        graph = helper.make_graph(self._nodes, "graph", self._inputs, self._outputs, list(self._constants.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            producer_name="omni",
            ir_version=_IR_VERSION,
        )
        store_as_half(model)
        onnx.checker.check_model(model, full_check=True)
        return model


def store_as_half(model: onnx.ModelProto) -> None:
    """Store the large float32 weights as float16 with a cast after each.

    onnxruntime folds the casts when it loads the model, so only the file gets smaller.
    """
    graph = model.graph
    kept, casts = [], []
    for tensor in graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < _HALF_MIN_SIZE or np.abs(weights).max() > _HALF_MAX_VALUE:
            kept.append(tensor)
            continue
        half = f"{tensor.name}_half"
        kept.append(numpy_helper.from_array(weights.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], name=f"{half}_cast", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
