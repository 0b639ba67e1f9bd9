"""Each head gives back the boxes that its outputs were made from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from omni.detect.heads import HEADS, Outputs, Signature, Size, choose_head
from omni.errors import ModelError
from omni.types import Float32

SIZE = (160, 96)
CELLS = 20 * 12 + 10 * 6 + 5 * 3
PEOPLE = np.array([[10, 20, 50, 84], [70.5, 8.25, 120, 90], [3, 4, 30, 33]], np.float32)
SCORES = np.array([0.9, 0.5, 0.31], np.float32)
STRIDES = (8, 16, 32)
"""The grid on which each person is put."""


def sizes(xyxy: Float32) -> Float32:
    return xyxy[:, 2:] - xyxy[:, :2]


def centres(xyxy: Float32) -> Float32:
    return (xyxy[:, 2:] + xyxy[:, :2]) / 2


def cells_of_people() -> list[tuple[int, int, int, int]]:
    """For each person: index among all cells, column, row, stride of the cell that its centre lies in."""
    found = []
    for (x, y), stride in zip(centres(PEOPLE), STRIDES, strict=True):
        before = sum((SIZE[0] // s) * (SIZE[1] // s) for s in STRIDES if s < stride)
        column, row = int(x // stride), int(y // stride)
        found.append((before + row * (SIZE[0] // stride) + column, column, row, stride))
    return found


def nanodet() -> Outputs:
    outputs = {}
    for stride in STRIDES:
        cells = (SIZE[0] // stride) * (SIZE[1] // stride)
        outputs[f"cls_{stride}"] = np.full((1, cells, 80), 0.01, np.float32)
        outputs[f"cls_{stride}"][..., 3] = 0.95  # another class, which must not be found
        outputs[f"reg_{stride}"] = np.zeros((1, cells, 44), np.float32)
    for box, score, (_, column, row, stride) in zip(PEOPLE, SCORES, cells_of_people(), strict=True):
        cell = row * (SIZE[0] // stride) + column
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        outputs[f"cls_{stride}"][0, cell, 0] = score
        for side, distance in enumerate(np.array([x - box[0], y - box[1], box[2] - x, box[3] - y]) / stride):
            probability = np.full(11, 1e-12)
            probability[int(distance)] = 1 - distance % 1
            probability[int(distance) + 1] = distance % 1
            outputs[f"reg_{stride}"][0, cell, side * 11 : side * 11 + 11] = np.log(probability + 1e-12)
    return outputs


def yolox() -> Outputs:
    rows = np.zeros((1, CELLS, 85), np.float32)
    people = zip(centres(PEOPLE), sizes(PEOPLE), SCORES, cells_of_people(), strict=True)
    for centre, size, score, (cell, column, row, stride) in people:
        offset = centre / stride - [column, row]
        rows[0, cell, :6] = [*offset, *np.log(size / stride), 0.95, score / 0.95]
        rows[0, cell - 1, :10] = [*offset, *np.log(size / stride), 1, 0, 0, 0, 0, 1]  # another class
    return {"output": rows}


def yolov8() -> Outputs:
    columns = np.zeros((1, 84, CELLS), np.float32)
    for i, (centre, size, score) in enumerate(zip(centres(PEOPLE), sizes(PEOPLE), SCORES, strict=True)):
        columns[0, :5, 7 * i] = [*centre, *size, score]
        columns[0, [0, 1, 2, 3, 9], 7 * i + 1] = [*centre, *size, 0.9]  # another class
    return {"output0": columns}


def yolov8_rows() -> Outputs:
    return {"output0": yolov8()["output0"].transpose(0, 2, 1)}


def detr(logits: str = "logits", boxes: str = "pred_boxes", classes: int = 80, person: int = 0) -> Outputs:
    outputs = {
        logits: np.full((1, 30, classes), -9, np.float32),
        boxes: np.full((1, 30, 4), 0.5, np.float32),
    }
    outputs[boxes][0, 4:7] = np.concatenate([centres(PEOPLE), sizes(PEOPLE)], axis=1) / (SIZE * 2)
    outputs[logits][0, 4:7, person] = np.log(SCORES / (1 - SCORES))
    outputs[logits][0, 9, person + 1] = 5  # another class
    return outputs


def rf_detr() -> Outputs:
    return detr("labels", "dets", classes=91, person=1)


def labelled(boxes: str, person: int, boxes_xyxy: Float32, batch: bool) -> Outputs:
    scores = np.append(SCORES, np.float32(0.8))
    labels = np.array([person] * len(PEOPLE) + [person + 1], np.int64)
    xyxy = np.concatenate([boxes_xyxy, boxes_xyxy[:1]])
    plain = {boxes: xyxy, "labels": labels, "scores": scores}
    return {name: array[None] if batch else array for name, array in plain.items()}


def detr_deploy() -> Outputs:
    return labelled("boxes", 0, PEOPLE, batch=True)


def torchvision() -> Outputs:
    return labelled("boxes", 1, PEOPLE, batch=False)


def zoo_ssd() -> Outputs:
    return labelled("bboxes", 1, PEOPLE / np.array(SIZE * 2, np.float32), batch=True)


MODELS: dict[str, tuple[str, Callable[[], Outputs]]] = {
    "nanodet": ("nanodet", nanodet),
    "yolox": ("yolox", yolox),
    "yolov8": ("yolov8", yolov8),
    "yolov8 rows": ("yolov8", yolov8_rows),
    "detr": ("detr", detr),
    "rf-detr": ("rf-detr", rf_detr),
    "detr-deploy": ("detr-deploy", detr_deploy),
    "torchvision": ("torchvision", torchvision),
    "ssd": ("ssd", zoo_ssd),
}


def signature(outputs: Outputs, size: Size = SIZE, inputs: tuple[str, ...] = ("images",)) -> Signature:
    return Signature(inputs, {name: array.shape for name, array in outputs.items()}, size)


@pytest.mark.parametrize("model", MODELS)
def test_decoding_gives_back_the_people_that_were_encoded(model: str) -> None:
    name, encode = MODELS[model]
    boxes, scores = HEADS[name].decode(encode(), SIZE, 0.3)
    order = np.argsort(-scores)
    np.testing.assert_allclose(boxes[order], PEOPLE, atol=1e-3)
    np.testing.assert_allclose(scores[order], SCORES, atol=1e-6)
    assert boxes.dtype == scores.dtype == np.float32


@pytest.mark.parametrize("model", MODELS)
def test_what_is_not_over_the_confidence_is_left_out(model: str) -> None:
    name, encode = MODELS[model]
    boxes, scores = HEADS[name].decode(encode(), SIZE, 0.6)
    np.testing.assert_allclose(boxes, PEOPLE[:1], atol=1e-3)
    np.testing.assert_allclose(scores, SCORES[:1], atol=1e-6)
    boxes, scores = HEADS[name].decode(encode(), SIZE, 0.99)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize("model", MODELS)
def test_a_head_is_recognised_by_what_the_model_gives(model: str) -> None:
    name, encode = MODELS[model]
    inputs = ("images", "orig_target_sizes") if name == "detr-deploy" else ("images",)
    assert choose_head("m.onnx", signature(encode(), inputs=inputs)).name == name


@pytest.mark.parametrize(
    ("anchor", "centre", "height_width"),
    [
        (0, (0.5 / 19, 0.5 / 19), (0.1, 0.1)),
        (19 * 19 * 3 + (3 * 10 + 4) * 6 + 1, (3.5 / 10, 4.5 / 10), (0.35 / 2**0.5, 0.35 * 2**0.5)),
        (19 * 19 * 3 + 600 + (2 * 5 + 1) * 6 + 5, (2.5 / 5, 1.5 / 5), ((0.5 * 0.65) ** 0.5,) * 2),
        (1916, (0.5, 0.5), (0.95**0.5, 0.95**0.5)),
    ],
)
def test_ssdlite_anchors(anchor: int, centre: tuple[float, float], height_width: tuple[float, float]) -> None:
    outputs = {"scores": np.zeros((1, 1917, 91), np.float32), "box_encodings": np.zeros((1, 1917, 4), np.float32)}
    outputs["scores"][0, anchor, 1] = 0.8
    outputs["scores"][0, :, 2] = 0.9  # another class
    y, x, height, width = 0.41, 0.52, 0.3, 0.2
    outputs["box_encodings"][0, anchor] = [
        (y - centre[0]) / height_width[0] * 10,
        (x - centre[1]) / height_width[1] * 10,
        np.log(height / height_width[0]) * 5,
        np.log(width / height_width[1]) * 5,
    ]
    head = choose_head("m.onnx", signature(outputs, (300, 300)))
    boxes, scores = head.decode(outputs, (300, 300), 0.3)
    assert head.name == "ssdlite"
    np.testing.assert_allclose(boxes, [[126, 78, 186, 168]], atol=1e-3)
    np.testing.assert_allclose(scores, [0.8])


def test_a_model_that_fits_nothing_is_refused_with_what_was_expected_and_found() -> None:
    found = Signature(("images",), {"heatmap": (1, 1, 24, 40)}, SIZE)
    with pytest.raises(ModelError, match=r"found inputs images and outputs heatmap 1x1x24x40 at 160x96") as error:
        choose_head("m.onnx", found)
    for head in HEADS.values():
        assert head.name in str(error.value)


def test_a_named_head_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match=r"does not fit head nanodet: expected cls_8.*found inputs"):
        choose_head("m.onnx", signature(yolox()), "nanodet")


def test_an_unknown_head_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"head 'yolov5' is unknown: expected one of nanodet"):
        choose_head("m.onnx", signature(yolox()), "yolov5")


def test_a_layout_that_two_heads_share_must_be_named() -> None:
    rows = Signature(("images",), {"output": (1, CELLS, 15)}, SIZE)
    with pytest.raises(ModelError, match="yolox or yolov8: name its head"):
        choose_head("m.onnx", rows)
    assert choose_head("m.onnx", rows, "yolov8").name == "yolov8"


@pytest.mark.parametrize(
    "outputs",
    [
        {"output": (1, CELLS * 3, 85)},  # three anchors a cell
        {"logits": (1, 100, 92), "pred_boxes": (1, 100, 4)},  # softmax over classes and "nothing"
        {"scores": (1, 1917, 91), "box_encodings": (1, 1917, 4)},  # not at 300x300
        {"boxes": (7, 4), "labels": (6,), "scores": (7,)},
        {"boxes": (2, 7, 4), "labels": (2, 7), "scores": (2, 7)},
    ],
)
def test_layouts_that_only_look_alike_are_refused(outputs: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="fits no known head"):
        choose_head("m.onnx", Signature(("images",), outputs, SIZE))
