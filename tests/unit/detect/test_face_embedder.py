"""A user's own embedding network, by its description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.detect.conftest import WriteModel

from omni.detect import open_face_embedder
from omni.errors import ModelError

DESCRIPTION: dict[str, Any] = {
    "file": "model.onnx",
    "rgb": True,
    "mean": [127.5, 127.5, 127.5],
    "std": [127.5, 127.5, 127.5],
    "points": [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]],
    "same": {"mean": 0.8, "deviation": 0.15},
    "different": {"mean": 1.38, "deviation": 0.08},
}


def describe(folder: Path, **changes: Any) -> str:
    path = folder / "mine.json"
    path.write_text(json.dumps(DESCRIPTION | changes))
    return str(path)


def test_a_described_network_gives_unit_vectors_also_where_it_takes_one_face_at_a_time(
    write_model: WriteModel, tmp_path: Path
) -> None:
    write_model({"vector": np.array([[3.0, 4.0]], np.float32)}, picture=(1, 3, 112, 112))
    embedder = open_face_embedder(describe(tmp_path))
    points = np.array([DESCRIPTION["points"]] * 3, np.float32)
    vectors = embedder.embed(np.zeros((120, 120, 3), np.uint8), points)
    assert vectors == pytest.approx(np.array([[0.6, 0.8]] * 3))
    assert (embedder.dimension, embedder.spec.same.mean) == (2, 0.8)
    assert embedder.identity.startswith("mine@")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"file": "absent.onnx"}, r"file: .*absent\.onnx: no such file"),
        ({"points": [[0, 0]]}, "expected five points"),
        ({"same": {"mean": 2.0, "deviation": 0.1}}, r"same\.mean below different\.mean"),
        ({"same": {"mean": 0.8}}, "not a description of an embedding network"),
        ({"mean": [1, 2]}, "not a description of an embedding network"),
    ],
)
def test_what_is_wrong_in_a_description_is_named(
    write_model: WriteModel, tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    write_model({"vector": np.ones((1, 2), np.float32)}, picture=(1, 3, 112, 112))
    with pytest.raises(ModelError, match=why):
        open_face_embedder(describe(tmp_path, **changes))


def test_what_a_description_says_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"rgb": true, "rgb": false}')
    with pytest.raises(ModelError, match="given twice in one object: rgb"):
        open_face_embedder(str(path))


def test_neither_a_name_nor_a_file_is_an_error() -> None:
    with pytest.raises(ModelError, match="expected dlib-128 or the JSON description"):
        open_face_embedder("arcface")
