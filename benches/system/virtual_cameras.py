"""Painted cameras around people who really walked: up to seven cameras and some forty people at once.

The ways are those of `traj-eth-ucy` (students03, a university's square, and others). Each camera sees them as a
detector would: corners off by 3 % of the height, people missed now and then and for a while, people behind others
hidden or cut, boxes where nobody is. The calibration of each camera comes from eight points that were clicked to two
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omni.fusion import Homography

SIZE = (1280.0, 720.0)
FOCAL = 0.9 * SIZE[0]
MAST_M = 3.5
RADIUS_M = 12.0
"""The cameras stand so far from the middle of the square."""
CAMERAS = 7
FPS = 10.0
SECONDS = 60
FIRST_FRAMES = (1, 2500, 1200, 3800)
"""Where the scenes begin in the recording, which has 25 frames a second."""
RECORDED_FPS = 25.0

Array = npt.NDArray[np.float64]
People = dict[int, Array]
"""Where everybody stands."""


@dataclass(frozen=True)
class Recording:
    """What the cameras saw at 10 moments a second, and who was where."""

    homographies: dict[str, Array]
    boxes: list[dict[str, Array]]
    people: list[People]


def record(rows: Array, seed: int, first_frame: int, recorded_fps: float = RECORDED_FPS) -> Recording:
    """A minute of the ways in ``rows`` (frame, id, x, y) around the origin, seen by seven cameras."""
    random = np.random.default_rng(seed)
    people = walkers(rows[rows[:, 0] >= first_frame], recorded_fps)
    heights = {int(i): random.normal(1.72, 0.09) for i in np.unique(rows[:, 1])}
    homographies: dict[str, Array] = {}
    boxes: list[dict[str, Array]] = [{} for _ in people]
    for k in range(CAMERAS):
        # the first two look at each other, and so on: any number of them is spread about the square
        projection = camera(2 * np.pi * (3 * k % CAMERAS) / CAMERAS + random.normal(0, 0.1))
        homographies[f"camera {k}"] = clicked(projection, random)
        detector = Detector(projection, random)
        for moment, there in enumerate(people):
            boxes[moment][f"camera {k}"] = detector.boxes(moment, there, heights)
    return Recording(homographies, boxes, people)


def walkers(rows: Array, recorded_fps: float = RECORDED_FPS) -> list[People]:
    """Everybody at each moment; between the recorded places they walk straight on."""
    moments: list[People] = [{} for _ in range(int(SECONDS * FPS))]
    for person in np.unique(rows[:, 1]):
        own = rows[rows[:, 1] == person]
        times = (own[:, 0] - rows[0, 0]) / recorded_fps
        for moment in range(int(np.ceil(times[0] * FPS)), min(len(moments), int(times[-1] * FPS) + 1)):
            moments[moment][int(person)] = np.array([np.interp(moment / FPS, times, own[:, k]) for k in (2, 3)])
    return moments


def camera(angle: float) -> Array:
    """(3, 4) projection of a camera on a mast beside the square that looks at its middle."""
    eye = np.array([RADIUS_M * np.cos(angle), RADIUS_M * np.sin(angle), MAST_M])
    ahead = np.array([0.0, 0.0, 1.0]) - eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    lens = np.array([[FOCAL, 0, SIZE[0] / 2], [0, FOCAL, SIZE[1] / 2], [0, 0, 1]])
    return np.asarray(lens @ np.c_[rotation, -rotation @ eye])


def clicked(projection: Array, random: np.random.Generator) -> Array:
    """The homography to the floor that somebody gets who clicks eight points that the camera sees."""
    places = random.uniform(-0.8 * RADIUS_M, 0.8 * RADIUS_M, (400, 2))
    pixels, depth = _pixels(projection, places, 0.0)
    inside = (depth > 0) & (pixels > 0).all(1) & (pixels < SIZE).all(1)
    chosen = _spread(places[inside], 8)
    pixels = pixels[inside][chosen] + random.normal(0, 2, (8, 2))
    return Homography.from_points(pixels, places[inside][chosen], image_size=(1280, 720)).matrix


def _spread(places: Array, count: int) -> list[int]:
    """Positions of places that lie far from each other."""
    chosen = [0]
    while len(chosen) < count:
        distance = np.linalg.norm(places[:, None] - places[None, chosen], axis=2).min(1)
        chosen.append(int(distance.argmax()))
    return chosen


class Detector:
    """What one camera's detector finds, moment by moment."""

    def __init__(self, projection: Array, random: np.random.Generator) -> None:
        self._projection = projection
        self._random = random
        self._missed_until: dict[int, int] = {}

    def boxes(self, moment: int, people: People, heights: dict[int, float]) -> Array:
        """Rows of x1, y1, x2, y2, score."""
        random = self._random
        places = np.array(list(people.values())).reshape(-1, 2)
        feet, depth = _pixels(self._projection, places, 0.0)
        heads, _ = _pixels(self._projection, places, np.array([heights[i] for i in people]))
        rows: list[Array] = []
        nearer: list[Array] = []
        ids = list(people)
        for k in np.argsort(depth):
            if depth[k] < 0.5:
                continue
            height, middle = feet[k, 1] - heads[k, 1], (feet[k, 0] + heads[k, 0]) / 2
            box = np.array([middle - 0.2 * height, heads[k, 1], middle + 0.2 * height, feet[k, 1]])
            share, in_sight = _in_sight(box, nearer)
            nearer.append(box)
            if random.random() < 0.02:
                self._missed_until[ids[k]] = moment + int(random.integers(5, 15))
            missed = self._missed_until.get(ids[k], -1) >= moment or random.random() > 0.95 * min(1.0, 1.4 * share)
            if not missed and share > 0.25 and height > 20:
                noise = random.normal(0, 0.03 * height, 4)
                rows.append(np.r_[in_sight + noise, np.clip(random.normal(0.55 + 0.35 * share, 0.08), 0.3, 0.99)])
        rows += [self._nobody() for _ in range(random.poisson(0.3))]
        found = np.array(rows).reshape(-1, 5)
        found[:, :4] = found[:, :4].clip(0, SIZE * 2)
        return found[(found[:, 2] - found[:, 0] > 4) & (found[:, 3] - found[:, 1] > 10)]

    def _nobody(self) -> Array:
        x, y = self._random.uniform([0, 0.4 * SIZE[1]], SIZE)
        height = self._random.uniform(0.1, 0.4) * SIZE[1]
        return np.array([x - 0.2 * height, y - height, x + 0.2 * height, y, self._random.uniform(0.4, 0.8)])


def _in_sight(box: Array, nearer: Sequence[Array]) -> tuple[float, Array]:
    """The share of a person that is in the picture and not behind others, and the box of what is."""
    columns, rows = np.meshgrid(np.linspace(box[0], box[2], 9)[1:-1], np.linspace(box[1], box[3], 21), indexing="ij")
    shown = (columns > 0) & (columns < SIZE[0]) & (rows > 0) & (rows < SIZE[1])
    for x1, y1, x2, y2 in nearer:
        side = 0.15 * (x2 - x1)  # a box is wider than the body in it
        shown &= ~((columns > x1 + side) & (columns < x2 - side) & (rows > y1) & (rows < y2))
    levels = np.flatnonzero(shown.mean(0) > 0.3)
    if not len(levels):
        return 0.0, box
    cut = box.copy()
    cut[1], cut[3] = rows[0, levels[0]], rows[0, levels[-1]]
    return float(shown.mean()), cut


def _pixels(projection: Array, places: Array, z: npt.ArrayLike) -> tuple[Array, Array]:
    points = np.c_[places, np.broadcast_to(z, len(places)), np.ones(len(places))] @ projection.T
    return points[:, :2] / points[:, 2:], points[:, 2]
