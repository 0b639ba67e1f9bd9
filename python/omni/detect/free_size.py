"""Letting a network take pictures of other sizes than the one it was exported for.

A network that does the same at each place of a picture (convolutions and what acts on single values) is exported for
one size only because a few constants say so: what it resizes to, and how many cells it flattens. These are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

STEP = 32
"""Sides are multiples of this: the coarsest grid of detectors, in pixels."""

_SAME_EVERYWHERE = frozenset({
    "Conv", "BatchNormalization", "MaxPool", "AveragePool", "Pad", "Split", "Transpose", "Relu", "LeakyRelu", "Clip",
    "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Mish",
})  # fmt: skip
_MADE_OF_CONSTANTS = frozenset(("Cast", "Identity"))
_OF_TWO = frozenset(("Add", "Sub", "Mul", "Div", "PRelu"))

Array = npt.NDArray[Any]


class Freed(NamedTuple):
    """A model as bytes, and the (width, height) that it was exported for."""

    model: bytes
    size: tuple[int, int]


def freed(path: Path) -> Freed | None:
    """The model of an ONNX file with the height and width of its picture left open.

    Returns:
        None where they are open already, or where it cannot be seen that the network does the same at any multiple of
        ``STEP``; also where the file cannot be read, which its reader then tells.
    """
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
        model = onnx.shape_inference.infer_shapes(model)
    except Exception:  # protobuf's and onnx's errors share no base but Exception
        return None
    graph = model.graph
    sides = [dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim][2:] if len(graph.input) == 1 else []
    if len(sides) != 2 or any(side == 0 or side % STEP for side in sides):
        return None
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        return None
    shapes = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*graph.value_info, *graph.input)
    }
    constants: dict[str, Array] = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    if not all(_free(node, shapes, constants, graph) for node in graph.node):
        return None
    for dim, name in zip(graph.input[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
        dim.dim_param = name
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return Freed(bytes(model.SerializeToString()), (sides[1], sides[0]))


def _free(node: Any, shapes: Mapping[str, tuple[int, ...]], constants: dict[str, Array], graph: Any) -> bool:
    """Take out of a node what ties it to one size. False where it cannot be."""
    fixed = [constants[name] for name in node.input if name in constants]
    if node.op_type in _MADE_OF_CONSTANTS:
        if fixed:
            constants[node.output[0]] = fixed[0]
        return True
    if node.op_type in _OF_TWO:
        return all(set(array.shape[-2:]) <= {1} for array in fixed)
    if node.op_type == "Concat":
        return not fixed
    if node.op_type == "Reshape":
        return _flattens(node, shapes, constants, graph)
    if node.op_type == "Resize":
        return _resizes(node, shapes, constants, graph)
    return node.op_type in _SAME_EVERYWHERE


def _flattens(node: Any, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, Array], graph: Any) -> bool:
    """A reshape of (n, c, h, w) to (n, c, h * w) counts the cells itself."""
    before, after = shapes.get(node.input[0], ()), constants.get(node.input[1], np.empty(0)).tolist()
    if len(before) != 4 or len(after) != 3 or after[1] != before[1] or after[2] not in (-1, before[2] * before[3]):
        return False
    _replace(node, 1, np.array([0, before[1], -1], np.int64), graph)
    return True


def _resizes(node: Any, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, Array], graph: Any) -> bool:
    """A resize to a size becomes one by a factor."""
    if len(node.input) < 4:
        return node.input[-1] in constants
    before, after = shapes.get(node.input[0], ()), constants.get(node.input[3], np.empty(0))
    if not before or len(before) != len(after):
        return False
    _replace(node, 2, (after / np.array(before)).astype(np.float32), graph)
    del node.input[3]
    return True


def _replace(node: Any, place: int, array: Array, graph: Any) -> None:
    import onnx

    name = f"{node.output[0]}_free"
    graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    node.input[place] = name
