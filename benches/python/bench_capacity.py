"""How many cameras at which rate before the first drop, and which stage the time goes to. Prints JSON rows.

The demo's clip is played like a camera by one stream after another more. A number of cameras is carried when after the
start no frame of any is dropped. Streams beyond that show how the rates fall.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_pipeline import shorten

from omni import Agent
from omni.cache import cache_folder

RATES = (2.0, 5.0, 10.0)
SETTLED_S, MEASURED_S = 2.0, 6.0
MOST = 64


def main() -> int:
    clip = cache_folder("demo") / "vtest.avi"
    if not clip.is_file():
        print("bench: the demo's clip is not in the cache; run `omni demo` once", file=sys.stderr)
        return 1
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.avi"
        shorten(clip, short)
        for rate in RATES:
            carried = _most(short, rate)
            rows += [_row(short, rate, carried)] if carried else []
            rows.append(_row(short, rate, carried * 2 or 1))
    print(json.dumps(rows))
    return 0


def _most(clip: Path, rate: float) -> int:
    """The most cameras of which no frame is dropped, by doubling and then halving the distance."""
    below, above = 0, 1
    while above <= MOST and _row(clip, rate, above)["dropped"] == 0:
        below, above = above, above * 2
    while above - below > 1:
        middle = (below + above) // 2
        if _row(clip, rate, middle)["dropped"] == 0:
            below = middle
        else:
            above = middle
    return below


def _row(clip: Path, rate: float, cameras: int) -> dict[str, Any]:
    stream = {"url": str(clip), "pace": "live", "loop": True, "max_fps": rate}
    agent = Agent({"streams": [stream] * cameras})
    with agent:
        agent.wait(SETTLED_S)
        before, begun, cpu = agent.stats(), time.perf_counter(), time.process_time()
        agent.wait(MEASURED_S)
        after, took, spent = agent.stats(), time.perf_counter() - begun, time.process_time() - cpu
        rates = [status.fps for status in agent.streams()]
    stages = {stage: seconds - before["stage_s"][stage] for stage, seconds in after["stage_s"].items()}
    total = sum(stages.values())
    return {
        "cameras": cameras,
        "fps_each": rate,
        "dropped": after["dropped"] - before["dropped"],
        "analysed_fps": round((after["frames"] - before["frames"]) / took, 1),
        "least_fps": min(rates),
        "most_fps": max(rates),
        "cores_busy": round(spent / took, 2),
        "cores": len(os.sched_getaffinity(0)),
        **{f"{stage}_share": round(seconds / total, 3) for stage, seconds in sorted(stages.items())},
    }


if __name__ == "__main__":
    sys.exit(main())
