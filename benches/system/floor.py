"""The map fusion against public floor truth: accuracy, fewer cameras, stress.

    python benches/system/floor.py [accuracy] [cameras] [stress] [--json]

Needs the measuring data (OMNI_DATA: cmc-dev, pets09-split, multiviewx-10, campus-dev) and the package motmetrics, which
does the scoring. Everything runs with the defaults of the library. A score is MOTA / IDF1 / switches; several runs are
told as their mean.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omni.fusion import Homography, MapFuser
from omni.mot import MotRows, read_mot
from omni.types import Detections

sys.path.append(str(Path(__file__).resolve().parents[2] / ".peers"))  # peers: looked for last

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
ROOM = (2.03, 6.3, 0.0, 3.41)
"""The part of the CMC room that its authors score, metres."""
WHOLE = (-np.inf, np.inf, -np.inf, np.inf)

Array = npt.NDArray[np.float64]
Boxes = dict[int, dict[str, Array]]
"""Frame -> camera -> rows of x1, y1, x2, y2, score."""


@dataclass(frozen=True)
class Scene:
    """Cameras (homography, picture size), what they saw, and who was where: rows of frame, id, x, y in metres."""

    cameras: dict[str, tuple[Array, tuple[float, float] | None]]
    boxes: Boxes
    truth: Array
    fps: float
    radius: float
    area: tuple[float, float, float, float] = WHOLE
    delays: dict[str, float] | None = None
    """For each camera how many seconds before the moment of the map its frames were taken."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {sorted(TABLES)} (default: all)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.tables) - TABLES.keys():
        parser.error(f"no table {sorted(unknown)}")
    results: dict[str, dict[str, list[list[float]]]] = {}
    for table in options.tables or TABLES:
        results[table] = {}
        for name, scores in TABLES[table]():
            results[table][name] = [[round(v, 1) for v in score] for score in scores]
            if not options.json:
                print(f"{table:9s} {name:58s} {show(scores)}", flush=True)
    if options.json:
        print(json.dumps(results, indent=1))
    return 0


Row = tuple[str, list[Array]]


def accuracy() -> Iterator[Row]:
    cmc1, cmc2, pets, rendered = (
        cmc("CMC1"),
        cmc("CMC2"),
        annotated("pets09-split", 10, 0.5),
        annotated("multiviewx-10", 2, 1),
    )
    yield "CMC1", [score(cmc1)]
    yield "CMC2", [score(cmc2)]
    yield "CMC2, seven variants", [score(variant) for variant in variants(cmc2)]
    yield "pets09-split, annotated boxes", [score(pets)]
    yield "pets09-split, noisy boxes, 3 seeds", [score(noisy(pets, seed)) for seed in (1, 2, 3)]
    yield "multiviewx-10, annotated boxes", [score(rendered)]
    yield "multiviewx-10, noisy boxes, 5 seeds", [score(noisy(rendered, seed)) for seed in (1, 2, 3, 4, 5)]
    yield "campus-dev HC3 + HC4, frames 1 to 2000", [score(campus())]


def cameras() -> Iterator[Row]:
    for sequence in ("CMC1", "CMC2"):
        scene = cmc(sequence)
        for count in (1, 2, 3, 4):
            chosen = itertools.combinations(scene.cameras, count)
            yield f"{sequence}, {count} of 4 cameras", [score(only(scene, *names)) for names in chosen]


def stress() -> Iterator[Row]:
    for sequence in ("CMC1", "CMC2"):
        scene = cmc(sequence)
        each = list(scene.cameras)
        cases: dict[str, list[Scene]] = {
            "as it is": [scene],
            "a camera 100 ms behind, its frames dated so": [behind(scene, c, 0.1, dated=True) for c in each],
            "a camera 100 ms behind, dated as the others": [behind(scene, c, 0.1, dated=False) for c in each],
            "a camera 250 ms behind, dated as the others": [behind(scene, c, 0.25, dated=False) for c in each],
            "20 % of the frames of each camera missing": [without_frames(scene, 20, seed) for seed in (1, 2, 3)],
            "20 % of the boxes missing": [noisy(scene, seed, 0.2, 0, 0) for seed in (1, 2, 3)],
            "a camera stops for 10 s and returns": [paused(scene, c, 10) for c in each],
            "a homography 5 % too long": [stretched(scene, c, 1.05) for c in each],
            "a homography 10 % too long": [stretched(scene, c, 1.1) for c in each],
            "picture sizes not known (feet alone)": [without_sizes(scene)],
        }
        for name, scenes in cases.items():
            yield f"{sequence}, {name}", [score(case) for case in scenes]


TABLES: dict[str, Callable[[], Iterator[Row]]] = {"accuracy": accuracy, "cameras": cameras, "stress": stress}


def show(scores: list[Array]) -> str:
    table = np.array(scores)
    mean = "{:5.1f} / {:5.1f} / {:5.1f}".format(*table.mean(0))
    return mean if len(table) == 1 else f"{mean}   worst {table[:, 0].min():5.1f} / {table[:, 1].min():5.1f}"


def fuse(scene: Scene) -> Array:
    """Rows of frame, id, x, y."""
    fuser = MapFuser({name: Homography(matrix, size) for name, (matrix, size) in scene.cameras.items()})
    rows: list[tuple[float, ...]] = []
    frames = range(int(scene.truth[:, 0].min()), int(scene.truth[:, 0].max()) + 1)
    for frame in frames:
        seen = scene.boxes.get(frame, {})
        now = frame / scene.fps
        state = fuser.update(
            {name: detections(boxes) for name, boxes in seen.items() if name in scene.cameras},
            timestamp=now,
            timestamps={name: now - (scene.delays or {}).get(name, 0.0) for name in seen if name in scene.cameras},
        )
        rows += [(frame, i, *place) for i, place in zip(state.object_id.tolist(), state.position.tolist(), strict=True)]
    return np.array(rows, np.float64).reshape(-1, 4)


def detections(boxes: Array) -> Detections:
    return Detections(
        boxes[:, :4].astype(np.float32), boxes[:, 4].clip(0, 1).astype(np.float32), np.zeros(len(boxes), np.int32)
    )


def score(scene: Scene) -> Array:
    """MOTA, IDF1, switches."""
    import motmetrics

    if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 still calls it; NumPy 2 has dropped it
        np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)  # type: ignore[attr-defined]
    truth, result = (_inside(rows, scene.area) for rows in (scene.truth, fuse(scene)))
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in range(int(scene.truth[:, 0].min()), int(scene.truth[:, 0].max()) + 1):
        wanted, had = truth[truth[:, 0] == frame], result[result[:, 0] == frame]
        squared = ((wanted[:, None, 2:4] - had[None, :, 2:4]) ** 2).sum(2)
        squared[squared > scene.radius**2] = np.nan
        accumulator.update(wanted[:, 1].astype(int).tolist(), had[:, 1].astype(int).tolist(), squared)
    found = motmetrics.metrics.create().compute(accumulator, metrics=["mota", "idf1", "num_switches"], name="x").iloc[0]
    return np.array([100 * found.mota, 100 * found.idf1, found.num_switches], np.float64)


def _inside(rows: Array, area: tuple[float, float, float, float]) -> Array:
    low_x, high_x, low_y, high_y = area
    x, y = rows[:, 2], rows[:, 3]
    return rows[(x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)]


def cmc(sequence: str) -> Scene:
    folder = DATA / "cmc-dev"
    truth = np.genfromtxt(folder / sequence / "gt" / "gt_floor.txt", delimiter=",", skip_header=1)
    return _scene(
        folder, {f"cam{i}": folder / sequence / "det" / f"cam{i}.txt" for i in range(1, 5)}, truth, 4, 0.5, ROOM
    )


def annotated(name: str, fps: float, radius: float) -> Scene:
    folder = DATA / name
    truth = np.genfromtxt(folder / "gt" / "gt_floor.txt", delimiter=",", skip_header=1)
    names = json.loads((folder / "calibration.json").read_bytes())["cameras"]
    return _scene(folder, {n: folder / "gt" / f"{n}.txt" for n in names}, truth, fps, radius)


def campus() -> Scene:
    folder = DATA / "campus-dev"
    with gzip.open(folder / "gt" / "gt_floor_HC3_HC4.txt.gz", "rt") as file:
        truth = np.genfromtxt(file, delimiter=",", skip_header=1)[:, :4]
    files = {name: folder / "det" / f"{name}_yolov8n.txt.gz" for name in ("HC3", "HC4")}
    return _scene(folder, files, truth[truth[:, 0] <= 2000], 29.97, 1.0)


def _scene(
    folder: Path,
    files: dict[str, Path],
    truth: Array,
    fps: float,
    radius: float,
    area: tuple[float, float, float, float] = WHOLE,
) -> Scene:
    document = json.loads((folder / "calibration.json").read_bytes())
    cameras = {}
    for name in files:
        camera = document["cameras"][name]
        width, height = camera.get("image_size", document.get("image_size"))
        cameras[name] = (np.array(camera["H_image_to_floor"], np.float64), (float(width), float(height)))
    rows = {name: read_mot(path) for name, path in files.items()}
    frames = range(1, int(truth[:, 0].max()) + 1)
    boxes = {frame: {name: _rows(r, frame) for name, r in rows.items()} for frame in frames}
    return Scene(cameras, boxes, truth, fps, radius, area)


def _rows(rows: MotRows, frame: int) -> Array:
    at = rows.at(frame)
    return np.c_[rows.xyxy[at], rows.score[at]]


def only(scene: Scene, *names: str) -> Scene:
    return replace(scene, cameras={name: scene.cameras[name] for name in names})


def variants(scene: Scene) -> Iterator[Scene]:
    """All cameras; each camera missing; a tenth of the frames missing, twice."""
    yield scene
    for name in scene.cameras:
        yield only(scene, *(other for other in scene.cameras if other != name))
    for seed in (1, 2):
        yield without_frames(scene, 10, seed)


def without_frames(scene: Scene, percent: int, seed: int) -> Scene:
    def kept(frame: int, camera: int) -> bool:
        return (frame * 7919 + camera * 104729 + seed * 15485863) % 97 >= percent * 0.97 + 0.3

    return replace(
        scene,
        boxes={
            frame: {name: rows for c, (name, rows) in enumerate(seen.items()) if kept(frame, c)}
            for frame, seen in scene.boxes.items()
        },
    )


def noisy(scene: Scene, seed: int, missed: float = 0.1, jitter: float = 0.03, clutter: float = 0.3) -> Scene:
    """Boxes missing, their corners moved by a share of their height, and some put anywhere."""
    rng = np.random.default_rng(seed)

    def changed(name: str, rows: Array) -> Array:
        rows = rows[rng.random(len(rows)) >= missed].copy()
        height = rows[:, 3:4] - rows[:, 1:2]
        move, grow = (rng.normal(0, jitter, (len(rows), 2)) * height if jitter else 0.0 for _ in range(2))
        rows[:, :2] += move
        rows[:, 2:4] = np.maximum(rows[:, 2:4] + move + grow, rows[:, :2])
        count = rng.poisson(clutter) if len(rows) else 0
        extra = rows[rng.integers(len(rows), size=count)].copy() if count else rows[:0]
        extra[:, :4] += np.tile(rng.uniform(0, scene.cameras[name][1], (count, 2)) - extra[:, :2], 2)
        rows = np.r_[rows, extra]
        if clutter:
            rows[:, 4] = rng.uniform(0.5, 1, len(rows))
        return rows

    boxes = {frame: {name: changed(name, rows) for name, rows in seen.items()} for frame, seen in scene.boxes.items()}
    return replace(scene, boxes=boxes)


def behind(scene: Scene, camera: str, seconds: float, *, dated: bool) -> Scene:
    """A camera that shows what it saw ``seconds`` before: boxes moved back towards their likest of the frame before."""
    share = seconds * scene.fps
    boxes = {frame: dict(seen) for frame, seen in scene.boxes.items()}
    for frame, seen in scene.boxes.items():
        if frame - 1 in scene.boxes:
            boxes[frame][camera] = _moved_back(seen[camera], scene.boxes[frame - 1][camera], share)
    return replace(scene, boxes=boxes, delays={camera: seconds} if dated else None)


def _moved_back(rows: Array, before: Array, share: float) -> Array:
    if share >= 1 or not len(rows) or not len(before):
        return before if share >= 1 else rows
    low, high = (f(rows[:, None, i : i + 2], before[None, :, i : i + 2]) for f, i in ((np.maximum, 0), (np.minimum, 2)))
    shared = np.clip(high - low, 0, None).prod(2)
    area, area_before = ((r[:, 2:4] - r[:, :2]).prod(1) for r in (rows, before))
    overlap = shared / (area[:, None] + area_before[None] - shared)
    likest = before[overlap.argmax(1), :4]
    moved = rows.copy()
    moved[:, :4] += np.where(overlap.max(1)[:, None] > 0.3, share * (likest - rows[:, :4]), 0.0)
    return moved


def paused(scene: Scene, camera: str, seconds: float) -> Scene:
    middle = int(np.median(scene.truth[:, 0]))
    away = range(middle, middle + int(seconds * scene.fps))
    boxes = {
        frame: {name: rows for name, rows in seen.items() if name != camera or frame not in away}
        for frame, seen in scene.boxes.items()
    }
    return replace(scene, boxes=boxes)


def stretched(scene: Scene, camera: str, factor: float) -> Scene:
    """A camera whose places lie ``factor`` times as far from the place under it."""
    matrix, size = scene.cameras[camera]
    x, y = _under(matrix, size)
    stretch = np.array([[factor, 0, x * (1 - factor)], [0, factor, y * (1 - factor)], [0, 0, 1.0]])
    return replace(scene, cameras={**scene.cameras, camera: (stretch @ matrix, size)})


def _under(matrix: Array, size: tuple[float, float]) -> Array:
    """The place on the floor below a camera, for square pixels and the principal point in the middle."""
    centred = np.array([[1, 0, -size[0] / 2], [0, 1, -size[1] / 2], [0, 0, 1.0]]) @ np.linalg.inv(matrix)
    a, b, c = centred.T
    left = np.array([a[0] * b[0] + a[1] * b[1], a[0] ** 2 + a[1] ** 2 - b[0] ** 2 - b[1] ** 2])
    right = -np.array([a[2] * b[2], a[2] ** 2 - b[2] ** 2])
    inverse_focal = np.sqrt((left @ right) / (left @ left))
    a, b, c = ((v * (inverse_focal, inverse_focal, 1)) for v in (a, b, c))
    up = np.cross(a, b)
    return np.asarray(-np.linalg.solve(np.stack([a, b, up], 1), c)[:2])


def without_sizes(scene: Scene) -> Scene:
    return replace(scene, cameras={name: (matrix, None) for name, (matrix, _) in scene.cameras.items()})  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
