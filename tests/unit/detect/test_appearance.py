from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, save

from omni.detect import open_descriptor
from omni.errors import ModelError

RED, GREEN, BLUE = (40, 40, 200), (40, 200, 40), (200, 40, 40)


def person(shirt: tuple[int, int, int], trousers: tuple[int, int, int], grain: int) -> np.ndarray:
    """A picture of 40 x 120 with noise, coloured above and below."""
    picture = np.zeros((120, 40, 3), np.int64)
    picture[:70], picture[70:] = shirt, trousers
    noise = np.random.default_rng(grain).integers(-15, 16, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_colours_tell_people_apart_and_know_them_again() -> None:
    descriptor = open_descriptor("colour")
    picture = np.hstack([person(RED, BLUE, 1), person(GREEN, BLUE, 2), person(RED, BLUE, 3)])
    boxes = np.array([[0, 0, 40, 120], [40, 0, 80, 120], [80, 0, 120, 120]], np.float32)
    a, b, again = descriptor.describe(picture, boxes)
    assert np.linalg.norm(a) > 0
    assert cosine(a, again) > 0.9
    assert cosine(a, b) < 0.7


@pytest.mark.parametrize("box", [[200, 0, 240, 50], [-50, -50, -10, -10], [10, 10, 10.2, 40]])
def test_a_box_that_shows_nothing_says_nothing(box: list[float]) -> None:
    rows = open_descriptor("colour").describe(person(RED, BLUE, 1), np.array([box], np.float32))
    assert rows.shape == (1, 384)
    assert not rows.any()


def mean_colour_network(path: Path, rank: int = 2) -> Path:
    """Gives the mean of each channel of the crop: (1, 3), or (1, 3, 1, 1)."""
    crop = helper.make_tensor_value_info("crop", TensorProto.FLOAT, [1, 3, 64, 32])
    out = helper.make_tensor_value_info("look", TensorProto.FLOAT, [1, 3] if rank == 2 else [1, 3, 1, 1])
    nodes = [helper.make_node("GlobalAveragePool", ["crop"], ["mean" if rank == 2 else "look"])]
    if rank == 2:
        nodes.append(helper.make_node("Flatten", ["mean"], ["look"]))
    model = helper.make_model(
        helper.make_graph(nodes, "g", [crop], [out]), opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    save(model, str(path))
    return path


def test_a_network_of_the_users_own_gets_normalised_rgb(tmp_path: Path) -> None:
    descriptor = open_descriptor(str(mean_colour_network(tmp_path / "net.onnx")))
    picture = np.full((100, 100, 3), (0, 0, 255), np.uint8)  # pure red
    rows = descriptor.describe(picture, np.array([[10, 10, 40, 90], [500, 500, 600, 600]], np.float32))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows[0], [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-4)
    assert not rows[1].any()


def test_what_is_no_descriptor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file; a descriptor is 'colour'"):
        open_descriptor("osnet")
    with pytest.raises(ModelError, match="expected one output"):
        open_descriptor(str(mean_colour_network(tmp_path / "net.onnx", rank=4)))
