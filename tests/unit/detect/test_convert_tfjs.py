"""TensorFlow.js graphs made by hand, against the same layers in numpy."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from omni.detect.models.convert_tfjs import convert
from omni.errors import ModelError

Array = npt.NDArray[Any]


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def integers(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}


def node(name: str, operation: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": operation, "input": list(inputs), "attr": attributes}


def files(nodes: list[dict[str, Any]], weights: dict[str, Array]) -> dict[str, bytes]:
    """A model as two files; weights of bytes count as quantised."""
    manifest, shards = [], []
    for name, weight in weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(weight.shape), "dtype": str(weight.dtype)}
        if weight.dtype == np.uint8:
            entry |= {"dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -2.0}}
        manifest.append(entry)
        shards.append(weight.tobytes())
    constants = [node(name, "Const") for name in weights]
    model = {
        "modelTopology": {"node": [*nodes, *constants]},
        "weightsManifest": [{"paths": ["m.bin"], "weights": manifest}],
    }
    return {"model/m.json": json.dumps(model).encode(), "model/m.bin": b"".join(shards)}


def run(nodes: list[dict[str, Any]], weights: dict[str, Array], picture: Array, output: str) -> Array:
    """The output for a picture (N, H, W, C); four axes come back as (N, H, W, C) too."""
    batch, height, width, channels = picture.shape
    model = convert(
        files(nodes, weights), inputs={"x": ("image", (batch, channels, height, width))}, outputs={output: "out"}
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: Array = session.run(["out"], {"image": picture.transpose(0, 3, 1, 2)})[0]
    return result


def convolve(picture: Array, kernel: Array, stride: int, *, depthwise: bool = False) -> Array:
    """A convolution with TensorFlow's SAME padding, one output pixel at a time."""
    _, height, width, _ = picture.shape
    size = kernel.shape[0]
    out_height, out_width = -(-height // stride), -(-width // stride)
    below, right = (
        max((out - 1) * stride + size - side, 0) for out, side in ((out_height, height), (out_width, width))
    )
    padded = np.pad(picture, ((0, 0), (below // 2, below - below // 2), (right // 2, right - right // 2), (0, 0)))
    rows = []
    for y in range(out_height):
        for x in range(out_width):
            patch = padded[0, y * stride : y * stride + size, x * stride : x * stride + size]
            if depthwise:
                rows.append(np.einsum("hwc,hwcm->cm", patch, kernel).ravel())
            else:
                rows.append(np.einsum("hwc,hwco->o", patch, kernel))
    return np.array(rows, np.float32).reshape(1, out_height, out_width, -1)


X = node("x", "Placeholder", shape={"shape": {"dim": [{"size": "1"}, {"size": "7"}, {"size": "10"}, {"size": "3"}]}})


def test_convolutions_biases_and_activations(random: np.random.Generator) -> None:
    picture = random.normal(size=(1, 7, 10, 3)).astype(np.float32)
    weights = {
        "k": random.normal(size=(3, 3, 3, 4)).astype(np.float32),
        "b": random.normal(size=4).astype(np.float32),
        "d": random.integers(0, 9, (3, 3, 4, 2), dtype=np.uint8),
    }
    window = {"strides": integers(1, 2, 2, 1), "dilations": integers(1, 1, 1, 1), "padding": text("SAME")}
    fused = {"fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}}}
    old_window = window | {"padding": {"s": list(b"SAME")}, "strides": integers(1, 1, 1, 1)}
    nodes = [
        X,
        node("conv", "_FusedConv2D", "x", "k", "b", **window, **fused),
        node("depthwise", "DepthwiseConv2dNative", "conv", "d", **old_window),
        node("six", "Relu6", "depthwise"),
    ]
    expected = np.maximum(convolve(picture, weights["k"], 2) + weights["b"], 0)
    expected = convolve(expected, weights["d"] * np.float32(0.5) - 2, 1, depthwise=True)
    np.testing.assert_allclose(run(nodes, weights, picture, "six"), np.clip(expected, 0, 6), atol=1e-4)


def test_axes_are_kept_right_through_transpose_pad_concat_and_split(random: np.random.Generator) -> None:
    picture = random.normal(size=(1, 7, 10, 3)).astype(np.float32)
    weights = {
        "order": np.array([0, 2, 1, 3], np.int32),
        "pads": np.array([[0, 0], [1, 2], [0, 0], [0, 1]], np.int32),
        "row": random.normal(size=(10, 1, 1)).astype(np.float32),
        "three": np.array(3, np.int32),
        "sizes": np.array([2, 6], np.int32),
        "flat": np.array([1, -1, 6], np.int32),
    }
    nodes = [
        X,
        node("turned", "Transpose", "x", "order"),
        node("scaled", "Mul", "turned", "row"),
        node("padded", "Pad", "scaled", "pads"),
        node("twice", "ConcatV2", "padded", "padded", "three"),
        node("parts", "SplitV", "twice", "sizes", "three"),
        node("sum", "AddN", "parts:1", "parts:1"),
        node("out", "Reshape", "sum", "flat"),
    ]
    turned = picture.transpose(0, 2, 1, 3) * weights["row"]
    padded = np.pad(turned, ((0, 0), (1, 2), (0, 0), (0, 1)))
    expected = (np.concatenate([padded, padded], axis=3)[..., 2:] * 2).reshape(1, -1, 6)
    np.testing.assert_allclose(run(nodes, weights, picture, "out"), expected, atol=1e-5)


def test_pooling_mean_dense_and_softmax(random: np.random.Generator) -> None:
    picture = random.normal(size=(1, 6, 10, 3)).astype(np.float32)
    weights = {
        "axes": np.array([1, 2], np.int32),
        "w": random.normal(size=(3, 5)).astype(np.float32),
        "b": random.normal(size=5).astype(np.float32),
        "scale": random.uniform(0.5, 2, 3).astype(np.float32),
        "offset": random.normal(size=3).astype(np.float32),
        "mean": random.normal(size=3).astype(np.float32),
        "variance": random.uniform(0.5, 2, 3).astype(np.float32),
    }
    window = {"ksize": integers(1, 2, 2, 1), "strides": integers(1, 2, 2, 1), "padding": text("VALID")}
    nodes = [
        X,
        node("norm", "FusedBatchNorm", "x", "scale", "offset", "mean", "variance", epsilon={"f": 0.25}),
        node("pool", "MaxPool", "norm", **window),
        node("average", "Mean", "pool", "axes"),
        node("dense", "_FusedMatMul", "average", "w", "b", fused_ops={"list": {"s": [text("BiasAdd")["s"]]}}),
        node("out", "Softmax", "dense"),
    ]
    norm = (picture - weights["mean"]) / np.sqrt(weights["variance"] + 0.25) * weights["scale"] + weights["offset"]
    pooled = norm.reshape(1, 3, 2, 5, 2, 3).max(axis=(2, 4))
    logits = pooled.mean(axis=(1, 2)) @ weights["w"] + weights["b"]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(run(nodes, weights, picture, "out"), expected, atol=1e-5)


def test_shapes_that_the_graph_computes_are_known(random: np.random.Generator) -> None:
    picture = random.normal(size=(1, 7, 10, 3)).astype(np.float32)
    weights = {
        "begin": np.array([0], np.int32),
        "end": np.array([1], np.int32),
        "step": np.array([1], np.int32),
        "rest": np.array(-1, np.int32),
        "three": np.array(3, np.int32),
    }
    nodes = [
        X,
        node("shape", "Shape", "x"),
        node("batch", "StridedSlice", "shape", "begin", "end", "step", shrink_axis_mask={"i": "1"}),
        node("target", "Pack", "batch", "rest", "three"),
        node("out", "Reshape", "x", "target"),
    ]
    np.testing.assert_allclose(run(nodes, weights, picture, "out"), picture.reshape(1, -1, 3))


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([X, node("out", "FFT2D", "x")], r"operation FFT2D \(node out\) cannot be converted"),
        (
            [
                X,
                node(
                    "out", "MaxPool", "x", ksize=integers(1, 2, 2, 1), strides=integers(1, 2, 2, 1), padding=text("ODD")
                ),
            ],
            r"padding ODD \(node out\) cannot be converted",
        ),
        ([X, node("out", "Reshape", "x", "x")], "a constant was expected"),
    ],
)
def test_what_cannot_be_converted_is_refused(nodes: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        run(nodes, {}, np.zeros((1, 7, 10, 3), np.float32), "out")


@pytest.mark.parametrize(("change", "message"), [(-1, "end before"), (3, "3 bytes belong to no weight")])
def test_shards_of_another_length_are_refused(change: int, message: str) -> None:
    content = files([X], {"w": np.zeros(4, np.float32)})
    shard = content["model/m.bin"]
    content["model/m.bin"] = shard[:change] if change < 0 else shard + b"\0" * change
    with pytest.raises(ModelError, match=message):
        convert(content, inputs={"x": ("image", (1, 3, 7, 10))}, outputs={"w": "out"})


def test_converting_twice_gives_the_same_bytes(random: np.random.Generator) -> None:
    weights = {"s": random.normal(size=(1, 7, 10, 3)).astype(np.float32)}
    content = files([X, node("out", "Add", "x", "s")], weights)
    first, second = (
        convert(content, inputs={"x": ("image", (1, 3, 7, 10))}, outputs={"out": "out"}).SerializeToString(
            deterministic=True
        )
        for _ in range(2)
    )
    assert first == second


def test_the_batch_is_left_open_where_no_layer_fixes_it() -> None:
    relu = [node("x", "Placeholder"), node("y", "Relu", "x")]
    model = convert(files(relu, {}), inputs={"x": ("image", (1, 3, 4, 4))}, outputs={"y": "out"}, any_batch=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(3).normal(size=(5, 3, 4, 4)).astype(np.float32)
    assert session.run(None, {"image": pictures})[0].shape[0] == 5
    reshape = [*relu, node("z", "Reshape", "y", "target")]
    with pytest.raises(ModelError, match="the batch cannot be left open: the graph has Reshape"):
        convert(
            files(reshape, {"target": np.array([1, -1], np.int32)}),
            inputs={"x": ("image", (1, 3, 4, 4))},
            outputs={"z": "out"},
            any_batch=True,
        )
