"""What single runs hide, and how far the tracker depends on what a detector's confidences mean. Prints JSON rows.

HOTA / IDF1 / switches. Each set, the mean of ten disturbed runs, beside peers; the same with its confidences changed;
and the boxes of other detectors on MOT17, beside peers.
Needs what ``bench_accuracy.py`` needs; takes some eighty minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from bench_accuracy import (
    LEAST_SCORE,
    PEERS,
    PLAIN,
    SETS,
    WHOLE_FILE,
    WHOLE_FILE_PEERS,
    Track,
    tracked,
    tracked_whole_file,
)
from peers import has_evaluator
from sequences import Rows, Sequence, read_set, scores_of, with_detector

RUNS = 10
LOST, JITTER = 0.005, 0.005
"""Share of the boxes that a disturbed run lacks, and standard deviation of what is added to them, in box sizes."""
CHANGES: dict[str, Callable[[Rows], Rows]] = {
    PLAIN: lambda s: s,
    "x 0.7": lambda s: 0.7 * s,
    "boxes below 0.2 gone": lambda s: np.where(s >= 0.2, s, 0.0),
    "- 0.2": lambda s: s - 0.2,
    "0.2 + 0.8 x": lambda s: np.where(s > 0, 0.2 + 0.8 * s, 0.0),
    "boxes below 0.5 gone": lambda s: np.where(s >= 0.5, s, 0.0),
    "x squared": np.square,
    "root of x": np.sqrt,
}
OTHERS: dict[str, tuple[str, Callable[[Rows], Rows]]] = {
    "Faster R-CNN": ("frcnn", lambda s: s),
    "DPM, 1 / (1 + exp(-x))": ("dpm", lambda s: 1 / (1 + np.exp(-s))),
    "DPM, 1 / (1 + exp(1 - 2x))": ("dpm", lambda s: 1 / (1 + np.exp(1 - 2 * s))),
    "DPM, cut to 0 to 1": ("dpm", lambda s: np.clip(s, 0.0, 1.0)),
}


def main() -> int:
    if not has_evaluator():
        return 1
    rows = []
    for name, halves in SETS.items():
        for label, change in CHANGES.items():
            sequences = [s.with_scores(change(_above_noise(s.detections[:, 6]))) for s in read_set(name, halves=halves)]
            if not sequences:
                print(f"bench: no {name} in OMNI_DATA", file=sys.stderr)
                break
            print(f"bench: {name}, {label}", file=sys.stderr)
            runs = [[_disturbed(s, run) for s in sequences] for run in range(RUNS)]
            peers, whole_file_peers = (PEERS, WHOLE_FILE_PEERS) if label == PLAIN else ({}, {})
            rows.append(_row(f"{name}, {label}", runs, {"omni": tracked, **peers}))
            whole_file = {"omni": tracked_whole_file, **whole_file_peers}
            rows.append(_row(f"{name}, {label}, {WHOLE_FILE}", runs, whole_file))
    for label, (detector, change) in OTHERS.items():
        found = (with_detector(sequence, "mot17-dev", detector) for sequence in read_set("mot17-dev", halves=True))
        sequences = [s.with_scores(_above_noise(change(s.detections[:, 6]))) for s in found if s is not None]
        if not sequences:
            continue
        print(f"bench: {label}", file=sys.stderr)
        rows.append(_row(label, [sequences], {"omni": tracked, **PEERS}))
    print(json.dumps(rows))
    return 0


def _row(case: str, runs: list[list[Sequence]], everybody: dict[str, Track]) -> dict[str, str]:
    """The mean over the runs of everybody's scores."""
    row = {"case": case}
    for who, track in everybody.items():
        hota, idf1, switches = np.mean([scores_of((s, track(s)) for s in run) for run in runs], 0)
        row[who] = f"{hota:.1f} / {idf1:.1f} / {switches:.1f}"
    return row


def _above_noise(scores: Rows) -> Rows:
    return np.where(scores >= LEAST_SCORE, scores, 0.0)


def _disturbed(sequence: Sequence, run: int) -> Sequence:
    """Run 0 is undisturbed; the others lack some boxes and have others a little moved; every second goes backwards."""
    if run:
        chance = np.random.default_rng(run)
        rows = sequence.detections[chance.random(len(sequence.detections)) >= LOST].copy()
        rows[:, 2:6] += JITTER * chance.normal(size=(len(rows), 4)) * rows[:, [4, 5, 4, 5]]
        sequence = replace(sequence, detections=rows)
    return sequence.backwards() if run % 2 else sequence


if __name__ == "__main__":
    sys.exit(main())
