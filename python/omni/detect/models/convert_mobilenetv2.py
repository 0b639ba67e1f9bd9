"""MobileNetV2 without its classifier, from PyTorch weights: the graph is written here.

Layers after Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from omni.detect.models.graph import Array, GraphBuilder
from omni.detect.models.torch_state import read_state_dict

_BOTTLENECKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, output channels, repetitions, stride of the first."""

_EPSILON = 1e-5


def convert(files: Mapping[str, bytes]) -> onnx.ModelProto:
    """A model from ``image`` (n, 3, H, W) to ``embedding`` (n, 1280), not of unit length.

    The picture is RGB 0..1 with ImageNet's mean and deviation.

    Args:
        files: the one file of weights, by path.
    """
    (content,) = files.values()
    return _Network(read_state_dict(content)).build()


class _Network:
    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._graph = GraphBuilder()
        self._weights = weights

    def build(self) -> onnx.ModelProto:
        graph = self._graph
        x = self._relu6(
            self._convolution(graph.input("image", ("n", 3, "h", "w")), "features.0.0", "features.0.1", stride=2)
        )
        channels, layer = 32, 1
        for expansion, filters, repetitions, first_stride in _BOTTLENECKS:
            for i in range(repetitions):
                stride = first_stride if i == 0 else 1
                y = self._bottleneck(x, f"features.{layer}.conv", channels * expansion, expansion > 1, stride)
                x = graph.node("Add", x, y) if stride == 1 and channels == filters else y
                channels, layer = filters, layer + 1
        x = self._relu6(self._convolution(x, f"features.{layer}.0", f"features.{layer}.1"))
        embedding = graph.node("Flatten", graph.node("GlobalAveragePool", x))
        graph.output("embedding", embedding, ("n", 1280))
        return graph.build()

    def _bottleneck(self, x: str, name: str, hidden: int, expand: bool, stride: int) -> str:
        """Expansion (where there is one), depthwise convolution, projection; each followed by a batch norm."""
        first = 0
        if expand:
            x, first = self._relu6(self._convolution(x, f"{name}.0", f"{name}.1")), 3
        x = self._convolution(x, f"{name}.{first}", f"{name}.{first + 1}", stride=stride, group=hidden)
        return self._convolution(self._relu6(x), f"{name}.{first + 3}", f"{name}.{first + 4}")

    def _convolution(self, x: str, name: str, norm: str, *, stride: int = 1, group: int = 1) -> str:
        """A convolution with the batch norm after it folded in."""
        filters = self._weights[f"{name}.weight"]
        gamma, beta, mean, variance = (
            self._weights[f"{norm}.{key}"] for key in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / np.sqrt(variance + np.float32(_EPSILON))
        size = filters.shape[2]
        return self._graph.node(
            "Conv",
            x,
            self._graph.constant(filters * factor.reshape(-1, 1, 1, 1)),
            self._graph.constant(beta - mean * factor),
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[(size - 1) // 2] * 4,
            group=group,
        )

    def _relu6(self, x: str) -> str:
        return self._graph.node("Clip", x, self._graph.constant(np.float32(0)), self._graph.constant(np.float32(6)))
