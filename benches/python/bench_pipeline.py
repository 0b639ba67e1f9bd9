"""The whole pipeline on the demo's clip beside bare inference of the same model in the same run. Prints JSON rows."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from omni import Agent
from omni.cache import cache_folder
from omni.config import AgentConfig
from omni.demo.scene import demo_config
from omni.detect.models import locate

FRAMES = 150


def main() -> int:
    clip = cache_folder("demo") / "vtest.avi"
    if not clip.is_file():
        print("bench: the demo's clip is not in the cache; run `omni demo` once", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.avi"
        pictures = _shorten(clip, short)
        rows = [_bare(pictures), _agent(short, streams=1), _agent(short, streams=2)]
    for row in rows:
        row["to_bare_inference"] = round(row["frames_per_s"] / rows[0]["frames_per_s"], 3)
    print(json.dumps(rows))
    return 0


def _shorten(clip: Path, short: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(clip))
    writer = cv2.VideoWriter(str(short), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (768, 576))
    pictures = []
    for _ in range(FRAMES):
        readable, picture = capture.read()
        if readable:
            writer.write(picture)
            pictures.append(picture)
    writer.release()
    return pictures


def _bare(pictures: list[np.ndarray]) -> dict[str, object]:
    """Nothing but the session's run on prepared input, one thread."""
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = ort.InferenceSession(str(locate("nanodet-g-416")), settings, providers=["CPUExecutionProvider"])
    feed = {"image": np.zeros((1, 3, 416, 416), np.float32)}
    for _ in range(5):
        session.run(None, feed)
    begun = time.perf_counter()
    for _ in pictures:
        session.run(None, feed)
    return _row("bare inference, 1 thread", len(pictures), time.perf_counter() - begun, {})


def _agent(clip: Path, *, streams: int) -> dict[str, object]:
    document = demo_config(clip, clip, loop=False, receiver="http://127.0.0.1:9/", host="127.0.0.1", port=0)
    document["webhook_tracking_subscribers"] = []
    document["map_tracking"] = {"enabled": False}
    document["streams"] = [{**s, "pace": "fast"} for s in document["streams"][:streams]]
    agent = Agent(AgentConfig.model_validate(document))
    begun = time.perf_counter()
    with agent:
        agent.wait()
        took = time.perf_counter() - begun
    stats = agent.stats()
    return _row(f"agent, {streams} stream{'s' * (streams > 1)}", stats["frames"], took, stats["stage_share"])


def _row(what: str, frames: int, seconds: float, shares: dict[str, float]) -> dict[str, object]:
    return {
        "what": what,
        "frames": frames,
        "frames_per_s": round(frames / seconds, 1),
        "detect_share": shares.get("detect"),
        "decode_share": shares.get("decode"),
    }


if __name__ == "__main__":
    sys.exit(main())
