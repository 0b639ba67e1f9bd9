"""Networks that are let to take pictures of other sizes, and streams that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from omni.detect import open_detector
from omni.detect.free_size import freed
from omni.detect.network import Network
from omni.errors import ConfigError, ModelError

Measured = Callable[[str], Path]


def network(path: Path, size: tuple[int, int], *, positions: str = "") -> Path:
    """Two grids, the coarse one resized and added to the fine one, then flattened: as detectors are made.

    ``positions``: what is done with a constant of the size of the picture.
    """
    width, height = size
    random = np.random.default_rng(4)
    fine, coarse = random.normal(size=(2, 4, 3, 2, 2)).astype(np.float32)
    cells = [1, 4, height // 2, width // 2]
    channels = 8 if positions == "Concat" else 4
    constants = {
        "fine": fine,
        "coarse": coarse[:, :3],
        "level": np.full((1, 4, 1, 1), 0.5, np.float32),
        "to": np.array(cells, np.int64),
        "flat": np.array([1, channels, cells[2] * cells[3]], np.int64),
        "places": random.normal(size=cells).astype(np.float32),
    }
    add = helper.make_node
    nodes = [
        add("Conv", ["picture", "fine"], ["a"], strides=[2, 2]),
        add("MaxPool", ["picture"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        add("Conv", ["half", "coarse"], ["b"], strides=[2, 2]),
        add("Resize", ["b", "", "", "to"], ["c"], mode="linear", coordinate_transformation_mode="half_pixel"),
        add("Add", ["a", "c"], ["d"]),
        add("Mul", ["d", "places" if positions == "Mul" else "level"], ["m"]),
        add("Concat", ["m", "places"], ["e"], axis=1) if positions == "Concat" else add("Identity", ["m"], ["e"]),
        add("Reshape", ["e", "flat"], ["f"]),
        add("Transpose", ["f"], ["found"], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, height, width))],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, (1, cells[2] * cells[3], channels))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def run(model: bytes | str, picture: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"picture": picture})[0])


@pytest.mark.parametrize("size", [(64, 96), (96, 64), (256, 128)])
def test_a_network_set_free_does_what_it_does_when_made_for_that_size(tmp_path: Path, size: tuple[int, int]) -> None:
    found = freed(network(tmp_path / "a.onnx", (64, 96)))
    assert found is not None
    assert found.size == (64, 96)
    picture = np.random.default_rng(1).normal(size=(1, 3, size[1], size[0])).astype(np.float32)
    made_for_it = run(str(network(tmp_path / "b.onnx", size)), picture)
    np.testing.assert_allclose(run(found.model, picture), made_for_it, atol=1e-5)


def test_what_is_tied_to_its_size_stays_as_it_is(tmp_path: Path) -> None:
    for positions in ("Mul", "Concat"):
        assert freed(network(tmp_path / "positions.onnx", (64, 96), positions=positions)) is None
    assert freed(network(tmp_path / "odd.onnx", (64, 80))) is None
    (tmp_path / "no.onnx").write_bytes(b"no model")
    assert freed(tmp_path / "no.onnx") is None


def test_a_picture_is_looked_at_in_its_own_shape_and_larger_where_asked(
    person_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = open_detector(person_model)
    assert detector.input_size((1920, 1080)) == (416, 256)
    assert detector.input_size((1080, 1920)) == (256, 416)
    assert detector.input_size((500, 500)) == (416, 416)
    assert detector.input_size((5000, 1)) == (416, 32)
    large = detector.at(832)
    assert large is detector.at(832)
    assert large.at(832) is large
    assert large.input_size((1920, 1080)) == (832, 480)
    assert large.info()["input_size"] == [832, 832]
    with pytest.raises(ValueError, match="multiple of 32"):
        detector.at(400)
    monkeypatch.setattr(Network, "accelerated", True)  # one shape, for which it was prepared
    assert large.input_size((1920, 1080)) == (832, 832)


def test_a_larger_input_finds_smaller_people(person_model: str, measured: Measured) -> None:
    picture = cv2.imread(str(measured("mot17-dev/MOT17-04/img1/000001.jpg")))
    detector = open_detector(person_model, confidence=0.45)
    few, more = detector.detect(picture), detector.at(832).detect(picture)
    assert len(more) > 1.5 * len(few)
    heights = more.xyxy[:, 3] - more.xyxy[:, 1]
    assert np.median(heights) < np.median(few.xyxy[:, 3] - few.xyxy[:, 1])


def test_a_stream_cannot_ask_for_what_the_network_cannot_do(write_model: Callable[..., Path], tmp_path: Path) -> None:
    from omni import Agent

    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    model = write_model({"logits": np.zeros((1, 5, 91), np.float32), "pred_boxes": np.zeros((1, 5, 4), np.float32)})
    config = {"streams": [{"name": "gate", "url": str(tmp_path)}], "detector": {"model": str(model)}}
    with Agent(config) as agent:
        wide = {**config, "streams": [{**config["streams"][0], "input_size": 640}]}  # type: ignore[dict-item]
        with pytest.raises(ConfigError, match=r"gate: input_size: .* 160x96 only") as refused:
            agent.prepare(wide)
        assert refused.value.problems[0][0] == "/streams/0/input_size"
    with pytest.raises(ModelError, match=r"gate: input_size: .* 160x96 only"):
        Agent(wide)
    with pytest.raises(ConfigError, match=r"streams\[0\]\.input_size"):
        Agent({"streams": [{"url": str(tmp_path), "input_size": 100}]})
