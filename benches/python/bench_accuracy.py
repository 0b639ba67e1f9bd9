"""The tracker on public sequences, beside peers that see the same boxes: HOTA / IDF1 / switches. Prints JSON rows.

Needs ``OMNI_DATA`` and the package ``trackers``, whose evaluator scores everybody.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
from peers import add_peers, has_evaluator

from omni import Tracker
from omni.fusion import Homography
from omni.track import TrackRows, smoothed, untangled, whole_recording
from omni.types import Detections

add_peers()
from sequences import Rows, Sequence, read_set, scores_of  # noqa: E402

SETS = {"mot17-dev": True, "dancetrack-dev": False, "campus-dev": False, "pets09-s2l1": False, "mot15-tud": False}
"""Name and whether only second halves are scored, on whose first halves the detector was trained."""
PLAIN = "as it is"
VARIANTS: dict[str, Callable[[Sequence], Sequence]] = {
    PLAIN: lambda s: s,
    "every 3rd frame": lambda s: s.thinned(3),
    "every 6th frame": lambda s: s.thinned(6),
    "confidence x 0.7": lambda s: s.with_scores(0.7 * s.detections[:, 6]),
    "confidence - 0.2": lambda s: s.with_scores(s.detections[:, 6] - 0.2),
    "confidence >= 0.5": lambda s: s.with_scores(np.where(s.detections[:, 6] >= 0.5, s.detections[:, 6], 0.0)),
}
WHOLE_FILE = "the whole file read"
"""A row of ``whole_recording``, and of the peers' tracks after ``untangled`` and ``smoothed``."""
FLOORS = {"on the floor": 1.0, "on a floor 5 % off": 1.05}
LEAST_SCORE = 0.1
"""Weaker boxes are noise of the detector; nobody gets them."""

Track = Callable[[Sequence], Rows]


def main() -> int:
    rows = []
    for name, halves in SETS.items() if has_evaluator() else ():
        sequences = [
            s.with_scores(s.detections[:, 6] * (s.detections[:, 6] >= LEAST_SCORE))
            for s in read_set(name, halves=halves)
        ]
        if not sequences:
            print(f"bench: no {name} in OMNI_DATA", file=sys.stderr)
            continue
        for label, variant in VARIANTS.items():
            varied = [variant(sequence) for sequence in sequences]
            peers = PEERS if label.startswith(("as", "every")) else {}
            rows.append(_row(f"{name}, {label}", varied, tracked, peers))
            if peers:
                rows.append(_row(f"{name}, {label}, {WHOLE_FILE}", varied, tracked_whole_file, WHOLE_FILE_PEERS))
            if label == PLAIN and any(s.matrix is not None for s in sequences):
                for floor, stretch in FLOORS.items():
                    rows.append(_row(f"{name}, {floor}", varied, partial(tracked, stretch=stretch), {}))
    print(json.dumps(rows))
    return 0


def _row(case: str, sequences: list[Sequence], ours: Track, peers: dict[str, Track]) -> dict[str, object]:
    print(f"bench: {case}", file=sys.stderr)

    def scored(track: Track | None) -> str | None:
        if track is None:
            return None
        try:
            hota, idf1, switches = scores_of((sequence, track(sequence)) for sequence in sequences)
        except ImportError:
            return None
        return f"{hota:.1f} / {idf1:.1f} / {switches}"

    return {"case": case, "omni": scored(ours), **{name: scored(peers.get(name)) for name in PEERS}}


def tracked(sequence: Sequence, stretch: float | None = None) -> Rows:
    """With ``stretch`` on the floor of a camera whose calibration takes the picture to be so many times as high."""
    return _table(_told(sequence, stretch))


def tracked_whole_file(sequence: Sequence) -> Rows:
    """What ``omni track`` does."""
    found = {
        frame: Detections(xyxy, scores, np.zeros(len(scores), np.int32)) for frame, xyxy, scores in sequence.frames()
    }
    frames = range(sequence.first, sequence.last + 1)
    return _table(whole_recording(frames, found.__getitem__, sequence.fps, image_size=sequence.size))


def _told(sequence: Sequence, stretch: float | None = None) -> TrackRows:
    homography = None
    if stretch is not None and sequence.matrix is not None:
        homography = Homography(sequence.matrix @ np.diag([1.0, stretch, 1.0]), image_size=sequence.size)
    tracker = Tracker(homography=homography)
    told = []
    for frame, xyxy, scores in sequence.frames():
        tracks = tracker.update(xyxy, scores, timestamp=frame / sequence.fps, image_size=sequence.size)
        told.append(TrackRows.of_frame(frame, tracks, xyxy))
    return TrackRows.joined(told)


def _whole_file(sequence: Sequence, track: Track) -> Rows:
    """A peer's tracks; whether it detected or predicted a box it does not say."""
    rows = track(sequence)
    xyxy = np.c_[rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]]
    told = TrackRows(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), xyxy, np.ones(len(rows)), xyxy)
    return _table(smoothed(untangled(told, sequence.fps), sequence.fps))


def _pyxtrackers(sequence: Sequence, kind: str, **settings: int) -> Rows:
    import pyxtrackers

    tracker = getattr(pyxtrackers, kind)(**settings)
    rows = []
    for frame, xyxy, scores in sequence.frames():
        if kind != "BYTETracker":  # those of one threshold get the sure boxes
            xyxy, scores = xyxy[scores >= 0.6], scores[scores >= 0.6]
        found = np.asarray(tracker.update(np.column_stack([xyxy, scores]).astype(np.float64)))
        if len(found):
            rows += _mot(frame, found[:, 4], found[:, :4])
    return _rows(rows)


def _trackers(sequence: Sequence, kind: str) -> Rows:
    import supervision
    import trackers

    tracker = getattr(trackers, kind)(frame_rate=max(sequence.fps, 1.0))
    rows = []
    for frame, xyxy, scores in sequence.frames():
        given = supervision.Detections(xyxy=xyxy, confidence=scores, class_id=np.zeros(len(xyxy), int))
        found = tracker.update(given if len(xyxy) else supervision.Detections.empty())
        if len(found) and found.tracker_id is not None:
            real = found.tracker_id >= 0
            rows += _mot(frame, found.tracker_id[real], found.xyxy[real])
    return _rows(rows)


PEERS: dict[str, Track] = {
    "pyxtrackers ByteTrack": partial(_pyxtrackers, kind="BYTETracker"),
    "pyxtrackers SORT": partial(_pyxtrackers, kind="Sort"),
    "pyxtrackers SORT, at once and patient": partial(_pyxtrackers, kind="Sort", min_hits=1, max_age=30),
    "trackers ByteTrack": partial(_trackers, kind="ByteTrackTracker"),
    "trackers SORT": partial(_trackers, kind="SORTTracker"),
    "trackers OC-SORT": partial(_trackers, kind="OCSORTTracker"),
}
WHOLE_FILE_PEERS: dict[str, Track] = {name: partial(_whole_file, track=track) for name, track in PEERS.items()}


def _mot(frame: int, ids: np.ndarray, xyxy: np.ndarray) -> list[list[float]]:
    sizes = np.c_[xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]].astype(float)
    return [[frame, float(i), *box] for i, box in zip(ids, sizes.tolist(), strict=True)]


def _rows(rows: list[list[float]]) -> Rows:
    return np.array(rows, np.float64).reshape(-1, 6)


def _table(rows: TrackRows) -> Rows:
    return np.c_[rows.frame, rows.track_id, rows.xyxy[:, :2], rows.xyxy[:, 2:] - rows.xyxy[:, :2]]


if __name__ == "__main__":
    sys.exit(main())
