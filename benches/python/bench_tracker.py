"""One update of the tracker by the size of the crowd, beside peers where they are. Prints JSON rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np
from crowd import FPS, crowd, median_us, row
from peers import add_peers

from omni import Tracker

add_peers()
FRAMES = {10: 600, 100: 300, 1000: 60}
SLOW = 100
"""The peers written in Python are not asked to follow more people than this."""

Call = Callable[[int], object]


def main() -> int:
    rows = []
    for people, frames in FRAMES.items():
        boxes = [crowd(people, frame) for frame in range(frames)]
        scores = np.full(people, 0.9, np.float32)
        makers = {"pyxtrackers_bytetrack": _pyxtrackers, "trackers_bytetrack": _trackers if people <= SLOW else None}
        peers = {}
        for name, maker in makers.items():
            call = maker(boxes, scores) if maker else None
            peers[name] = None if call is None else median_us(call, frames)
        rows.append(row(f"{people} people", median_us(_omni(boxes, scores), frames), peers))
    print(json.dumps(rows))
    return 0


def _omni(boxes: list[np.ndarray], scores: np.ndarray) -> Call:
    tracker = Tracker()
    return lambda frame: tracker.update(boxes[frame], scores, timestamp=frame / FPS)


def _pyxtrackers(boxes: list[np.ndarray], scores: np.ndarray) -> Call | None:
    try:
        from pyxtrackers import BYTETracker
    except ImportError:
        return None
    tracker = BYTETracker()
    rows = [np.column_stack([b, scores]).astype(np.float64) for b in boxes]
    return lambda frame: tracker.update(rows[frame])


def _trackers(boxes: list[np.ndarray], scores: np.ndarray) -> Call | None:
    try:
        import supervision
        from trackers import ByteTrackTracker
    except ImportError:
        return None
    tracker = ByteTrackTracker(frame_rate=FPS)
    classes = np.zeros(len(scores), int)
    rows = [supervision.Detections(xyxy=b, confidence=scores, class_id=classes) for b in boxes]
    return lambda frame: tracker.update(rows[frame])


if __name__ == "__main__":
    sys.exit(main())
