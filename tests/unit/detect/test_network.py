"""Several pictures at once, where a network takes and gives several."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from omni.detect import network as networks
from omni.detect.batching import Batcher
from omni.detect.network import Network
from omni.detect.runtime import QUIET


def brightness(path: Path, *, batch: int | str, each: bool) -> Path:
    """A network that gives the mean of each picture, or of all pictures together."""
    axes = [1, 2, 3] if each else [0, 1, 2, 3]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=axes, keepdims=1),
        helper.make_node("Reshape", ["mean", "shape"], ["level"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, (batch, 3, 8, 8))],
        [helper.make_tensor_value_info("level", TensorProto.FLOAT, (batch if each else 1, 1))],
        [numpy_helper.from_array(np.array([-1, 1], np.int64), "shape")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.mark.parametrize(
    ("batch", "each", "together"),
    [("n", True, True), (1, True, False), ("n", False, False)],
    ids=["any number", "one only", "free in name only"],
)
def test_several_pictures_give_what_each_gives_alone(
    tmp_path: Path, batch: int | str, each: bool, together: bool
) -> None:
    network = Network(brightness(tmp_path / "m.onnx", batch=batch, each=each), ("CPU",), free_size=(8, 8))
    assert network.batches is together
    assert not network.accelerated
    blobs = [np.full((1, 3, 8, 8), level, np.float32) for level in (1.0, 5.0, 2.0)]
    assert [float(outputs["level"][0, 0]) for outputs in network.run_many(blobs)] == [1.0, 5.0, 2.0]
    assert network.run_many([]) == []


def test_on_a_cpu_as_many_run_at_once_as_there_are_cores_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "cores", lambda: 4)
    path = brightness(tmp_path / "m.onnx", batch="n", each=True)
    assert [Network(path, ("CPU",), free_size=(8, 8), threads=n).side_by_side for n in (1, 2, 8)] == [4, 2, 1]


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_batcher_gives_each_picture_its_own_whatever_the_network_takes(tmp_path: Path, batch: int | str) -> None:
    network = Network(brightness(tmp_path / "m.onnx", batch=batch, each=True), ("CPU",), free_size=(8, 8))
    levels = np.arange(7, dtype=np.float32)
    pictures = np.broadcast_to(levels[:, None, None, None], (7, 3, 8, 8)).copy()
    assert Batcher.of(network, on_cpu=4).run(pictures)["level"][:, 0].tolist() == levels.tolist()


def test_a_network_reports_to_nobody_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = brightness(tmp_path / "m.onnx", batch="n", each=True)
    script = (
        "import sys; from pathlib import Path; from omni.detect.network import Network;"
        " Network(Path(sys.argv[1]), ('CPU',), free_size=(8, 8))"
    )
    own = {k: v for k, v in os.environ.items() if k != QUIET and not k.startswith("XDG_")}
    subprocess.run([sys.executable, "-c", script, str(path)], env={**own, "HOME": str(home)}, check=True)
    assert list(home.iterdir()) == []
