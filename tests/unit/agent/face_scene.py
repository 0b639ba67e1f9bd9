"""A stream whose faces the test decides, through the real tracker, gallery and processes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
from tests.unit.agent.scene import Scene, standing

from omni.faces import Calibration, Gallery
from omni.faces.recognition import Recognition
from omni.faces.traits import TraitReader
from omni.faces.watch import FaceWatch
from omni.types import Faces

D = 16
GROUP = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"
ANN, BOB, EVE = np.eye(D, dtype=np.float32)[:3]
PICTURE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
WIDTH = 40.0

Seen = list[tuple[float, float, np.ndarray]]
"""Centre of a face and what it looks like."""


class Networks:
    """Sees the faces that the test decides."""

    def __init__(self, faces: Callable[[int], Seen]) -> None:
        self.faces, self.frame = faces, -1

    def detect(self, image: np.ndarray) -> Faces:
        del image
        self.frame += 1
        self.now = self.faces(self.frame)
        centres = np.array([(x, y) for x, y, _ in self.now], np.float32).reshape(-1, 1, 2)
        points = np.array([(-8, -8), (8, -8), (0, 0), (-6, 8), (6, 8)], np.float32)
        half = np.array([WIDTH / 2, WIDTH * 0.65], np.float32)
        xyxy = np.concatenate([centres[:, 0] - half, centres[:, 0] + half], 1)
        return Faces(xyxy, np.full(len(xyxy), 0.9, np.float32), centres + points)

    def embed(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        del image
        noses = {(x, y): look for x, y, look in self.now}
        return np.stack([noses[tuple(points[2].tolist())] for points in landmarks])


def scene(
    faces: Callable[[int], Seen], bodies: Callable[[int], Any], gallery: Gallery, frames: int = 40, **settings: Any
) -> Scene:
    calibration = Calibration(NormalDist(0.3, 0.05), NormalDist(0.56, 0.065))
    networks = Networks(faces)
    watch = FaceWatch(
        networks,
        networks,
        Recognition(gallery, calibration, 0.36),
        settings.pop("traits", TraitReader(None, None, attention=False)),
        max_fps=settings.pop("max_fps", None),
        pictures=settings.pop("pictures", False),  # type: ignore[arg-type]
    )
    return Scene(bodies, frames, picture=lambda _: PICTURE, faces=watch, **settings)


def records(told: Scene, class_: str) -> list[dict[str, Any]]:
    return [r for r in told.records().values() if r["object"]["class"] == class_]


def events(told: Scene) -> list[str]:
    return [event["type"] for message in told.told for event in message.events]


STANDS = [standing(160, 230, 180)]
FACE = (160.0, 68.0)
