"""How far the tracker depends on what a detector's confidences mean. Prints JSON rows of HOTA / IDF1.

Each set with its confidences changed, the mean of ten disturbed runs; and the boxes of other detectors on MOT17, beside
peers.
Needs what ``bench_accuracy.py`` needs; takes some thirty minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from bench_accuracy import LEAST_SCORE, PEERS, SETS, WHOLE_FILE, tracked, tracked_whole_file
from sequences import Rows, Sequence, read_set, scores_of, with_detector

RUNS = 10
LOST, JITTER = 0.005, 0.005
"""Share of the boxes that a disturbed run lacks, and standard deviation of what is added to them, in box sizes."""
CHANGES: dict[str, Callable[[Rows], Rows]] = {
    "as it is": lambda s: s,
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
    rows = []
    for name, halves in SETS.items():
        for label, change in CHANGES.items():
            sequences = [s.with_scores(change(_above_noise(s.detections[:, 6]))) for s in read_set(name, halves=halves)]
            if not sequences:
                print(f"bench: no {name} in OMNI_DATA", file=sys.stderr)
                break
            print(f"bench: {name}, {label}", file=sys.stderr)
            runs = [[_disturbed(s, run) for s in sequences] for run in range(RUNS)]
            for how, track in (("", tracked), (f", {WHOLE_FILE}", tracked_whole_file)):
                hota, idf1, _ = np.mean([scores_of((s, track(s)) for s in run) for run in runs], 0)
                rows.append({"case": f"{name}, {label}{how}", "omni": f"{hota:.1f} / {idf1:.1f}"})
    for label, (detector, change) in OTHERS.items():
        found = (with_detector(sequence, "mot17-dev", detector) for sequence in read_set("mot17-dev", halves=True))
        sequences = [s.with_scores(_above_noise(change(s.detections[:, 6]))) for s in found if s is not None]
        if not sequences:
            continue
        print(f"bench: {label}", file=sys.stderr)
        for who, track in {"omni": tracked, **PEERS}.items():
            scores = scores_of((sequence, track(sequence)) for sequence in sequences)
            rows.append({"case": label, who: f"{scores[0]:.1f} / {scores[1]:.1f} / {scores[2]}"})
    print(json.dumps(rows))
    return 0


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
