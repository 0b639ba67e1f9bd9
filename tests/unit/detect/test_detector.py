"""Detectors on real sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper, save

from omni.detect import open_detector
from omni.detect.doubles import without_doubles
from omni.errors import ModelError
from omni.types import Float32

WriteModel = Callable[..., Path]

FRAME = np.zeros((192, 320, 3), np.uint8)
"""Twice the size of the models' picture (160x96)."""
CELLS = 20 * 12 + 10 * 6 + 5 * 3
PERSON = (20.0, 30.0, 60.0, 90.0)


def yolov8(*people: tuple[float, ...]) -> dict[str, npt.NDArray[Any]]:
    """Outputs for people given as x1, y1, x2, y2, score in input pixels."""
    columns = np.zeros((1, 84, CELLS), np.float32)
    for i, (x1, y1, x2, y2, score) in enumerate(people):
        columns[0, :5, i] = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, score]
    return {"output0": columns}


def yolox() -> dict[str, npt.NDArray[Any]]:
    rows = np.zeros((1, CELLS, 85), np.float32)
    cell, stride = 240 + 3 * 10 + 2, 16
    x1, y1, x2, y2 = PERSON
    rows[0, cell, :6] = [
        (x1 + x2) / 2 / stride - 2,
        (y1 + y2) / 2 / stride - 3,
        np.log((x2 - x1) / stride),
        np.log((y2 - y1) / stride),
        1.0,
        0.8,
    ]
    return {"output": rows}


def detr() -> dict[str, npt.NDArray[Any]]:
    x1, y1, x2, y2 = PERSON
    logits = np.full((1, 20, 80), -9, np.float32)
    logits[0, 3, 0] = np.log(4)
    boxes = np.full((1, 20, 4), 0.5, np.float32)
    boxes[0, 3] = [(x1 + x2) / 320, (y1 + y2) / 192, (x2 - x1) / 160, (y2 - y1) / 96]
    return {"logits": logits, "pred_boxes": boxes}


def labelled(label: int) -> dict[str, npt.NDArray[Any]]:
    return {
        "boxes": np.array([[PERSON, PERSON]], np.float32),
        "labels": np.array([[label, label + 3]], np.int64),
        "scores": np.array([[0.8, 0.9]], np.float32),
    }


@pytest.mark.parametrize(
    ("head", "outputs", "other_inputs"),
    [
        ("yolov8", yolov8((*PERSON, 0.8)), ()),
        ("yolox", yolox(), ()),
        ("detr", detr(), ()),
        ("detr-deploy", labelled(0), ("orig_target_sizes",)),
        ("torchvision", labelled(1), ()),
    ],
)
def test_a_users_model_finds_the_person_in_frame_pixels(
    write_model: WriteModel, head: str, outputs: dict[str, npt.NDArray[Any]], other_inputs: tuple[str, ...]
) -> None:
    detector = open_detector(write_model(outputs, other_inputs=other_inputs))
    found = detector.detect(FRAME)
    assert detector.info()["head"] == head
    np.testing.assert_allclose(found.xyxy, [np.multiply(PERSON, 2)], atol=1e-3)
    np.testing.assert_allclose(found.confidence, [0.8], atol=1e-6)
    np.testing.assert_array_equal(found.class_id, [0])
    assert (found.xyxy.dtype, found.confidence.dtype, found.class_id.dtype) == (np.float32, np.float32, np.int32)


def test_doubles_are_dropped_and_boxes_come_best_first_and_clipped(write_model: WriteModel) -> None:
    outputs = yolov8((20, 30, 60, 90, 0.6), (21, 30, 61, 90, 0.7), (-40, -10, 30, 40, 0.9), (150, 80, 400, 300, 0.5))
    found = open_detector(write_model(outputs)).detect(FRAME)
    np.testing.assert_allclose(found.xyxy, [[0, 0, 60, 80], [42, 60, 122, 180], [300, 160, 320, 192]], atol=1e-3)
    np.testing.assert_allclose(found.confidence, [0.9, 0.7, 0.5])


def test_boxes_without_area_or_sense_are_dropped(write_model: WriteModel) -> None:
    nan, inf = float("nan"), float("inf")
    outputs = yolov8((170, 10, 190, 40, 0.9), (nan, 1, 9, 9, 0.9), (50, 50, 40, 40, 0.9), (1, 1, inf, 9, 0.9))
    outputs["output0"][0, 4, 4] = nan
    assert len(open_detector(write_model(outputs)).detect(FRAME)) == 0


def test_the_confidence_asked_for_is_used(write_model: WriteModel) -> None:
    model = write_model(yolov8((*PERSON, 0.4), (100, 10, 120, 60, 0.9)))
    assert len(open_detector(model).detect(FRAME)) == 2
    assert len(open_detector(model, confidence=0.5).detect(FRAME)) == 1


def test_any_picture_of_bytes_is_taken(write_model: WriteModel) -> None:
    detector = open_detector(write_model(yolov8((*PERSON, 0.8))))
    read_only = FRAME.copy()
    read_only.flags.writeable = False
    mirrored = FRAME[::-1, ::-1, ::-1]
    for frame in (read_only, mirrored, FRAME[::2, ::3], FRAME[..., 0], FRAME[:1, :1]):
        assert detector.detect(frame).xyxy.shape == (1, 4)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (np.zeros((0, 4, 3), np.uint8), ValueError),
        (np.zeros((4, 4, 4), np.uint8), ValueError),
        (np.zeros(4, np.uint8), ValueError),
        (np.zeros((4, 4, 3), np.float32), TypeError),
        ([[1]], TypeError),
    ],
)
def test_what_is_no_picture_is_refused(write_model: WriteModel, frame: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="image: expected"):
        open_detector(write_model(yolov8())).detect(frame)


def test_pixels_reach_the_model_normalised_in_its_own_channel_order(tmp_path: Path) -> None:
    """RF-DETR wants RGB with ImageNet's numbers; this model gives the mean of each channel as a person's score."""
    x, y, width, height = 0.5, 0.5, 0.5, 0.5
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["column"]),
        helper.make_node("Concat", ["column"] * 91, ["labels"], axis=2),
        helper.make_node("Identity", ["boxes"], ["dets"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, 64, 64))],
        [
            helper.make_tensor_value_info("labels", TensorProto.FLOAT, (1, 3, 91)),
            helper.make_tensor_value_info("dets", TensorProto.FLOAT, (1, 3, 4)),
        ],
        [
            helper.make_tensor("shape", TensorProto.INT64, (3,), [1, 3, 1]),
            helper.make_tensor("boxes", TensorProto.FLOAT, (1, 3, 4), [x, y, width, height] * 3),
        ],
    )
    path = tmp_path / "means.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    blue, green, red = 30, 120, 220
    frame = np.full((64, 64, 3), (blue, green, red), np.uint8)
    scores = open_detector(path, confidence=0.0).detect(frame).confidence
    logits = [(red - 123.675) / 58.395, (green - 116.28) / 57.12, (blue - 103.53) / 57.375]
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-np.array(logits))), rtol=1e-5)


def test_one_detector_serves_several_threads_and_sizes(person_model: str, street_clip: Path) -> None:
    capture = cv2.VideoCapture(str(street_clip))
    frames = []
    for i in range(4):
        _, frame = capture.read()
        frames.append(np.ascontiguousarray(frame[: 576 - 100 * i]))
    capture.release()
    detector = open_detector(person_model)
    alone = [detector.detect(frame) for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector.detect, frames * 3))
    for i, found in enumerate(together):
        np.testing.assert_array_equal(found.xyxy, alone[i % 4].xyxy)
    assert all(len(found) >= 3 for found in alone)


def test_info_tells_what_is_in_use(write_model: WriteModel) -> None:
    path = write_model(yolov8())
    info = open_detector(path, threads=2).info()
    assert len(info.pop("sha256")) == 64
    assert info == {
        "model": str(path),
        "head": "yolov8",
        "input_size": [160, 96],
        "confidence": 0.25,
        "providers_asked": ["CPUExecutionProvider"],
        "providers_in_use": ["CPUExecutionProvider"],
        "nodes": {"CPUExecutionProvider": 0},
        "threads": 2,
    }


def test_a_model_with_a_free_size_runs_at_its_heads_size(write_model: WriteModel) -> None:
    path = write_model(
        {"logits": np.zeros((1, 5, 91), np.float32), "pred_boxes": np.zeros((1, 5, 4), np.float32)},
        picture=("n", 3, "h", "w"),
    )
    assert open_detector(path, head="detr").info()["input_size"] == [640, 640]


def test_a_model_that_is_free_in_size_by_name_only_is_given_the_one_that_it_takes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its grids are of one size: exported with axes left open, as they were traced."""
    nodes, weights = [], [numpy_helper.from_array(np.array([0, 5, -1]), "flat")]
    for stride in (8, 16, 32):
        kernel = np.zeros((5, 3, stride, stride), np.float32)
        weights.append(numpy_helper.from_array(kernel, f"kernel_{stride}"))
        convolved = helper.make_node("Conv", ["images", f"kernel_{stride}"], [f"c_{stride}"], strides=[stride, stride])
        nodes += [convolved, helper.make_node("Reshape", [f"c_{stride}", "flat"], [f"r_{stride}"])]
    weights.append(numpy_helper.from_array(np.zeros((1, 5, 8400), np.float32), "grid"))
    nodes += [helper.make_node("Concat", ["r_8", "r_16", "r_32"], ["rows"], axis=2)]
    nodes += [helper.make_node("Add", ["rows", "grid"], ["output"])]
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, "h", "w"))
    graph = helper.make_graph(
        nodes, "traced", [picture], [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)], weights
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    detector = open_detector(tmp_path / "m.onnx")
    assert detector.input_size((640, 360)) == (640, 640)
    assert len(detector.detect(np.zeros((360, 640, 3), np.uint8))) == 0
    with pytest.raises(ModelError, match="takes pictures of 640x640 only"):
        detector.at(320)
    assert capfd.readouterr().err == ""


def test_a_provider_that_cannot_be_had_is_an_error(write_model: WriteModel) -> None:
    with pytest.raises(ModelError, match="CUDAExecutionProvider cannot be had, available are"):
        open_detector(write_model(yolov8()), providers=("CUDA", "CPU"))


def test_a_provider_that_runs_nothing_is_not_in_use(write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime's own ``AzureExecutionProvider`` is there and runs no node of any detector."""
    path, azure = write_model(yolov8()), "AzureExecutionProvider"
    if azure not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has no provider that runs nothing")
    nodes = {"CPUExecutionProvider": 3}
    monkeypatch.setattr("omni.detect.network._nodes", lambda _: nodes)  # of a graph that is not folded away
    with pytest.raises(ModelError, match="AzureExecutionProvider cannot be had, in use are CPUExecutionProvider"):
        open_detector(path, providers=(azure, "CPU"))
    assert open_detector(path, providers=(azure, "CPU"), allow_fallback=True).runs_on.nodes == nodes


def test_the_real_network_tells_where_its_nodes_run(person_model: str) -> None:
    runs_on = open_detector(person_model).runs_on
    assert runs_on.asked == ("CPUExecutionProvider",)
    assert list(runs_on.nodes) == ["CPUExecutionProvider"]


def test_a_fallback_that_is_allowed_is_logged(write_model: WriteModel, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="omni.detect"):
        detector = open_detector(write_model(yolov8()), providers=("CUDAExecutionProvider",), allow_fallback=True)
    assert detector.info()["providers_in_use"] == ["CPUExecutionProvider"]
    assert "CUDAExecutionProvider" in caplog.text


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere.onnx", "neither an ONNX file nor one of nanodet-g-416"),
        ("centerface", "model centerface is for face, not for people"),
        (__file__, "cannot be loaded by onnxruntime"),
    ],
)
def test_what_is_no_person_detector_is_refused(model: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        open_detector(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"picture": (1, 3)}, "expected a float32 picture"),
        ({"picture": (1, 96, 160, 3)}, "expected a float32 picture"),
        ({"picture_type": TensorProto.UINT8}, "expected a float32 picture"),
        ({"other_inputs": ("im_shape",)}, "as inputs, found images, im_shape"),
        ({"picture": (4, 3, 96, 160)}, r"expected a float32 picture .1, 3, H, W. as input, .* images .4, 3, 96, 160"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(write_model: WriteModel, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        open_detector(write_model(yolov8(), **arguments))


def test_settings_out_of_range_are_refused(write_model: WriteModel) -> None:
    path = write_model(yolov8())
    with pytest.raises(ValueError, match=r"confidence: expected 0 to 1, found 1\.5"):
        open_detector(path, confidence=1.5)
    with pytest.raises(ValueError, match="threads: expected 1 or more, found 0"):
        open_detector(path, threads=0)


def brute_force(boxes: Float32, scores: Float32, iou: float) -> list[int]:
    """Greedy suppression, one pair at a time."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        for j in kept:
            width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            shared = max(width, 0.0) * max(height, 0.0)
            both = sum(np.prod(boxes[k, 2:].astype(float) - boxes[k, :2]) for k in (i, j))
            if shared / (both - shared) > iou:
                break
        else:
            kept.append(int(i))
    return kept


@settings(deadline=None)  # the brute force is slow
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40), iou=st.sampled_from([0.3, 0.5, 0.65]))
def test_suppression_is_the_greedy_one(seed: int, count: int, iou: float) -> None:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 60, (count, 2))], axis=1).astype(np.float32)
    scores = random.permutation(np.linspace(0.1, 1, count)).astype(np.float32)
    assert without_doubles(boxes, scores, iou).tolist() == brute_force(boxes, scores, iou)
