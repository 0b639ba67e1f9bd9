"""What the whole pipeline costs on top of its two unavoidable parts, and how two cores carry it. Prints JSON rows.

Each way runs in a process of its own, kept to the cores named, one after the other in several rounds. Cost is processor
time a frame, which other work on the machine disturbs least; the ratios compare the medians of the rounds.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from peers import add_peers

ROUNDS = 3
FRAMES = 150
SIZE = (768, 576)


def main() -> int:
    from omni.cache import cache_folder

    clip = cache_folder("demo") / "vtest.avi"
    if not clip.is_file():
        print("bench: the demo's clip is not in the cache; run `omni demo` once", file=sys.stderr)
        return 1
    cores = sorted(os.sched_getaffinity(0))[:2]
    plan = [("bare", 1), ("agent", 1), ("agent", 2), ("peer", 1)] if len(cores) == 2 else [("bare", 1), ("agent", 1)]
    runs: dict[tuple[str, int], list[dict[str, float]]] = {way: [] for way in plan}
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.avi"
        shorten(clip, short)
        for _ in range(ROUNDS):
            for way, used in plan:
                runs[way, used] += _measured(way, short, cores[:used])
    print(json.dumps(_rows({way: found for way, found in runs.items() if found})))
    return 0


def _rows(runs: dict[tuple[str, int], list[dict[str, float]]]) -> list[dict[str, Any]]:
    names = {
        "bare": "decode + bare inference",
        "agent": "omni, one stream",
        "peer": "OpenCV + onnxruntime + supervision + trackers",
    }
    cost = {way: statistics.median(run["cpu_ms"] for run in found) for way, found in runs.items()}
    rate = {way: statistics.median(run["fps"] for run in found) for way, found in runs.items()}
    return [
        {
            "what": names[way],
            "cores": cores,
            "cpu_ms_per_frame": round(cost[way, cores], 2),
            "frames_per_core_s": round(1000 / cost[way, cores], 1),
            "cost_to_bare": round(cost[way, cores] / cost["bare", 1], 3),
            "wall_fps": round(rate[way, cores], 1),
            "cores_busy": round(statistics.median(run["busy"] for run in runs[way, cores]), 2),
            "wall_to_one_core": round(rate[way, cores] / rate[way, 1], 2),
        }
        for way, cores in runs
    ]


def shorten(clip: Path, short: Path) -> None:
    import cv2

    capture = cv2.VideoCapture(str(clip))
    writer = cv2.VideoWriter(str(short), cv2.VideoWriter.fourcc(*"XVID"), 10.0, SIZE)
    for _ in range(FRAMES):
        readable, picture = capture.read()
        if readable:
            writer.write(picture)
    writer.release()


def _measured(way: str, clip: Path, cores: list[int]) -> list[dict[str, float]]:
    done = subprocess.run(
        [sys.executable, __file__, way, str(clip), ",".join(map(str, cores))], stdout=subprocess.PIPE, check=False
    )
    return [json.loads(done.stdout)] if done.returncode == 0 else []


def one(way: str, clip: str, cores: str) -> int:
    """Run one way in this process; prints what it took."""
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    import cv2

    cv2.setNumThreads(1)
    run = {"bare": _bare, "agent": _agent, "peer": _peer}[way](clip)
    begun, cpu = time.perf_counter(), _cpu_s()
    frames = run()
    wall, spent = time.perf_counter() - begun, _cpu_s() - cpu
    print(json.dumps({"cpu_ms": spent * 1000 / frames, "fps": frames / wall, "busy": spent / wall}))
    return 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _bare(clip: str) -> Any:
    """Decoding, and the session's run on one prepared input."""
    import cv2
    import numpy as np

    session, (width, height) = _session()
    feed = {"image": np.zeros((1, 3, height, width), np.float32)}

    def run() -> int:
        capture, frames = cv2.VideoCapture(clip), 0
        while capture.read()[0]:
            session.run(None, feed)
            frames += 1
        return frames

    return run


def _session(*, square: bool = False) -> tuple[Any, tuple[int, int]]:
    """A session of the default model, one thread, and its (width, height): that at which the agent runs it on the clip.

    Args:
        square: as the model's file has it, as its users take it.
    """
    import numpy as np

    from omni.detect import open_detector
    from omni.detect.free_size import freed
    from omni.detect.models import locate
    from omni.detect.runtime import load_onnxruntime

    ort = load_onnxruntime()
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    path = locate("nanodet-g-416")
    free = freed(path)
    assert free is not None
    model, size = (str(path), free.size) if square else (free.model, open_detector(path).input_size(SIZE))
    session = ort.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    session.run(None, {"image": np.zeros((1, 3, size[1], size[0]), np.float32)})
    return session, size


def _agent(clip: str) -> Any:
    """The whole agent: tracks, processes, map, best shots, webhooks to nobody."""
    from omni import Agent
    from omni.config import AgentConfig
    from omni.demo.scene import demo_config, point_pairs

    path = Path(clip)
    document = demo_config(path, path, loop=False, receiver="http://127.0.0.1:9/", host="127.0.0.1", port=0)
    stream, view = document["streams"][0], document["map_tracking"]["views"][0]
    document["streams"] = [{**stream, "pace": "fast", "crop": None}]
    view["cameras"] = [{"stream_uuid": stream["stream_uuid"], "points": point_pairs((0.0, 0.0, 1.0, 1.0))}]
    view["image"] = None
    document["mutlistream_ROI"]["regions"] = document["mutlistream_ROI"]["regions"][:1]
    agent = Agent(AgentConfig.model_validate(document))

    def run() -> int:
        agent.start()
        agent.wait()
        return int(agent.stats()["frames"])

    return run


def _peer(clip: str) -> Any:
    """The same model as a user of supervision and trackers writes it: letterbox, normalise, decode, NMS, ByteTrack."""
    add_peers()
    import cv2
    import numpy as np
    import supervision as sv
    from trackers import ByteTrackTracker

    session, (width, height) = _session(square=True)
    mean = np.array([103.53, 116.28, 123.675], np.float32)
    std = np.array([57.375, 57.12, 58.395], np.float32)
    tracker, names = ByteTrackTracker(), [output.name for output in session.get_outputs()]

    def detections(frame: Any) -> Any:
        scale = min(width / frame.shape[1], height / frame.shape[0])
        small = cv2.resize(frame, None, fx=scale, fy=scale)
        canvas = np.zeros((height, width, 3), np.uint8)
        top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        blob = np.ascontiguousarray(((canvas - mean) / std).transpose(2, 0, 1)[None])
        outputs = dict(zip(names, session.run(None, {"image": blob}), strict=True))
        boxes, scores = [], []
        for stride in (8, 16, 32):
            score = outputs[f"cls_{stride}"][0].max(1)
            keep = np.flatnonzero((score > 0.3) & (outputs[f"cls_{stride}"][0].argmax(1) == 0))
            logits = outputs[f"reg_{stride}"][0][keep].reshape(-1, 4, 11)
            weights = np.exp(logits - logits.max(2, keepdims=True))
            distance = (weights / weights.sum(2, keepdims=True)) @ np.arange(11) * stride
            row, column = np.divmod(keep, width // stride)
            centre = np.stack([column + 0.5, row + 0.5], 1) * stride
            boxes.append(np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], 1))
            scores.append(score[keep])
        xyxy = (np.concatenate(boxes) - [left, top, left, top]) / scale
        score = np.concatenate(scores)
        found = sv.Detections(xyxy=xyxy, confidence=score, class_id=np.zeros(len(score), int))
        return found.with_nms(threshold=0.6)

    def run() -> int:
        frames = 0
        for frame in sv.get_video_frames_generator(clip):
            tracker.update(detections(frame))
            frames += 1
        return frames

    return run


if __name__ == "__main__":
    sys.exit(one(*sys.argv[1:]) if len(sys.argv) > 1 else main())
