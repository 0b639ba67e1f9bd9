"""Files played like cameras, more than the machine carries, for minutes: is there an error, does anything grow?

    .venv/bin/python benches/system/files_as_cameras.py --minutes 5

Prints a row a stream and one for all. Exit code 1 where a stream was ever anything but online, anything was logged as a
warning or an error, a process was left open, or memory grew by more than 20 MiB after the first fifth.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

from measuring import DATA, need, run

from omni import Agent
from omni.types import ProcessMessage, StreamChange

FILES = (
    "pets09-s2l1/video/vtest.avi",
    "clips-dev/one-by-one-person-detection.mp4",
    "clips-dev/MOT20-06-raw.mp4",
    "clips-dev/preview_classroom.mp4",
    "clips-dev/preview_face-demographics-walking.mp4",
    "clips-dev/preview_store-aisle-detection.mp4",
    "clips-dev/preview_worker-zone-detection.mp4",
    "clips-dev/short_hamilton_clip.mp4",
)
MOST_FPS, MOST_GROWTH_MIB, WARM_UP_SHARE = 10.0, 20.0, 0.2


class Complaints(logging.Handler):
    """All that was logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="default: eight of the measuring data (OMNI_DATA)")
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args()
    if not options.files:
        need(*FILES)
    files = options.files or [DATA / name for name in FILES]
    complaints, changes, open_processes = Complaints(), list[StreamChange](), set[str]()
    logging.getLogger().addHandler(complaints)

    def keep(message: ProcessMessage) -> None:
        for process in message.processes:
            (open_processes.discard if process["finalized"] else open_processes.add)(process["id"])

    agent = Agent({"streams": [{"name": f.stem, "url": str(f), "pace": "live", "loop": True, "max_fps": MOST_FPS}
                               for f in files]})  # fmt: skip
    agent.subscribe(keep)
    agent.subscribe_streams(changes.append)
    memory, lag_s = list[float](), list[float]()
    with agent:
        begun, cpu = time.monotonic(), time.process_time()
        while time.monotonic() < begun + options.minutes * 60:
            agent.wait(1.0)
            memory.append(_memory_mib())
            for status in agent.streams():
                latest = agent.latest(status.stream_uuid)
                if latest is not None:
                    lag_s.append(time.time() - latest.frame.timestamp)
        took, spent = time.monotonic() - begun, time.process_time() - cpu
        statuses, told = agent.streams(), list(changes)
    for status in statuses:
        print(json.dumps({"stream": status.name, "frames": status.frames, "dropped": status.dropped,
                          "fps": round(status.frames / took, 2), "state": status.state}))  # fmt: skip
    settled = memory[int(len(memory) * WARM_UP_SHARE) :]
    row: dict[str, Any] = {
        "minutes": round(took / 60, 2),
        "cores_busy": round(spent / took, 2),
        "fps": round(sum(status.frames for status in statuses) / took, 1),
        "lag_s": {"median": round(sorted(lag_s)[len(lag_s) // 2], 2), "most": round(max(lag_s), 2)},
        "memory_mib": {"settled": settled[0], "most": max(settled), "end": settled[-1]},
        "not_online": [f"{change.name}: {change.state} {change.reason}" for change in told if change.state != "online"],
        "complaints": complaints.lines,
        "left_open": len(open_processes),
    }
    print(json.dumps(row))
    grown = max(settled) - settled[0] > MOST_GROWTH_MIB
    return int(bool(grown or row["not_online"] or row["complaints"] or row["left_open"]))


def _memory_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024, 1)


if __name__ == "__main__":
    run(main)
