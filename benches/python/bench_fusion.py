"""One update of the map fusion. There is no package that does this, so no peer. Prints JSON rows."""

from __future__ import annotations

import json
import sys

import numpy as np
from crowd import FPS, crowd, median_us, row

from omni import Homography, MapFuser
from omni.types import Detections

FRAMES = 100


def main() -> int:
    print(json.dumps([_measure(cameras, people) for cameras, people in ((2, 10), (4, 50), (8, 125))]))
    return 0


def _measure(cameras: int, people: int) -> dict[str, object]:
    above = Homography(np.diag([0.01, 0.01, 1.0]), image_size=(2000, 2000))
    names = [f"camera {i}" for i in range(cameras)]
    fuser = MapFuser(dict.fromkeys(names, above))
    scores, classes = np.full(people, 0.9, np.float32), np.zeros(people, np.int32)
    frames = [Detections(crowd(people, frame), scores, classes) for frame in range(FRAMES)]

    def call(frame: int) -> object:
        return fuser.update(dict.fromkeys(names, frames[frame]), timestamp=frame / FPS)

    return row(f"{cameras} cameras x {people} people", median_us(call, FRAMES), {})


if __name__ == "__main__":
    sys.exit(main())
