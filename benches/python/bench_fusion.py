"""One update of the map fusion: a hall with cameras all around it, everybody seen by all of them. Prints JSON rows.

The peer is the plain way with scipy: feet on the floor, camera by camera a Hungarian assignment to what is there; it
only clusters one moment and keeps no identities.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import numpy.typing as npt
from crowd import FPS, median_us, row
from peers import add_peers

from omni import Homography, MapFuser
from omni.types import Detections

FRAMES = 60
SPACE_M = 3.5
"""Metres between neighbours."""
SIZE = (1920, 1080)
FOCAL = 1400.0

Array = npt.NDArray[np.float64]


def main() -> int:
    add_peers()
    print(json.dumps([_measure(cameras, people) for cameras, people in ((2, 10), (4, 50), (8, 125), (8, 1000))]))
    return 0


def _measure(cameras: int, people: int) -> dict[str, object]:
    side = SPACE_M * np.sqrt(people)
    views = [_camera(2 * np.pi * i / cameras, side) for i in range(cameras)]
    names = [f"camera {i}" for i in range(cameras)]
    fuser = MapFuser(
        {name: Homography(np.linalg.inv(v[:, [0, 1, 3]]), SIZE) for name, v in zip(names, views, strict=True)}
    )
    frames = [[_boxes(view, _places(people, side, frame)) for view in views] for frame in range(FRAMES)]

    def ours(frame: int) -> object:
        return fuser.update(dict(zip(names, frames[frame], strict=True)), timestamp=frame / FPS)

    return row(
        f"{cameras} cameras x {people} people", median_us(ours, FRAMES), {"hungarian": _hungarian_us(frames, views)}
    )


def _camera(angle: float, side: float) -> Array:
    """(3, 4) projection of a camera beyond the hall's edge that looks at its middle."""
    eye = np.array([np.cos(angle), np.sin(angle), 0.45]) * max(side, 8.0)
    ahead = -eye / np.linalg.norm(eye)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    lens = np.array([[FOCAL, 0, SIZE[0] / 2], [0, FOCAL, SIZE[1] / 2], [0, 0, 1]])
    return np.asarray(lens @ np.c_[rotation, -rotation @ eye])


def _places(people: int, side: float, frame: int) -> Array:
    """(people, 2) metres; everybody swings about a place of their own."""
    k, t = np.arange(people), frame / FPS
    columns = int(np.ceil(np.sqrt(people)))
    x = SPACE_M * (k % columns) - side / 2 + 1.5 * np.sin(0.5 * t + 1.7 * k)
    y = SPACE_M * (k // columns) - side / 2 + 1.5 * np.cos(0.3 * t + 2.3 * k)
    return np.stack([x, y], 1)


def _boxes(view: Array, places: Array) -> Detections:
    ones = np.ones(len(places))
    foot, head = (np.stack([*places.T, z * ones, ones]).T @ view.T for z in (0.0, 1.72))
    foot, head = foot[:, :2] / foot[:, 2:], head[:, :2] / head[:, 2:]
    middle, half = (foot[:, 0] + head[:, 0]) / 2, 0.2 * (foot[:, 1] - head[:, 1])
    boxes = np.stack([middle - half, head[:, 1], middle + half, foot[:, 1]], 1)
    return Detections(boxes.astype(np.float32), np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32))


def _hungarian_us(frames: list[list[Detections]], views: list[Array]) -> float | None:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        return None
    floors = [np.linalg.inv(view[:, [0, 1, 3]]) for view in views]

    def cluster(frame: int) -> object:
        centres = np.zeros((0, 2))
        for floor, seen in zip(floors, frames[frame], strict=True):
            feet = np.c_[(seen.xyxy[:, 0] + seen.xyxy[:, 2]) / 2, seen.xyxy[:, 3], np.ones(len(seen.xyxy))] @ floor.T
            feet = feet[:, :2] / feet[:, 2:]
            if len(centres):
                distance = np.linalg.norm(centres[:, None] - feet[None], axis=2)
                rows, columns = linear_sum_assignment(np.minimum(distance, 1.0))
                near = distance[rows, columns] < 1.0
                centres[rows[near]] = (centres[rows[near]] + feet[columns[near]]) / 2
                feet = np.delete(feet, columns[near], 0)
            centres = np.r_[centres, feet]
        return centres

    return median_us(cluster, len(frames))


if __name__ == "__main__":
    sys.exit(main())
