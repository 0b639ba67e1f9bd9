"""The map fusion against public floor truth: accuracy, fewer cameras, stress.

    python benches/system/floor.py [accuracy] [crowd] [ways] [cameras] [campus] [stress] [--json]

Needs the measuring data (OMNI_DATA: cmc-dev, pets09-split, multiviewx-10, campus-dev, traj-eth-ucy) and the package
motmetrics, which does the scoring. Everything runs with the defaults of the library. A score is MOTA / IDF1 / switches;
several runs are told as their mean.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
from floor_scenes import (
    DATA,
    Array,
    Scene,
    annotated,
    behind,
    campus,
    cmc,
    noisy,
    only,
    paused,
    square,
    stretched,
    variants,
    without_frames,
    without_sizes,
)
from measuring import need, run
from virtual_cameras import FIRST_FRAMES, record

from omni.fusion import Homography, MapFuser, whole_recording
from omni.types import Detections


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {sorted(TABLES)} (default: all)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.tables) - TABLES.keys():
        parser.error(f"no table {sorted(unknown)}")
    tables = options.tables or list(TABLES)
    need(*dict.fromkeys(name for table in tables for name in NEEDED[table]), packages=("motmetrics",))
    results: dict[str, dict[str, list[list[float]]]] = {}
    for table in tables:
        results[table] = {}
        for name, scores in TABLES[table]():
            results[table][name] = [[round(v, 1) for v in score] for score in scores]
            told = sys.stderr if options.json else sys.stdout
            print(f"{table:9s} {name:58s} {show(scores)}", file=told, flush=True)
    if options.json:
        print(json.dumps(results, indent=1))
    return 0


Row = tuple[str, list[Array]]
OTHER_WAYS = {"zara01": 25.0, "zara02": 25.0, "hotel": 25.0, "eth": 15.0}
"""Recordings, and their frames a second."""


def accuracy() -> Iterator[Row]:
    cmc1, cmc2, pets, rendered = (
        cmc("CMC1"),
        cmc("CMC2"),
        annotated("pets09-split", 10, 0.5),
        annotated("multiviewx-10", 2, 1),
    )
    yield from both("CMC1", [cmc1])
    yield from both("CMC2", [cmc2])
    yield from both("CMC2, seven variants", list(variants(cmc2)))
    yield from both("pets09-split, annotated boxes", [pets])
    yield from both("pets09-split, noisy boxes, 3 seeds", [noisy(pets, seed) for seed in (1, 2, 3)])
    yield from both("multiviewx-10, annotated boxes", [rendered])
    yield from both("multiviewx-10, noisy boxes, 5 seeds", [noisy(rendered, seed) for seed in (1, 2, 3, 4, 5)])
    yield from both("campus-dev HC3 + HC4, frames 1 to 2000", [campus()])


def both(name: str, scenes: list[Scene]) -> Iterator[Row]:
    """As a live map tells them, and as `omni fuse` does of a whole file."""
    yield name, [score(scene) for scene in scenes]
    yield f"{name}, whole file", [score(scene, whole=True) for scene in scenes]


def cameras() -> Iterator[Row]:
    for sequence in ("CMC1", "CMC2"):
        scene = cmc(sequence)
        for count in (1, 2, 3, 4):
            chosen = itertools.combinations(scene.cameras, count)
            yield f"{sequence}, {count} of 4 cameras", [score(only(scene, *names)) for names in chosen]


def crowd() -> Iterator[Row]:
    rows = ways_of("students03")
    recordings = [record(rows, seed, first) for seed, first in enumerate(FIRST_FRAMES, 1)]
    for fps in (10, 2):
        scenes = [square(recording, fps) for recording in recordings]
        for count in (1, 2, 4, 7):
            chosen = [only(scene, *list(scene.cameras)[:count]) for scene in scenes]
            yield from both(f"{count} cameras, {fps} frames a second", chosen)


def ways() -> Iterator[Row]:
    """Other recorded ways, painted as those of the crowd; a minute from each quarter of a recording."""
    for name, fps in OTHER_WAYS.items():
        rows = ways_of(name)
        rows[:, 2:] -= np.median(rows[:, 2:], axis=0)
        first_frames = np.linspace(rows[0, 0], rows[-1, 0], 4, endpoint=False)
        recordings = [record(rows, seed, int(first), fps) for seed, first in enumerate(first_frames, 1)]
        chosen = [only(scene, *list(scene.cameras)[:4]) for scene in (square(each, 2) for each in recordings)]
        yield from both(f"{name}, 4 cameras, 2 frames a second", chosen)


def ways_of(name: str) -> Array:
    return np.genfromtxt(DATA / "traj-eth-ucy" / f"{name}.csv", delimiter=",", skip_header=1)


def campuses() -> Iterator[Row]:
    scenes = {kind: campus(kind) for kind in ("detected", "on people", "annotated")}
    noises = [noisy(scenes["annotated"], seed) for seed in range(1, 11)]
    for name, cases in {**{kind: [scene] for kind, scene in scenes.items()}, "annotated, noisy": noises}.items():
        for cameras in (("HC3", "HC4"), ("HC3",), ("HC4",)):
            yield from both(f"{' + '.join(cameras)}, boxes: {name}", [only(case, *cameras) for case in cases])


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


TABLES: dict[str, Callable[[], Iterator[Row]]] = {
    "accuracy": accuracy,
    "crowd": crowd,
    "ways": ways,
    "cameras": cameras,
    "campus": campuses,
    "stress": stress,
}
NEEDED = {
    "accuracy": ("cmc-dev", "pets09-split", "multiviewx-10", "campus-dev"),
    "crowd": ("traj-eth-ucy",),
    "ways": ("traj-eth-ucy",),
    "cameras": ("cmc-dev",),
    "campus": ("campus-dev",),
    "stress": ("cmc-dev",),
}
"""Folders of the measuring data, for each table."""


def show(scores: list[Array]) -> str:
    table = np.array(scores)
    mean = "{:5.1f} / {:5.1f} / {:5.1f}".format(*table.mean(0))
    return mean if len(table) == 1 else f"{mean}   worst {table[:, 0].min():5.1f} / {table[:, 1].min():5.1f}"


def fuse(scene: Scene) -> Array:
    """Rows of frame, id, x, y, as a live map tells them."""
    fuser = MapFuser(homographies(scene))
    rows: list[tuple[float, ...]] = []
    for frame in frames(scene):
        now = frame / scene.fps
        given = seen(scene, frame)
        state = fuser.update(
            given,
            timestamp=now,
            timestamps={name: now - (scene.delays or {}).get(name, 0.0) for name in given},
        )
        rows += [(frame, i, *place) for i, place in zip(state.object_id.tolist(), state.position.tolist(), strict=True)]
    return np.array(rows, np.float64).reshape(-1, 4)


def fuse_whole(scene: Scene) -> Array:
    """The same of the whole recording."""
    rows = whole_recording(homographies(scene), frames(scene), lambda frame: seen(scene, frame), scene.fps)
    return np.column_stack([rows.frame, rows.object_id, rows.position])


def homographies(scene: Scene) -> dict[str, Homography]:
    return {name: Homography(matrix, size) for name, (matrix, size) in scene.cameras.items()}


def frames(scene: Scene) -> range:
    return range(int(scene.truth[:, 0].min()), int(scene.truth[:, 0].max()) + 1)


def seen(scene: Scene, frame: int) -> dict[str, Detections]:
    return {name: detections(b) for name, b in scene.boxes.get(frame, {}).items() if name in scene.cameras}


def detections(boxes: Array) -> Detections:
    return Detections(
        boxes[:, :4].astype(np.float32), boxes[:, 4].clip(0, 1).astype(np.float32), np.zeros(len(boxes), np.int32)
    )


def score(scene: Scene, *, whole: bool = False) -> Array:
    """MOTA, IDF1, switches."""
    import motmetrics

    if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 still calls it; NumPy 2 has dropped it
        np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)  # type: ignore[attr-defined]
    truth, result = (_inside(rows, scene.area) for rows in (scene.truth, (fuse_whole if whole else fuse)(scene)))
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in frames(scene):
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


if __name__ == "__main__":
    run(main)
