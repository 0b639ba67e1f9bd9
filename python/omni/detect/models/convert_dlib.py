"""dlib's face recognition ResNet, whose weights are shipped without a graph: the graph is written here.

The network is a ResNet-34 with fewer layers and half of the filters (King 2017, "High Quality Face Recognition with
Deep Metric Learning"); each batch norm has been reduced to a scale and an offset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import onnx

from omni.detect.models.graph import Array, GraphBuilder
from omni.detect.models.tfjs_weights import read_raw_weights, widen

_SIDE = 150
_MEAN = (122.782, 117.001, 104.298)
_STAGES = (
    (None, ("conv32_1", "conv32_2", "conv32_3")),
    ("conv64_down", ("conv64_1", "conv64_2", "conv64_3")),
    ("conv128_down", ("conv128_1", "conv128_2")),
    ("conv256_down", ("conv256_1", "conv256_2")),
    ("conv256_down_out", ()),
)


def convert(files: Mapping[str, bytes]) -> onnx.ModelProto:
    """A model from ``image`` (n, 3, 150, 150) RGB 0..255 to ``embedding`` (n, 128), not of unit length.

    Args:
        files: the manifest (``.json``) and its shard, by path.
    """
    path = next(path for path in files if path.endswith(".json"))
    weights = read_raw_weights(json.loads(files[path]), PurePosixPath(path).parent, files)
    return _Network(weights).build()


class _Network:
    def __init__(self, weights: Mapping[str, tuple[Array, Mapping[str, Any]]]) -> None:
        self._graph = GraphBuilder()
        self._weights = weights

    def build(self) -> onnx.ModelProto:
        graph = self._graph
        image = graph.input("image", ("n", 3, _SIDE, _SIDE))
        mean = graph.constant(np.array(_MEAN, np.float32).reshape(1, 3, 1, 1))
        x = graph.node("Div", graph.node("Sub", image, mean), graph.constant(np.float32(255)))
        x = graph.node("Relu", self._convolution(x, "conv32_down", stride=2))
        x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
        side, channels = 35, 32
        for down, blocks in _STAGES:
            if down:
                x, side, channels = self._down_block(x, down, side, channels)
            for block in blocks:
                x = graph.node("Relu", graph.node("Add", self._block(x, block, stride=1), x))
        x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
        embedding = graph.node("MatMul", x, graph.constant(self._weight("fc")))
        graph.output("embedding", embedding, ("n", 128))
        return graph.build()

    def _weight(self, name: str) -> Array:
        return widen(*self._weights[name])

    def _convolution(self, x: str, name: str, *, stride: int, padding: int = 0) -> str:
        """A convolution with its scale and offset folded into it."""
        graph = self._graph
        scale, offset = self._weight(f"{name}/scale/weights"), self._weight(f"{name}/scale/biases")
        raw, entry = self._weights[f"{name}/conv/filters"]
        size = raw.shape[0]
        raw, by_filter = raw.transpose(3, 2, 0, 1), scale.reshape(-1, 1, 1, 1)
        if entry.get("quantization", {}).get("dtype") == "uint8":
            # Widened when the model is loaded, so that the file keeps one byte a weight.
            quantization = entry["quantization"]
            step, least = (graph.constant(np.float32(quantization[key])) for key in ("scale", "min"))
            wide = graph.node("Cast", graph.constant(raw), to=onnx.TensorProto.FLOAT)
            wide = graph.node("Add", graph.node("Mul", wide, step), least)
            filters = graph.node("Mul", wide, graph.constant(by_filter))
        else:
            filters = graph.constant(widen(raw, entry) * by_filter)
        bias = graph.constant(self._weight(f"{name}/conv/bias") * scale + offset)
        return graph.node(
            "Conv", x, filters, bias, kernel_shape=[size, size], strides=[stride, stride], pads=[padding] * 4
        )

    def _block(self, x: str, name: str, *, stride: int) -> str:
        """Two convolutions; one that goes down has no padding in its first."""
        inner = self._convolution(x, f"{name}/conv1", stride=stride, padding=1 if stride == 1 else 0)
        return self._convolution(self._graph.node("Relu", inner), f"{name}/conv2", stride=1, padding=1)

    def _down_block(self, x: str, name: str, side: int, channels: int) -> tuple[str, int, int]:
        """Half the side and more channels: the shorter of both branches is filled up with zeros."""
        graph = self._graph
        main = self._block(x, name, stride=2)
        skip = graph.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        main_side, skip_side = (side - 3) // 2 + 1, side // 2
        filters = self._weights[f"{name}/conv2/conv/filters"][0].shape[3]
        if main_side < skip_side:
            main = self._pad(main, channels=0, side=skip_side - main_side)
        if channels < filters:
            skip = self._pad(skip, channels=filters - channels, side=0)
        return graph.node("Relu", graph.node("Add", skip, main)), skip_side, filters

    def _pad(self, x: str, *, channels: int, side: int) -> str:
        """Zeros after the last channel, row and column."""
        pads = np.array([0, 0, 0, 0, 0, channels, side, side], np.int64)
        return self._graph.node("Pad", x, self._graph.constant(pads))
