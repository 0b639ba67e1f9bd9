"""CenterFace, shipped as ONNX with a fixed tiny input and its weights listed as inputs, made usable."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import helper

from omni.detect.models.graph import Shape, store_as_half

_OUTPUTS = (("heatmap", 1), ("scale", 2), ("offset", 2), ("landmarks", 10))


def convert(files: Mapping[str, bytes]) -> onnx.ModelProto:
    """The same network with free height and width (multiples of 32) and named outputs.

    Args:
        files: the one ONNX file, by path.
    """
    (content,) = files.values()
    model = onnx.load_model_from_string(content)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    (picture,) = (value for value in graph.input if value.name not in weights)
    names = {picture.name: "image"}
    names |= {value.name: name for value, (name, _) in zip(graph.output, _OUTPUTS, strict=True)}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    used = {name for node in graph.node for name in node.input}
    initializers = [tensor for tensor in graph.initializer if tensor.name in used]
    # The shapes that were stored belong to the tiny input.
    del graph.initializer[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.initializer.extend(initializers)
    graph.input.append(_float32("image", (1, 3, "height", "width")))
    graph.output.extend(_float32(name, (1, channels, "height_by_4", "width_by_4")) for name, channels in _OUTPUTS)
    store_as_half(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _float32(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape))
