"""An agent for a long time at full load and at idle, with cameras that fail at random: does anything grow or stay open?

    .venv/bin/python benches/system/soak.py --minutes 60 --plot soak.png

Half of the time people are in the pictures and are detected (where the default model is there), half of it all cameras
are refused. Exit code 1 where a limit does not hold.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
from measuring import run

from omni import Agent
from omni.cache import cache_folder
from omni.detect.models import locate
from omni.errors import ModelError
from omni.sources.decoder import settle_ffmpeg
from omni.testing import FaultCamera
from omni.types import ProcessMessage, UInt8

SIZE = (640, 480)
MOST_GROWTH_MIB, MOST_AGE_S = 20.0, 1.0
WARM_UP_SHARE = 0.2
FAULTS = ("cut", "stall", "late", "silent", "jump", "frozen", "status")


@dataclass(frozen=True, slots=True)
class Sample:
    """One second: what the process holds, and the oldest picture (seconds) that was taken up in it."""

    at_s: float
    memory_mib: float
    threads: int
    descriptors: int
    lag_s: float
    frames: int
    idle: bool


def pictures() -> list[UInt8]:
    """Two seconds of the demo's clip, else noise."""
    capture, found = cv2.VideoCapture(str(cache_folder("demo") / "vtest.avi")), list[UInt8]()
    while len(found) < 40 and capture.isOpened():
        readable, image = capture.read()
        if not readable:
            break
        found.append(np.asarray(cv2.resize(image, SIZE), np.uint8))
    capture.release()
    return found or [np.random.default_rng(i).integers(0, 255, (*SIZE[::-1], 3), np.uint8) for i in range(8)]


def misbehave(cameras: list[FaultCamera], chance: random.Random, stop: threading.Event) -> None:
    """One fault after the other, each of one camera, each mended."""
    while not stop.wait(chance.uniform(1.0, 6.0)):
        camera, fault = chance.choice(cameras), chance.choice(FAULTS)
        if fault == "cut":
            camera.cut()
        elif fault == "jump":
            camera.jump(chance.choice((-7.0, 100.0)))
        elif fault in ("stall", "late"):
            camera.keeps_unsent, camera.sending = fault == "late", False
            stop.wait(chance.uniform(1.0, 8.0))
            camera.sending = True
        elif fault == "frozen":
            camera.frozen = True
            stop.wait(chance.uniform(1.0, 12.0))
            camera.frozen = False
        else:
            camera.silent, camera.status = fault == "silent", 503
            camera.cut()
            stop.wait(chance.uniform(1.0, 8.0))
            camera.silent, camera.status = False, None


class Ages:
    """How old each picture was, at least, when its analysis began: this looks now and then, and may look late."""

    def __init__(self, agent: Agent, streams: list[str]) -> None:
        self._agent, self._seen = agent, dict.fromkeys(streams, -1)
        self._looked_at = time.time()
        self.worst_s = 0.0

    def look(self) -> None:
        now = time.time()
        for stream, index in self._seen.items():
            latest = self._agent.latest(stream)
            if latest is not None and latest.frame.index != index:
                self._seen[stream] = latest.frame.index
                began = self._looked_at - sum(latest.stage_s.values())
                self.worst_s = max(self.worst_s, began - latest.frame.timestamp)
        self._looked_at = now


def sample(agent: Agent, ages: Ages, begun: float, *, idle: bool) -> Sample:
    lines = Path("/proc/self/status").read_text().splitlines()
    memory = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    worst_s, ages.worst_s = ages.worst_s, 0.0
    return Sample(
        round(time.monotonic() - begun, 1),
        round(memory / 1024, 1),
        sum(1 for _ in Path("/proc/self/task").iterdir()),
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        round(worst_s, 3),
        sum(status.frames for status in agent.streams()),
        idle,
    )


def soak(minutes: float, count: int, seed: int) -> tuple[list[Sample], list[str]]:
    """Run it. Returns the samples and ids of processes that were never ended."""
    settle_ffmpeg()
    images, chance, stop = pictures(), random.Random(seed), threading.Event()
    cameras = [FaultCamera(size=SIZE, picture=lambda i: images[i % len(images)]) for _ in range(count)]
    for camera in cameras:
        camera.__enter__()
    uuids = [str(UUID(int=i + 1)) for i in range(count)]
    try:
        locate("nanodet-g-416")
        detects = True
    except ModelError:
        detects = False
    urls = [camera.url("rtsp" if i % 2 == 0 else "ts") for i, camera in enumerate(cameras)]
    agent = Agent(
        {
            "streams": [{"stream_uuid": u, "url": url} for u, url in zip(uuids, urls, strict=True)],
            "pipelines": {"body_detector": {"enabled": detects}},
        }
    )
    opened: set[str] = set()

    def keep(message: ProcessMessage) -> None:
        for process in message.processes:
            (opened.discard if process["finalized"] else opened.add)(process["id"])

    agent.subscribe(keep)
    agent.start()
    trouble = threading.Thread(target=misbehave, args=(cameras, chance, stop))
    trouble.start()
    ages, samples, begun = Ages(agent, uuids), list[Sample](), time.monotonic()
    try:
        while (gone := time.monotonic() - begun) < minutes * 60:
            idle = gone > minutes * 30
            if idle:
                for camera in cameras:
                    camera.status, camera.silent = 503, False
                    if camera.clients:
                        camera.cut()
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                ages.look()
                time.sleep(0.02)
            gc.collect()
            samples.append(sample(agent, ages, begun, idle=idle))
    finally:  # also when it is interrupted: the thread that makes trouble would keep the program
        stop.set()
        trouble.join()
        agent.stop()
        for camera in cameras:
            camera.__exit__(None, None, None)
    return samples, sorted(opened)


def verdict(samples: list[Sample], left_open: list[str]) -> dict[str, object]:
    """The figures and the limits that do not hold. Compared: the end of the warm-up and the end, of each half."""
    busy = [s for s in samples if not s.idle]
    warm = busy[int(len(busy) * 2 * WARM_UP_SHARE) :]
    quarter = max(len(warm) // 4, 1)

    def growth(field: str) -> float:
        early, late = (np.median([getattr(s, field) for s in part]) for part in (warm[:quarter], warm[-quarter:]))
        return round(float(late - early), 1)

    idle = [s for s in samples if s.idle]
    idle_growth = round(idle[-1].memory_mib - float(np.median([s.memory_mib for s in warm])), 1) if idle else 0.0
    figures: dict[str, object] = {
        "seconds": round(samples[-1].at_s),
        "frames": samples[-1].frames,
        "memory_growth_mib": growth("memory_mib"),
        "memory_growth_idle_mib": idle_growth,
        "thread_growth": growth("threads"),
        "descriptor_growth": growth("descriptors"),
        "oldest_picture_s": max(s.lag_s for s in samples),
        "left_open": len(left_open),
    }
    broken = [
        name
        for name, holds in (
            ("memory", max(growth("memory_mib"), idle_growth) <= MOST_GROWTH_MIB),
            ("threads", growth("threads") <= 4),
            ("descriptors", growth("descriptors") <= 8),
            ("oldest picture", max(s.lag_s for s in samples) <= MOST_AGE_S),
            ("processes left open", not left_open),
        )
        if not holds
    ]
    return {**figures, "broken": broken}


def plot(samples: list[Sample], path: str) -> None:
    """Memory, threads, descriptors and lag over time, one panel each."""
    width, height, margin = 1000, 170, 60
    panels = []
    for field in ("memory_mib", "threads", "descriptors", "lag_s"):
        values = np.array([getattr(s, field) for s in samples], np.float64)
        top = max(float(values.max()) * 1.1, 1e-3)
        panel = np.full((height, width, 3), 255, np.uint8)
        x = margin + np.arange(len(values)) / max(len(values) - 1, 1) * (width - margin - 10)
        y = (height - 20) - values / top * (height - 45)
        cv2.polylines(panel, [np.stack([x, y], 1).astype(np.int32)], False, (160, 80, 0), 1, cv2.LINE_AA)
        text = f"{field}: {values.min():g} to {values.max():g}"
        cv2.putText(panel, text, (margin, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.line(panel, (margin, height - 20), (width - 10, height - 20), (0, 0, 0), 1)
        panels.append(panel)
    cv2.imwrite(path, np.vstack(panels))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--plot", help="where the picture of the run goes")
    parser.add_argument("--samples", help="where the samples go, as JSON")
    options = parser.parse_args()
    samples, left_open = soak(options.minutes, options.cameras, options.seed)
    if options.plot:
        plot(samples, options.plot)
    if options.samples:
        Path(options.samples).write_text(json.dumps([asdict(s) for s in samples]))
    result = verdict(samples, left_open)
    print(json.dumps(result, indent=1))
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    run(main)
