"""TensorFlow.js graph models to ONNX, for convolutional networks of fixed input size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

import onnx

from omni.detect.models.tfjs_graph import Node, in_order
from omni.detect.models.tfjs_operations import Converter
from omni.detect.models.tfjs_weights import read_weights
from omni.errors import ModelError

Inputs = Mapping[str, tuple[str, tuple[int, int, int, int]]]
Outputs = Mapping[str, str]


def convert(
    files: Mapping[str, bytes], *, inputs: Inputs, outputs: Outputs, any_batch: bool = False
) -> onnx.ModelProto:
    """Convert a graph model.

    Args:
        files: the model's JSON and its shards, by path; one path ends in ``.json``.
        inputs: TensorFlow's name -> our name and shape (N, C, H, W).
        outputs: TensorFlow's name -> our name.
        any_batch: leave open how many pictures it takes at once, whatever N.

    Raises:
        ModelError: the graph holds an operation that is not supported, or its weights do not fit, or it works for N
            pictures only.
    """
    path = next(path for path in files if path.endswith(".json"))
    model = json.loads(files[path])
    weights = read_weights(model["weightsManifest"], PurePosixPath(path).parent, files)
    nodes = {node["name"]: Node.of(node) for node in model["modelTopology"]["node"]}
    converter = Converter(weights)
    for tf_name, (name, shape) in inputs.items():
        converter.add_input(nodes[tf_name], name, shape)
    for node in in_order(nodes, inputs, outputs):
        converter.add(node)
    for tf_name, name in outputs.items():
        converter.add_output(tf_name, name)
    network = converter.graph.build()
    if any_batch:
        _free_batch(network)
    return network


def _free_batch(model: onnx.ModelProto) -> None:
    fixed = {node.op_type for node in model.graph.node} & {"Reshape", "Resize"}  # their target shapes are constants
    if fixed:
        raise ModelError(f"the batch cannot be left open: the graph has {', '.join(sorted(fixed))}")
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
