"""What is told: processes built and serialised, regions and lines, open external processes. Prints JSON rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import count
from uuid import UUID

import numpy as np
import ujson
from crowd import FPS, crowd, median_us, row, take_turns
from peers import add_peers

from omni.config import RegionConfig
from omni.delivery.body import bodies
from omni.process import ExternalProcesses, Position, ProcessBuilder, ShotSettings
from omni.regions import RegionMonitor
from omni.types import CONFIRMED, Frame, ProcessMessage, Run, Tracks

add_peers()
STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RUN = Run(UUID(int=1), 1_000_000_000.0)
PICTURE = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
SHOT = "A" * 8000
FRAMES = 200
CALLS = 40


def main() -> int:
    print(json.dumps([_processes(), *(_regions(people) for people in (10, 100, 1000)), _external()]))
    return 0


def _processes() -> dict[str, object]:
    """A frame of 100 people taken in, their processes built, each body with a best shot of 8 kB, and serialised."""
    builder = ProcessBuilder(
        STREAM, RUN, count(1), ongoings_interval_s=0.001, best_shots=ShotSettings(anonymous=False, whole_frame=False)
    )
    frames = iter([_seen(100, frame) for frame in range(3 * 9 * (CALLS + 1) + 2)])
    builder.update(*next(frames), [])

    def build() -> ProcessMessage:
        return builder.update(*next(frames), [])[-1]

    def dumped_by(dumps: Callable[[object], str]) -> bytes:
        message = build()
        shown = [{**p, "best_shot": SHOT} if p["id"] in message.best_shots else p for p in message.processes]
        return dumps({"processes": shown}).encode()

    calls: dict[str, Callable[[], object]] = {
        "omni": lambda: bodies(build(), lambda _: SHOT),
        "ujson": lambda: dumped_by(ujson.dumps),
        "json": lambda: dumped_by(json.dumps),
    }
    us = take_turns(calls, rounds=9, calls_a_turn=CALLS)
    return row("100 people, 0.9 MB of JSON", us["omni"], {"ujson": us["ujson"], "json": us["json"]})


def _regions(people: int) -> dict[str, object]:
    """One frame: people against ten lines that tell of presence too."""
    seen = [_seen(people, frame) for frame in range(FRAMES)]
    monitor = RegionMonitor([_line(i) for i in range(10)], 3)
    ours = median_us(lambda frame: monitor.update(*seen[frame], []), FRAMES)
    return row(f"{people} people, 10 lines", ours, {"supervision": _supervision(seen)})


def _supervision(seen: list[tuple[Frame, Tracks]]) -> float | None:
    """Ten line counters; they count where a box passes a line of no depth, with nothing against flicker."""
    try:
        import supervision
    except ImportError:
        return None
    width, height = seen[0][0].size
    ends = [((0.05 + 0.09 * i) * width, y) for i in range(10) for y in (0.1 * height, 0.9 * height)]
    points = [supervision.Point(*end) for end in ends]
    lines = [supervision.LineZone(points[2 * i], points[2 * i + 1]) for i in range(10)]
    detections = [supervision.Detections(xyxy=t.xyxy, tracker_id=t.track_id) for _, t in seen]
    return median_us(lambda frame: [line.trigger(detections[frame]) for line in lines], FRAMES)


def _external() -> dict[str, object]:
    """One more begin and end while 10,000 are open."""
    external = ExternalProcesses(RUN, count(1), [STREAM], lambda _: Position(RUN.started_at, 0, 0.0), lambda _: None)

    def begin(number: int) -> None:
        external.begin(name=f"{number}", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=STREAM)

    def begin_and_end(number: int) -> None:
        begin(10_000 + number)
        external.end(name=f"{10_000 + number}", class_="media", stopped_at=0, stream_uuid="")

    for number in range(10_000):
        begin(number)
    return row("external begin and end, 10,000 open", median_us(begin_and_end, 1000), {})


def _seen(people: int, frame: int) -> tuple[Frame, Tracks]:
    at = RUN.started_at + frame / FPS
    tracks = Tracks(
        timestamp=at,
        track_id=np.arange(1, people + 1),
        xyxy=crowd(people, frame),
        confidence=np.full(people, 0.8, np.float32),
        class_id=np.zeros(people, np.int32),
        state=np.full(people, CONFIRMED, np.uint8),
        detection_index=np.arange(people, dtype=np.int32),
        first_timestamp=np.full(people, RUN.started_at),
    )
    return Frame(STREAM, frame, at, frame / FPS, PICTURE), tracks


def _line(number: int) -> RegionConfig:
    left, right = 0.05 + 0.09 * number, 0.08 + 0.09 * number
    corners = [{"x": x, "y": y} for x, y in ((left, 0.1), (right, 0.1), (right, 0.9), (left, 0.9))]
    trigger = {"is_roi": True, "direction": {"x": 1, "y": 0}}
    return RegionConfig.model_validate(
        {"name": f"line {number}", "uuid": str(UUID(int=number)), "points": corners, "trigger_settings": trigger}
    )


if __name__ == "__main__":
    sys.exit(main())
