"""Public floor truth as scenes: what cameras saw and who was where; and the same scenes disturbed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import virtual_cameras
from measuring import DATA
from virtual_cameras import Recording

from omni.mot import MotRows, read_mot

ROOM = (2.03, 6.3, 0.0, 3.41)
"""The part of the CMC room that its authors score, metres."""
SQUARE = (-7.0, 7.0, -7.0, 7.0)
"""The part of the square that several cameras look at, metres."""
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


def campus(kind: str = "detected") -> Scene:
    """HC3 and HC4; ``kind``: boxes "detected", those of them "on people" who are annotated, or "annotated"."""
    folder = DATA / "campus-dev"
    with gzip.open(folder / "gt" / "gt_floor_HC3_HC4.txt.gz", "rt") as file:
        truth = np.genfromtxt(file, delimiter=",", skip_header=1)[:, :4]
    truth = truth[truth[:, 0] <= 2000]
    detected, annotated_ = (
        _scene(folder, {name: folder / path for name, path in files.items()}, truth, 29.97, 1.0)
        for files in (
            {name: f"det/{name}_yolov8n.txt.gz" for name in ("HC3", "HC4")},
            {"HC3": "gt/HC3.txt.gz", "HC4": "gt/HC4.txt"},
        )
    )
    if kind == "on people":
        boxes = {
            frame: {name: _touching(rows, annotated_.boxes[frame][name]) for name, rows in seen.items()}
            for frame, seen in detected.boxes.items()
        }
        return replace(detected, boxes=boxes)
    return annotated_ if kind == "annotated" else detected


def _touching(rows: Array, others: Array) -> Array:
    """The boxes that overlap one of the others by a tenth."""
    return rows[_overlap(rows, others).max(1) > 0.1] if len(rows) and len(others) else rows[:0]


def _overlap(rows: Array, others: Array) -> Array:
    """(N, M) intersection over union."""
    low, high = (f(rows[:, None, i : i + 2], others[None, :, i : i + 2]) for f, i in ((np.maximum, 0), (np.minimum, 2)))
    shared = np.clip(high - low, 0, None).prod(2)
    area, other_area = ((r[:, 2:4] - r[:, :2]).prod(1) for r in (rows, others))
    return np.asarray(shared / (area[:, None] + other_area[None] - shared))


def square(recording: Recording, fps: float) -> Scene:
    step = round(virtual_cameras.FPS / fps)
    boxes = dict(enumerate(recording.boxes[::step], 1))
    truth = [
        (frame, i, *place) for frame, there in enumerate(recording.people[::step], 1) for i, place in there.items()
    ]
    cameras = {name: (matrix, virtual_cameras.SIZE) for name, matrix in recording.homographies.items()}
    return Scene(cameras, boxes, np.array(truth, np.float64), fps, 0.5, SQUARE)


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
    overlap = _overlap(rows, before)
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
