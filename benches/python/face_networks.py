"""How the networks of faces like several pictures at once, and several callers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from omni.detect.batching import Batcher
from omni.detect.models import locate
from omni.detect.models.graph import GraphBuilder
from omni.detect.network import Network
from omni.types import Float32

AT_ONCE = (1, 2, 4, 8)
ROUNDS = 9
CALLERS = 4
CALLS = 12


def batches() -> list[dict[str, Any]]:
    """Processor time of a picture where several go at once, on one thread: medians of rounds that take turns."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "arcface.onnx"
        onnx.save(mobile_face_net(), own)
        for name, path, size, channels in (
            ("dlib-128", locate("dlib-128"), 150, 3),
            ("faceres", locate("faceres"), 224, 3),
            ("mini-xception", locate("mini-xception"), 64, 1),
            ("MobileFaceNet, weights at random", own, 112, 3),
        ):
            network = Network(path, ("CPU",), free_size=(size, size), channels=channels)
            row: dict[str, Any] = {"what": f"{name}, pictures at once"}
            if network.batches:
                spent = taken_in_turns(network.run, lambda n, s=size, c=channels: pictures(n, c, s))
                row["ms a picture, alone"] = round(float(np.median(spent[1])) * 1e3, 2)
                row |= {f"{n} at once": round(float(np.median(spent[1] / spent[n])), 2) for n in AT_ONCE[1:]}
            rows.append(row)
        rows.append(callers(Network(locate("dlib-128"), ("CPU",), free_size=(150, 150))))
    return rows


def callers(network: Network) -> dict[str, Any]:
    """Faces a second of four streams, each with a face and its mirror image at a time: one batch after the other with
    all who wait in it, beside a batch of each on a core of its own.
    """
    spent: dict[int, list[float]] = {1: [], network.side_by_side: []}
    faces = pictures(2, 3, 150)
    for _ in range(3):
        for side_by_side, times in spent.items():
            batcher = Batcher(network.run, most=8, side_by_side=side_by_side)
            begun = time.perf_counter()
            with ThreadPoolExecutor(CALLERS) as pool:
                for _ in pool.map(lambda _, b=batcher: [b.run(faces) for _ in range(CALLS)], range(CALLERS)):
                    pass
            times.append(time.perf_counter() - begun)
    rate = {side_by_side: CALLERS * CALLS / float(np.median(times)) for side_by_side, times in spent.items()}
    return {
        "what": f"dlib-128, faces a second of {CALLERS} streams",
        "one batch at a time": round(rate[1], 1),
        f"{network.side_by_side} side by side": round(rate[network.side_by_side], 1),
    }


def pictures(n: int, channels: int, size: int) -> Float32:
    return np.random.default_rng(n).uniform(0, 255, (n, channels, size, size)).astype(np.float32)


def taken_in_turns(run: Callable[[Float32], Any], make: Callable[[int], Float32]) -> dict[int, Float32]:
    """Seconds of processor time a picture, by how many go at once; in each round all sizes take their turn."""
    inputs = {n: make(n) for n in AT_ONCE}
    for rows in inputs.values():
        run(rows)
    spent: dict[int, list[float]] = {n: [] for n in AT_ONCE}
    for _ in range(ROUNDS):
        for n, rows in inputs.items():
            begun = time.thread_time()
            run(rows)
            spent[n].append((time.thread_time() - begun) / n)
    return {n: np.array(times, np.float32) for n, times in spent.items()}


def mobile_face_net() -> onnx.ModelProto:
    """A network of the kind that users bring (MobileFaceNet, Chen et al. 2018: 112x112 to 128), weights at random."""
    graph, random = GraphBuilder(), np.random.default_rng(0)

    def weights(*shape: int) -> str:
        return graph.constant(random.normal(0, 0.1, shape).astype(np.float32))

    def convolved(
        x: str, into: int, out: int, size: int, stride: int = 1, group: int = 1, activated: bool = True
    ) -> str:
        x = graph.node(
            "Conv", x, weights(out, into // group, size, size), weights(out),
            kernel_shape=[size, size], strides=[stride, stride], pads=[size // 2] * 4, group=group,
        )  # fmt: skip
        return graph.node("PRelu", x, weights(out, 1, 1)) if activated else x

    x = convolved(graph.input("image", ("n", 3, 112, 112)), 3, 64, 3, 2)
    x, width = convolved(x, 64, 64, 3, group=64), 64
    for wider, out, repeats, stride in ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)):
        for i in range(repeats):
            step, inner = stride if i == 0 else 1, width * wider
            y = convolved(convolved(x, width, inner, 1), inner, inner, 3, step, group=inner)
            y = convolved(y, inner, out, 1, activated=False)
            x, width = graph.node("Add", x, y) if step == 1 and width == out else y, out
    x = convolved(x, width, 512, 1)
    x = graph.node("Conv", x, weights(512, 1, 7, 7), kernel_shape=[7, 7], group=512)
    x = graph.node("MatMul", graph.node("Flatten", x), weights(512, 128))
    graph.output("embedding", x, ("n", 128))
    return graph.build()
