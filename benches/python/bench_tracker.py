"""One update of the tracker by the size of the crowd, beside peers where they are. Prints JSON rows."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
from crowd import FPS, row, street, times_us
from peers import add_peers

from omni import Tracker

add_peers()
FRAMES = {10: 600, 50: 400, 100: 300, 500: 150, 1000: 100}
SLOW = 100
"""The peers written in Python are not asked to follow more people than this."""
THREADS = (1, 2)
THREAD_RUNS = 15
"""So many short runs with one thread and with two, in turn; the median of each counts."""
LOOKS = 128
"""Length of the embeddings of the row that has them."""

Crowd = list[tuple[np.ndarray, np.ndarray]]
Call = Callable[[int], object]


def main() -> int:
    rows = []
    for people, frames in FRAMES.items():
        crowd = street(people, frames)
        makers = {"pyxtrackers_bytetrack": _pyxtrackers, "trackers_bytetrack": _trackers if people <= SLOW else None}
        ours = times_us(_omni(crowd), frames)
        peers = {}
        for name, maker in makers.items():
            call = maker(crowd) if maker else None
            peers[name] = None if call is None else _middle(times_us(call, frames))
        rows.append(
            {**row(f"{people} people", _middle(ours), peers), "omni_p99_us": round(ours[len(ours) * 99 // 100], 1)}
        )
    rows.append(_with_looks(100))
    for people in FRAMES:
        middle = np.median([[_threads(people, threads) for threads in THREADS] for _ in range(THREAD_RUNS)], axis=0)
        rows += [
            {"case": f"{people} people, trackers in threads: {threads}", "omni_us": round(spent, 1)}
            for threads, spent in zip(THREADS, middle.tolist(), strict=True)
        ]
    print(json.dumps([{key: each.get(key) for key in rows[0]} for each in rows]))
    return 0


def _with_looks(people: int) -> dict[str, object]:
    crowd = street(people, FRAMES[people])
    random = np.random.default_rng(1)
    looks = [random.normal(size=(len(boxes), LOOKS)).astype(np.float32) for boxes, _ in crowd]
    tracker = Tracker()

    def call(frame: int) -> object:
        boxes, scores = crowd[frame]
        return tracker.update(boxes, scores, timestamp=frame / FPS, embeddings=looks[frame])

    return {"case": f"{people} people, embeddings of {LOOKS}", "omni_us": round(_middle(times_us(call, len(crowd))), 1)}


def _threads(people: int, threads: int) -> float:
    """Microseconds of one update where so many trackers run in as many threads: the interpreter's lock is not held."""
    crowd = street(people, FRAMES[people] // 2)
    calls = [_omni([(boxes.copy(), scores.copy()) for boxes, scores in crowd]) for _ in range(threads)]

    def follow(call: Call) -> None:
        for frame in range(len(crowd)):
            call(frame)

    workers = [threading.Thread(target=follow, args=(call,)) for call in calls]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.perf_counter() - begun) / (threads * len(crowd)) * 1e6


def _middle(rising: list[float]) -> float:
    return rising[len(rising) // 2]


def _omni(crowd: Crowd) -> Call:
    tracker = Tracker()
    return lambda frame: tracker.update(*crowd[frame], timestamp=frame / FPS)


def _pyxtrackers(crowd: Crowd) -> Call | None:
    try:
        from pyxtrackers import BYTETracker
    except ImportError:
        return None
    tracker = BYTETracker()
    rows = [np.column_stack([boxes, scores]).astype(np.float64) for boxes, scores in crowd]
    return lambda frame: tracker.update(rows[frame])


def _trackers(crowd: Crowd) -> Call | None:
    try:
        import supervision
        from trackers import ByteTrackTracker
    except ImportError:
        return None
    tracker = ByteTrackTracker(frame_rate=FPS)
    rows = [
        supervision.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), int))
        for boxes, scores in crowd
    ]
    return lambda frame: tracker.update(rows[frame])


if __name__ == "__main__":
    sys.exit(main())
