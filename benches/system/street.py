"""The demo's street, end to end, against its ground truth.

    python benches/system/street.py [--json]

Needs the packages trackers and motmetrics, and the measuring data (OMNI_DATA): `pets09-s2l1` and `pets09-split`. One
pass of the default detector over the clip feeds our tracker and, with the same boxes, the ByteTrack of the package
trackers. Then the demo's two crops go through detector, tracker and map fuser, and the map is held against the floor.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measuring import DATA, need, run

from omni.demo.scene import EAST, FLOOR_FROM_IMAGE, PICTURE_SIZE, WEST
from omni.detect import open_detector
from omni.fusion import Homography, MapFuser
from omni.mot import MotRows, read_mot, track_lines
from omni.sources.file import VideoReader
from omni.sources.picture import cropped
from omni.track import Tracker, TrackRows
from omni.types import Detections, MapState, Tracks

FPS = 10.0
MATCH_M = 1.0
FOUND_SHARE = 0.5
"""A person counts as found when at least this share of their frames is matched."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    need("pets09-s2l1/video/vtest.avi", "pets09-split", packages=("trackers", "supervision", "motmetrics"))
    print("street: people in 795 pictures, then in both crops of each", file=sys.stderr)
    clip = VideoReader(DATA / "pets09-s2l1" / "video" / "vtest.avi")
    detector = open_detector("nanodet-g-416")
    pictures = [picture for _, picture in clip.pictures()]
    detections = [detector.detect(picture) for picture in pictures]
    truth = DATA / "pets09-s2l1" / "gt" / "gt.txt"
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = Path(folder) / "ours.txt", Path(folder) / "peer.txt"
        ours.write_text("".join(_our_lines(detections)))
        peer.write_text("".join(_peer_lines(detections)))
        result: dict[str, Any] = {
            "picture": {"omni": score(truth, ours), "trackers ByteTrack": score(truth, peer)},
        }
        split = DATA / "pets09-split" / "gt"
        states = fused(detector, pictures)
        result["map"] = score_map(split / "gt_floor.txt", states)
        result["passages"] = score_passages(split, states)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        for name, scores in {**result.pop("picture"), **result}.items():
            print(f"{name:20s} " + "  ".join(f"{key} {value}" for key, value in scores.items()))
    return 0


def _our_lines(detections: list[Detections]) -> list[str]:
    tracker = Tracker()
    lines: list[str] = []
    for frame, found in enumerate(detections, 1):
        tracks = tracker.update(
            found.xyxy, found.confidence, found.class_id, timestamp=frame / FPS, image_size=PICTURE_SIZE
        )
        lines += track_lines(TrackRows.of_frame(frame, tracks, found.xyxy))
    return lines


def _peer_lines(detections: list[Detections]) -> list[str]:
    import supervision as sv
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(frame_rate=FPS)
    lines: list[str] = []
    for frame, found in enumerate(detections, 1):
        tracked = tracker.update(sv.Detections(found.xyxy, confidence=found.confidence, class_id=found.class_id))
        for (x1, y1, x2, y2), track_id in zip(tracked.xyxy.tolist(), tracked.tracker_id.tolist(), strict=True):
            if track_id >= 0:
                lines.append(f"{frame},{track_id},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},1,-1,-1,-1\n")
    return lines


def score(truth: Path, tracks: Path) -> dict[str, Any]:
    """Scores of the package trackers, and the share of the people found."""
    from trackers.eval import evaluate_mot_sequence

    found = evaluate_mot_sequence(str(truth), str(tracks), metrics=["CLEAR", "HOTA", "Identity"])
    return {
        "HOTA": round(float(found.HOTA.HOTA) * 100, 1),
        "MOTA": round(float(found.CLEAR.MOTA) * 100, 1),
        "IDF1": round(float(found.Identity.IDF1) * 100, 1),
        "switches": int(found.CLEAR.IDSW),
        "people_found": people_found(truth, tracks),
    }


def people_found(truth: Path, tracks: Path) -> str:
    wanted, had = read_mot(truth), read_mot(tracks)
    seen: dict[int, list[bool]] = {}
    for frame in range(1, wanted.last_frame + 1):
        at, there = wanted.at(frame), had.xyxy[had.at(frame)]
        for person, box in zip(wanted.id[at].astype(int).tolist(), wanted.xyxy[at], strict=True):
            seen.setdefault(person, []).append(bool(len(there)) and bool(_iou(box, there).max() >= 0.5))
    found = sum(np.mean(hits) >= FOUND_SHARE for hits in seen.values())
    return f"{found} of {len(seen)}"


def _iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(1)
    area = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return np.asarray(common / np.maximum(area - common, 1e-9))


def fused(detector: Any, pictures: list[np.ndarray]) -> list[MapState]:
    """The map of the demo's two crops, frame by frame, in metres."""
    crops = {"West": WEST, "East": EAST}
    fuser, trackers = MapFuser({}), {name: Tracker() for name in crops}
    states = []
    for frame, picture in enumerate(pictures, 1):
        given: dict[str, Tracks] = {}
        for name, crop in crops.items():
            image = cropped(picture.copy(), crop)
            size = (image.shape[1], image.shape[0])
            if frame == 1:
                shift = np.array([[1, 0, crop[0] * PICTURE_SIZE[0]], [0, 1, 0], [0, 0, 1]])
                fuser.set_camera(name, Homography(FLOOR_FROM_IMAGE @ shift, image_size=size))
            found = detector.detect(image)
            tracks = trackers[name].update(
                found.xyxy, found.confidence, found.class_id, timestamp=frame / FPS, image_size=size
            )
            given[name] = tracks.named(found)
        states.append(fuser.update(given, timestamp=frame / FPS))
    return states


def score_map(truth: Path, states: list[MapState]) -> dict[str, Any]:
    import motmetrics

    if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 still calls it; NumPy 2 has dropped it
        np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)  # type: ignore[attr-defined]
    wanted = np.genfromtxt(truth, delimiter=",", skip_header=1)
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    errors: list[float] = []
    for frame, state in enumerate(states, 1):
        rows = wanted[wanted[:, 0] == frame]
        distance = np.linalg.norm(rows[:, None, 2:4] - state.position[None], axis=2)
        distance[distance > MATCH_M] = np.nan
        accumulator.update(rows[:, 1].astype(int).tolist(), state.object_id.tolist(), distance)
        events = accumulator.mot_events.loc[frame - 1] if len(rows) and len(state) else None
        if events is not None:
            errors += events.D[events.Type.isin(["MATCH", "SWITCH"])].dropna().tolist()
    row = (
        motmetrics.metrics.create()
        .compute(accumulator, metrics=["mota", "idf1", "num_switches", "precision", "recall"], name="x")
        .iloc[0]
    )
    return {
        "MOTA": round(float(row.mota) * 100, 1),
        "IDF1": round(float(row.idf1) * 100, 1),
        "switches": int(row.num_switches),
        "recall": round(float(row.recall) * 100, 1),
        "error_m_median": round(float(np.median(errors)), 3),
        "error_m_mean": round(float(np.mean(errors)), 3),
        "objects": len({i for state in states for i in state.object_id.tolist()}),
    }


def score_passages(folder: Path, states: list[MapState]) -> dict[str, Any]:
    """Who walks from one camera to the other, and keeps their id.

    A passage lies between the last frame in which the annotation has a person in one crop alone and the first in which
    it has them in the other alone. It holds if the person is on the map at both ends, and under one id all the while.
    """
    seen = [_frames_of_people(read_mot(folder / f"{name}.txt")) for name in ("camA", "camB")]
    ids = _ids_of_people(np.genfromtxt(folder / "gt_floor.txt", delimiter=",", skip_header=1), states)
    held: dict[int, list[bool]] = {}
    for person in sorted(seen[0].keys() & seen[1].keys()):
        for first, last in _passages(seen[0][person], seen[1][person]):
            on_the_way = [ids.get((person, frame)) for frame in range(first, last + 1)]
            at_both_ends = on_the_way[0] is not None and on_the_way[-1] is not None
            held.setdefault(person, []).append(at_both_ends and len(set(on_the_way) - {None}) == 1)
    return {
        "people_first_passage": f"{sum(passages[0] for passages in held.values())} of {len(held)}",
        "people_all_passages": f"{sum(all(passages) for passages in held.values())} of {len(held)}",
        "passages": f"{sum(map(sum, held.values()))} of {sum(map(len, held.values()))}",
    }


def _frames_of_people(rows: MotRows) -> dict[int, set[int]]:
    frames: dict[int, set[int]] = {}
    for frame in range(1, rows.last_frame + 1):
        for person in rows.id[rows.at(frame)].astype(int).tolist():
            frames.setdefault(person, set()).add(frame)
    return frames


def _passages(one: set[int], other: set[int]) -> list[tuple[int, int]]:
    """From the last frame in one alone to the first in the other alone."""
    alone = sorted(one ^ other)
    return [(a, b) for a, b in itertools.pairwise(alone) if (a in one) != (b in one)]


def _ids_of_people(truth: np.ndarray, states: list[MapState]) -> dict[tuple[int, int], int]:
    """(person, frame) -> id on the map; who had one keeps it as long as it is near enough."""
    import motmetrics

    accumulator = motmetrics.MOTAccumulator()
    for frame, state in enumerate(states, 1):
        rows = truth[truth[:, 0] == frame]
        distance = np.linalg.norm(rows[:, None, 2:4] - state.position[None], axis=2)
        distance[distance > MATCH_M] = np.nan
        accumulator.update(rows[:, 1].astype(int).tolist(), state.object_id.tolist(), distance, frameid=frame)
    events = accumulator.mot_events
    events = events[events.Type.isin(["MATCH", "SWITCH"])]
    frames = events.index.get_level_values(0)
    return {
        (int(person), int(frame)): int(found)
        for frame, person, found in zip(frames, events.OId, events.HId, strict=True)
    }


if __name__ == "__main__":
    run(main)
