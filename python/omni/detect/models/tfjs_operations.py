"""What each TensorFlow operation is in ONNX.

TensorFlow lays pictures out as (N, H, W, C), ONNX as (N, C, H, W). A value here knows in which order its axes
really lie, so layers that agree follow each other without a transpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omni.detect.models.graph import Array, GraphBuilder
from omni.detect.models.tfjs_graph import Node
from omni.errors import ModelError

_CHANNELS_FIRST = (0, 3, 1, 2)
_CHANNELS_LAST = (0, 2, 3, 1)
_FUSED = ("BiasAdd", "Relu", "Relu6")


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A value of the running graph.

    Attributes:
        name: in the ONNX graph.
        shape: as TensorFlow sees it.
        layout: axis i of ``shape`` is axis ``layout[i]`` of the ONNX value.
    """

    name: str
    shape: tuple[int, ...]
    layout: tuple[int, ...]

    @classmethod
    def plain(cls, name: str, shape: Sequence[int]) -> _Tensor:
        return cls(name, tuple(shape), tuple(range(len(shape))))

    @property
    def order(self) -> tuple[int, ...]:
        """The permutation that takes axes as TensorFlow sees them to those of the ONNX value."""
        return tuple(self.layout.index(i) for i in range(len(self.layout)))


_Value = _Tensor | Array
"""A value that is computed when the model runs, or one that is known already."""


class Converter:
    """Adds TensorFlow nodes, each after those it needs, to an ONNX graph.

    Its methods raise ``ModelError`` for what cannot be converted.

    Args:
        weights: the values of ``Const`` nodes, by their name.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.graph = GraphBuilder()
        self._weights = weights
        self._values: dict[str, list[_Value]] = {}

    def add_input(self, node: Node, name: str, shape: tuple[int, int, int, int]) -> None:
        self.graph.input(name, shape)
        declared = node.attributes.get("shape", {}).get("shape", {}).get("dim", [])
        channels_first = len(declared) == 4 and int(declared[1].get("size", -1)) == shape[1]
        if channels_first:
            tensor = _Tensor.plain(name, shape)
        else:
            tensor = _Tensor(name, (shape[0], shape[2], shape[3], shape[1]), _CHANNELS_LAST)
        self._values[node.name] = [tensor]

    def add_output(self, tf_name: str, name: str) -> None:
        value = self._values[tf_name][0]
        self.graph.output(name, self._laid_out(value), value.shape)

    def add(self, node: Node) -> None:
        if node.operation == "Const":
            self._values[node.name] = [self._weights[node.name]]
            return
        if node.operation not in _OPERATIONS:
            raise ModelError(f"operation {node.operation} (node {node.name}) cannot be converted")
        values = [self._values[name][port] for name, port in zip(node.inputs, node.ports, strict=True)]
        result = _OPERATIONS[node.operation](self, node, values)
        self._values[node.name] = result if isinstance(result, list) else [result]

    def _laid_out(self, value: _Value, order: Sequence[int] | None = None) -> str:
        """The value with its axes in the given order of TensorFlow's axes (their own order by default)."""
        wanted = (
            tuple(range(value.ndim if isinstance(value, np.ndarray) else len(value.shape)))
            if order is None
            else tuple(order)
        )
        if isinstance(value, np.ndarray):
            return self.graph.constant(value.transpose(wanted))
        permutation = [value.layout[i] for i in wanted]
        if permutation == sorted(permutation):
            return value.name
        return self.graph.node("Transpose", value.name, perm=permutation)

    def unary(self, node: Node, values: list[_Value]) -> _Value:
        """Relu, Sigmoid, LeakyRelu: the same name in ONNX, and no axis matters."""
        x = _tensor(node, values[0])
        attributes = {"alpha": node.number("alpha", 0.2)} if node.operation == "LeakyRelu" else {}
        return _Tensor(self.graph.node(node.operation, x.name, **attributes), x.shape, x.layout)

    def relu6(self, node: Node, values: list[_Value]) -> _Value:
        x = _tensor(node, values[0])
        return _Tensor(self._relu6(x.name), x.shape, x.layout)

    def _relu6(self, name: str) -> str:
        return self.graph.node("Clip", name, self.graph.constant(np.float32(0)), self.graph.constant(np.float32(6)))

    def binary(self, node: Node, values: list[_Value]) -> _Value:
        operator, ufunc = _BINARY[node.operation]
        result = values[0]
        for value in values[1:]:
            result = self._combine(operator, ufunc, result, value)
        return result

    def _combine(self, operator: str, ufunc: np.ufunc, a: _Value, b: _Value) -> _Value:
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            return np.asarray(ufunc(a, b))
        leader = next(value for value in (a, b) if isinstance(value, _Tensor))
        shape = np.broadcast_shapes(a.shape, b.shape)
        if len(shape) != len(leader.shape):
            raise ModelError(f"{operator} of shapes {a.shape} and {b.shape} cannot be converted")
        names = []
        for value in (a, b):
            if isinstance(value, np.ndarray):
                value = value.astype(np.float32).reshape((1,) * (len(shape) - value.ndim) + value.shape)
            names.append(self._laid_out(value, leader.order))
        return _Tensor(self.graph.node(operator, *names), shape, leader.layout)

    def batch_norm(self, node: Node, values: list[_Value]) -> _Value:
        x, scale, offset, mean, variance = values[0], *map(_known, values[1:5])
        factor = scale / np.sqrt(variance + node.number("epsilon", 1e-3))
        scaled = self._combine("Mul", np.multiply, x, factor)
        return self._combine("Add", np.add, scaled, offset - mean * factor)

    def convolution(self, node: Node, values: list[_Value]) -> _Value:
        x, kernel = _tensor(node, values[0]), _known(values[1])
        height, width, channels, multiplier = kernel.shape
        depthwise = node.operation == "DepthwiseConv2dNative"
        if depthwise:
            weights = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        else:
            weights = kernel.transpose(3, 2, 0, 1)
        fused, arguments = node.texts("fused_ops"), [_known(value) for value in values[2:]]
        inputs = [self._laid_out(x, _CHANNELS_FIRST), self.graph.constant(weights.astype(np.float32))]
        if fused[:1] == ["BiasAdd"]:
            inputs.append(self.graph.constant(arguments.pop(0)))
            fused = fused[1:]
        strides, dilations = node.integers("strides")[1:3], node.integers("dilations")[1:3] or [1, 1]
        padding, size = _window(node, x.shape[1:3], (height, width), strides, dilations)
        name = self.graph.node(
            "Conv",
            *inputs,
            kernel_shape=[height, width],
            strides=strides,
            dilations=dilations,
            auto_pad=padding,
            group=channels if depthwise else 1,
        )
        name = self._fuse(node, name, fused, arguments)
        return _Tensor(name, (x.shape[0], *size, len(weights)), _CHANNELS_LAST)

    def max_pool(self, node: Node, values: list[_Value]) -> _Value:
        x = _tensor(node, values[0])
        kernel, strides = node.integers("ksize")[1:3], node.integers("strides")[1:3]
        padding, size = _window(node, x.shape[1:3], kernel, strides, (1, 1))
        picture = self._laid_out(x, _CHANNELS_FIRST)
        name = self.graph.node("MaxPool", picture, kernel_shape=kernel, strides=strides, auto_pad=padding)
        return _Tensor(name, (x.shape[0], *size, x.shape[3]), _CHANNELS_LAST)

    def matmul(self, node: Node, values: list[_Value]) -> _Value:
        x, weights = _tensor(node, values[0]), _known(values[1])
        name = self.graph.node("MatMul", self._laid_out(x), self.graph.constant(weights.astype(np.float32)))
        name = self._fuse(node, name, node.texts("fused_ops"), [_known(value) for value in values[2:]])
        return _Tensor.plain(name, (x.shape[0], weights.shape[1]))

    def _fuse(self, node: Node, name: str, operations: list[str], arguments: list[Array]) -> str:
        for operation in operations:
            if operation not in _FUSED:
                raise ModelError(f"fused operation {operation} (node {node.name}) cannot be converted")
            if operation == "BiasAdd":
                name = self.graph.node("Add", name, self.graph.constant(arguments.pop(0)))
            else:
                name = self._relu6(name) if operation == "Relu6" else self.graph.node("Relu", name)
        return name

    def softmax(self, node: Node, values: list[_Value]) -> _Value:
        x = _tensor(node, values[0])
        return _Tensor.plain(self.graph.node("Softmax", self._laid_out(x), axis=-1), x.shape)

    def mean(self, node: Node, values: list[_Value]) -> _Value:
        x = _tensor(node, values[0])
        axes, keep = [int(i) % len(x.shape) for i in np.ravel(_known(values[1]))], node.flag("keep_dims")
        name = self.graph.node("ReduceMean", self._laid_out(x), axes=axes, keepdims=int(keep))
        shape = [1 if i in axes else side for i, side in enumerate(x.shape) if keep or i not in axes]
        return _Tensor.plain(name, shape)

    def transpose(self, node: Node, values: list[_Value]) -> _Value:
        x, order = _tensor(node, values[0]), [int(i) for i in _known(values[1])]
        return _Tensor(x.name, tuple(x.shape[i] for i in order), tuple(x.layout[i] for i in order))

    def pad(self, node: Node, values: list[_Value]) -> _Value:
        x, pads = _tensor(node, values[0]), _known(values[1]).astype(np.int64)
        fill = np.float32(_known(values[2]).item() if len(values) > 2 else 0.0)
        if not pads.any():
            return x
        before_after = pads[list(x.order)].T.ravel()
        name = self.graph.node("Pad", x.name, self.graph.constant(before_after), self.graph.constant(fill))
        shape = tuple(side + int(sum(pad)) for side, pad in zip(x.shape, pads, strict=True))
        return _Tensor(name, shape, x.layout)

    def concat(self, node: Node, values: list[_Value]) -> _Value:
        parts, axis = [_tensor(node, value) for value in values[:-1]], int(_known(values[-1]))
        axis %= len(parts[0].shape)
        order = parts[0].order
        name = self.graph.node("Concat", *(self._laid_out(part, order) for part in parts), axis=order.index(axis))
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        return _Tensor(name, tuple(shape), parts[0].layout)

    def split(self, node: Node, values: list[_Value]) -> list[_Value]:
        x, sizes, axis = _tensor(node, values[0]), _known(values[1]).astype(np.int64), int(_known(values[2]))
        axis %= len(x.shape)
        names = self.graph.nodes("Split", x.name, self.graph.constant(sizes), outputs=len(sizes), axis=x.layout[axis])
        return [
            _Tensor(name, (*x.shape[:axis], int(size), *x.shape[axis + 1 :]), x.layout)
            for name, size in zip(names, sizes, strict=True)
        ]

    def resize(self, node: Node, values: list[_Value]) -> _Value:
        x, (height, width) = _tensor(node, values[0]), (int(side) for side in _known(values[1]))
        if node.flag("align_corners"):
            coordinates = "align_corners"
        else:
            coordinates = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
        sizes = self.graph.constant(np.array([x.shape[0], x.shape[3], height, width], np.int64))
        name = self.graph.node(
            "Resize",
            self._laid_out(x, _CHANNELS_FIRST),
            "",
            "",
            sizes,
            mode="linear",
            coordinate_transformation_mode=coordinates,
        )
        return _Tensor(name, (x.shape[0], height, width, x.shape[3]), _CHANNELS_LAST)

    def reshape(self, node: Node, values: list[_Value]) -> _Value:
        x, shape = _tensor(node, values[0]), [int(side) for side in np.ravel(_known(values[1]))]
        if -1 in shape:
            shape[shape.index(-1)] = math.prod(x.shape) // -math.prod(shape)
        return self._reshaped(x, shape)

    def squeeze(self, node: Node, values: list[_Value]) -> _Value:
        x = _tensor(node, values[0])
        axes = [i % len(x.shape) for i in node.integers("squeeze_dims")]
        gone = axes or [i for i, side in enumerate(x.shape) if side == 1]
        return self._reshaped(x, [side for i, side in enumerate(x.shape) if i not in gone])

    def _reshaped(self, x: _Tensor, shape: Sequence[int]) -> _Value:
        target = self.graph.constant(np.array(shape, np.int64))
        return _Tensor.plain(self.graph.node("Reshape", self._laid_out(x), target), shape)

    def identity(self, _node: Node, values: list[_Value]) -> _Value:
        return values[0]

    def shape(self, _node: Node, values: list[_Value]) -> _Value:
        return np.array(values[0].shape, np.int32)

    def strided_slice(self, node: Node, values: list[_Value]) -> _Value:
        """A slice of a known value: exporters compute shapes with it."""
        x, begin, end, step = map(_known, values)
        shrink, open_begin, open_end = (node.integer(key, 0) for key in ("shrink_axis_mask", "begin_mask", "end_mask"))
        index = tuple(
            int(begin[i])
            if shrink >> i & 1
            else slice(
                None if open_begin >> i & 1 else int(begin[i]),
                None if open_end >> i & 1 else int(end[i]),
                int(step[i]),
            )
            for i in range(len(begin))
        )
        return np.asarray(x[index])

    def pack(self, node: Node, values: list[_Value]) -> _Value:
        return np.stack([_known(value) for value in values], node.integer("axis", 0))

    def sparse_to_dense(self, _node: Node, values: list[_Value]) -> _Value:
        indices, shape, filled, empty = map(_known, values)
        dense = np.full([int(side) for side in shape], empty, filled.dtype)
        dense[tuple(indices.T) if indices.ndim == 2 else indices] = filled
        return dense


def _tensor(node: Node, value: _Value) -> _Tensor:
    if isinstance(value, np.ndarray):
        raise ModelError(f"operation {node.operation} (node {node.name}) of a constant cannot be converted")
    return value


def _known(value: _Value) -> Array:
    if isinstance(value, _Tensor):
        raise ModelError(f"a constant was expected, found the computed value {value.name}")
    return value


def _window(
    node: Node, size: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[str, tuple[int, int]]:
    """ONNX's name of the padding of a sliding window, and the (height, width) that come out."""
    padding = node.text("padding")
    if padding == "SAME":
        height, width = (math.ceil(side / stride) for side, stride in zip(size, strides, strict=True))
        return "SAME_UPPER", (height, width)
    if padding != "VALID":
        raise ModelError(f"padding {padding} (node {node.name}) cannot be converted")
    height, width = (
        (side - (window - 1) * dilation - 1) // stride + 1
        for side, window, stride, dilation in zip(size, kernel, strides, dilations, strict=True)
    )
    return "VALID", (height, width)


_BINARY: dict[str, tuple[str, np.ufunc]] = {
    "Add": ("Add", np.add),
    "AddN": ("Add", np.add),
    "AddV2": ("Add", np.add),
    "BiasAdd": ("Add", np.add),
    "Mul": ("Mul", np.multiply),
    "Maximum": ("Max", np.maximum),
    "Minimum": ("Min", np.minimum),
}

_Operation = Callable[[Converter, Node, list[_Value]], _Value | list[_Value]]

_OPERATIONS: dict[str, _Operation] = {
    **dict.fromkeys(_BINARY, Converter.binary),
    **dict.fromkeys(("Relu", "Sigmoid", "LeakyRelu"), Converter.unary),
    **dict.fromkeys(("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative"), Converter.convolution),
    **dict.fromkeys(("Pad", "PadV2"), Converter.pad),
    "ConcatV2": Converter.concat,
    "FusedBatchNorm": Converter.batch_norm,
    "Identity": Converter.identity,
    "MaxPool": Converter.max_pool,
    "Mean": Converter.mean,
    "Pack": Converter.pack,
    "Relu6": Converter.relu6,
    "Reshape": Converter.reshape,
    "ResizeBilinear": Converter.resize,
    "Shape": Converter.shape,
    "Softmax": Converter.softmax,
    "SparseToDense": Converter.sparse_to_dense,
    "SplitV": Converter.split,
    "Squeeze": Converter.squeeze,
    "StridedSlice": Converter.strided_slice,
    "Transpose": Converter.transpose,
    "_FusedMatMul": Converter.matmul,
}
