"""Larger inputs, tiles, the motion gate: what they find and what they cost (needs OMNI_DATA). Prints JSON lines.

Inputs and tiles: recall by the height of people against ground truth, an overlap (IoU) of 0.5 and more. Motion gate:
share of the people found by looking at every frame who are found with it too, at the same overlap.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from measuring import DATA, need, run

from omni.detect import Detector, open_detector
from omni.detect.lookout import Lookout
from omni.detect.motion import MotionGate
from omni.mot import read_mot
from omni.types import Detections, Float32, Frame

HEIGHTS = ((0, 50), (50, 100), (100, 200), (200, 2000))
CONFIDENCE = 0.45
SIDES = (416, 640, 832, 1056)
TILES = ((2, 1), (3, 2))
CLIPS = (
    ("clips-dev/one-by-one-person-detection.mp4", 240, 2),
    ("clips-dev/preview_classroom.mp4", 45, 2),
    ("pets09-s2l1/video/vtest.avi", 40, 4),
)


def main() -> int:
    need("mot17-dev/MOT17-04/img1", "multiviewx-10", *(clip for clip, _, _ in CLIPS))
    detector = open_detector("nanodet-g-416", confidence=CONFIDENCE)
    for what, pictures in (("MOT17-04", _square()), ("MultiviewX", _rendered())):
        for side in SIDES:
            print(json.dumps(_recall(f"{what}, input {side}", detector.at(side), None, pictures)), flush=True)
        for tiles in TILES:
            print(json.dumps(_recall(f"{what}, tiles {tiles}", detector, tiles, pictures)), flush=True)
    for clip, frames, step in CLIPS:
        print(json.dumps(_gated(detector, DATA / clip, frames, step)), flush=True)
    return 0


Picture = tuple[Frame, Float32]
"""A picture and the boxes of the people in it."""


def _square() -> list[Picture]:
    """The pictures of MOT17-04 that are here: a square from above, at night, 1920x1080."""
    folder = DATA / "mot17-dev" / "MOT17-04"
    truth = read_mot(folder / "gt" / "gt.txt.gz")
    found = []
    for path in sorted((folder / "img1").iterdir())[::4]:  # an eighth of a second apart: nearly the same people
        at = truth.at(int(path.stem))
        people = truth.xyxy[at][truth.score[at] > 0]  # the flag: who counts
        found.append((_frame(cv2.imread(str(path)), int(path.stem), 30.0), people.astype(np.float32)))
    return found


def _rendered() -> list[Picture]:
    """Every third moment of MultiviewX's six cameras, 1920x1080; rendered, not filmed."""
    found = []
    for camera in range(1, 7):
        truth = read_mot(DATA / "multiviewx-10" / "gt" / f"cam{camera}.txt")
        for path in sorted((DATA / "multiviewx-10" / "Image_subsets" / f"C{camera}").iterdir())[::3]:
            people = truth.xyxy[truth.at(int(path.stem) + 1)]
            found.append((_frame(cv2.imread(str(path)), int(path.stem), 2.0), people.astype(np.float32)))
    return found


def _recall(
    what: str, detector: Detector, tiles: tuple[int, int] | None, pictures: Sequence[Picture]
) -> dict[str, Any]:
    found_by, total_by, wrong, boxes = [0] * len(HEIGHTS), [0] * len(HEIGHTS), 0, 0
    spent = []
    for frame, people in pictures:
        begun = time.process_time()
        found = _look(detector, Lookout(tiles=tiles), frame)
        spent.append(time.process_time() - begun)
        overlap = _iou(people, found.xyxy)
        match = overlap.max(1, initial=0) >= 0.5
        wrong += int((overlap.max(0, initial=0) < 0.3).sum())
        boxes += len(found)
        for i, (low, high) in enumerate(HEIGHTS):
            of_height = (people[:, 3] - people[:, 1] >= low) & (people[:, 3] - people[:, 1] < high)
            total_by[i] += int(of_height.sum())
            found_by[i] += int((match & of_height).sum())
    recalls = {
        f"recall_{low}_{high}": round(found_by[i] / total_by[i], 3) if total_by[i] else None
        for i, (low, high) in enumerate(HEIGHTS)
    }
    return {
        "what": what,
        "pictures": len(pictures),
        "people": sum(total_by),
        **recalls,
        "near_nobody": round(wrong / max(boxes, 1), 3),
        "cpu_ms": round(statistics.median(spent) * 1000, 1),
    }


def _gated(detector: Detector, clip: Path, frames: int, step: int) -> dict[str, Any]:
    gated, looked, found_again, found_all, gate_s, count = Lookout(gate=MotionGate()), 0, 0, 0, 0.0, 0
    for frame in _frames(clip, frames):
        count += 1
        begun = time.thread_time()
        pictures = gated.pictures(frame)
        gate_s += time.thread_time() - begun
        looked += bool(pictures)
        found = gated.people(frame, detector.detect_many(pictures))
        if frame.index % step == 0:
            people = found if pictures else detector.detect(frame.image)
            found_all += len(people)
            found_again += int((_iou(people.xyxy, found.xyxy).max(1, initial=0) >= 0.5).sum())
    return {
        "what": f"motion gate, {clip.name}",
        "frames": count,
        "looked_at": looked,
        "people": found_all,
        "recall_to_every_frame": round(found_again / max(found_all, 1), 4),
        "gate_ms": round(gate_s * 1000 / count, 2),
    }


def _look(detector: Detector, lookout: Lookout, frame: Frame) -> Detections:
    return lookout.people(frame, detector.detect_many(lookout.pictures(frame)))


def _frames(clip: Path, most: int) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(clip))
    fps = capture.get(cv2.CAP_PROP_FPS)
    for i in range(most):
        readable, image = capture.read()
        if not readable:
            return
        yield _frame(image, i, fps)


def _frame(image: Any, index: int, fps: float) -> Frame:
    return Frame("clip", index, index / fps, index / fps, np.asarray(image, np.uint8))


def _iou(a: Float32, b: Float32) -> Float32:
    shared = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    area = np.clip(shared, 0, None).prod(2)
    one, other = ((boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (a, b))
    return np.asarray(area / np.maximum(one[:, None] + other[None] - area, 1e-9), np.float32)


if __name__ == "__main__":
    run(main)
