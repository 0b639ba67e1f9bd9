"""Public tracking sequences with their detections and ground truth, and how tracks are scored against it.

A set is a folder of ``OMNI_DATA``: ``SEQ/gt/gt.txt[.gz]``, ``SEQ/det/NAME.txt[.gz]`` and ``SEQ/seqinfo.ini`` (MOT17,
DanceTrack, TUD), or ``gt/VIEW.txt``, ``det/VIEW_NAME.txt`` and ``calibration.json`` (campus, PETS09).
"""

from __future__ import annotations

import configparser
import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
DETECTORS = ("yolox_x", "yolov8n")
"""Preferred where a sequence has the boxes of several."""
RATES = {"dancetrack-dev": 20.0, "campus-dev": 30.0, "pets09-s2l1": 10.0}
"""Frames a second of the sets that do not say."""
DISTRACTORS = (2, 7, 8, 12)
"""Classes of MOT17 that count neither for a tracker nor against it."""


@dataclass(frozen=True)
class Sequence:
    """Detections ``frame, -1, x, y, w, h, score``, ground truth in MOT text, the scored frames from first to last."""

    name: str
    fps: float
    size: tuple[int, int] | None
    detections: Rows
    truth: Rows
    first: int
    last: int
    matrix: Rows | None = None
    """Floor from image, where the camera is calibrated."""

    def thinned(self, step: int) -> Sequence:
        """Every ``step``-th frame, renumbered."""

        def kept(rows: Rows) -> Rows:
            rows = rows[(rows[:, 0] >= self.first) & ((rows[:, 0] - self.first) % step == 0)].copy()
            rows[:, 0] = (rows[:, 0] - self.first) // step + 1
            return rows

        last = (self.last - self.first) // step + 1
        return replace(
            self,
            fps=self.fps / step,
            detections=kept(self.detections),
            truth=kept(self.truth),
            first=1,
            last=last,
        )

    def with_scores(self, scores: npt.NDArray[np.float64]) -> Sequence:
        """The same boxes with other confidences; those that are not above 0 are gone."""
        rows = self.detections.copy()
        rows[:, 6] = scores
        return replace(self, detections=rows[scores > 0])

    def backwards(self) -> Sequence:
        """The last frame first."""

        def turned(rows: Rows) -> Rows:
            rows = rows.copy()
            rows[:, 0] = self.first + self.last - rows[:, 0]
            return rows[np.argsort(rows[:, 0], kind="stable")]

        return replace(self, detections=turned(self.detections), truth=turned(self.truth))

    def frames(self) -> Iterator[tuple[int, npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        """Frame number, boxes (N, 4) x1 y1 x2 y2 and confidences (N,) from the first frame to the last scored one."""
        rows = self.detections[np.argsort(self.detections[:, 0], kind="stable")]
        xyxy = np.c_[rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]].astype(np.float32)
        scores = np.clip(rows[:, 6], 0.0, 1.0).astype(np.float32)
        for frame in range(self.first, self.last + 1):
            at = slice(*np.searchsorted(rows[:, 0], (frame, frame + 1)))
            yield frame, xyxy[at], scores[at]


def read_set(name: str, *, halves: bool = False) -> list[Sequence]:
    """The sequences of a set, empty where it is absent. ``halves``: of each the second half."""
    folder = DATA / name
    if _text(folder / "gt" / "gt"):
        return [_sequence(name, folder.name, folder, halves)]
    inner = sorted(path.parent.parent for path in folder.glob("*/gt/gt.txt*"))
    if inner:
        return [_sequence(name, path.name, path, halves) for path in inner]
    views = sorted({path.name.split(".")[0] for path in folder.glob("gt/*.txt*") if "floor" not in path.name})
    return [_view(name, view, folder) for view in views]


def with_detector(sequence: Sequence, set_name: str, detector: str) -> Sequence | None:
    """The sequence with the boxes of another detector, None where it has none of that."""
    text = _text(DATA / set_name / sequence.name / "det" / detector)
    return replace(sequence, detections=_rows(text)) if text else None


def scores_of(parts: Iterable[tuple[Sequence, Rows]]) -> tuple[float, float, int]:
    """HOTA, IDF1 and switches of all sequences as one. Tracks: rows ``frame, id, x, y, w, h``."""
    from trackers.eval import evaluate_mot_sequence

    truth, result, frames, ids, track_ids = [], [], 0, 0.0, 0.0
    for sequence, tracks in parts:
        true, found = _as_scored(sequence, tracks)
        for rows, kept, offset in ((true, truth, ids), (found, result, track_ids)):
            moved = rows[:, :6].copy()
            moved[:, 0] += frames - sequence.first + 1
            moved[:, 1] += offset + 1
            kept.append(moved)
        frames += sequence.last - sequence.first + 1
        ids += true[:, 1].max(initial=0.0) + 2
        track_ids += found[:, 1].max(initial=0.0) + 2
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}.txt" for name in ("truth", "result")]
        for path, rows in zip(paths, (truth, result), strict=True):
            np.savetxt(
                path, np.c_[np.vstack(rows), np.ones((sum(map(len, rows)), 3))], "%d,%d,%.2f,%.2f,%.2f,%.2f,%d,%d,%d"
            )
        found = evaluate_mot_sequence(*paths, metrics=["CLEAR", "HOTA", "Identity"])
    return float(found.HOTA.HOTA) * 100, float(found.Identity.IDF1) * 100, int(found.CLEAR.IDSW)


def _as_scored(sequence: Sequence, tracks: Rows) -> tuple[Rows, Rows]:
    """Ground truth and tracks of the scored frames; of MOT17 pedestrians only, and no boxes on distractors."""
    truth, tracks = (
        rows[(rows[:, 0] >= sequence.first) & (rows[:, 0] <= sequence.last)] for rows in (sequence.truth, tracks)
    )
    if truth.shape[1] != 9 or truth[:, 7].max(initial=0) <= 1 or (truth[:, 7] % 1).any():
        return truth, tracks
    kept = [_without_distractors(tracks[tracks[:, 0] == f], truth[truth[:, 0] == f]) for f in np.unique(tracks[:, 0])]
    return truth[(truth[:, 6] == 1) & (truth[:, 7] == 1)], np.vstack([np.zeros((0, tracks.shape[1])), *kept])


def _without_distractors(tracks: Rows, truth: Rows) -> Rows:
    from scipy.optimize import linear_sum_assignment

    if len(truth) == 0:
        return tracks
    low = np.maximum(tracks[:, None, 2:4], truth[None, :, 2:4])
    high = np.minimum(tracks[:, None, 2:4] + tracks[:, None, 4:6], truth[None, :, 2:4] + truth[None, :, 4:6])
    shared = np.clip(high - low, 0, None).prod(2)
    overlap = shared / (tracks[:, 4:6].prod(1)[:, None] + truth[:, 4:6].prod(1)[None] - shared)
    overlap[overlap < 0.5] = 0
    rows, columns = linear_sum_assignment(-overlap)
    bad = [r for r, c in zip(rows, columns, strict=True) if overlap[r, c] > 0 and truth[c, 7] in DISTRACTORS]
    return np.delete(tracks, bad, axis=0)


def _sequence(set_name: str, name: str, folder: Path, halves: bool) -> Sequence:
    found = {path.name.split(".")[0]: path for path in sorted((folder / "det").glob("*.txt*"))}
    truth = _rows(_text(folder / "gt" / "gt"))
    info = configparser.ConfigParser()
    info.read([folder.parent / "seqinfo.ini", folder / "seqinfo.ini"])
    about = dict(info["Sequence"]) if "Sequence" in info else {}
    last = int(about.get("seqlength", truth[:, 0].max()))
    size = (int(about["imwidth"]), int(about["imheight"])) if "imwidth" in about else None
    first = int(about.get("halffrom", last // 2 + 1)) if halves else 1
    fps = float(about.get("framerate", RATES.get(set_name, 25.0)))
    detections = _rows(next((found[d] for d in DETECTORS if d in found), next(iter(found.values()))))
    matrix, calibrated = _calibration(folder, name)
    return Sequence(name, fps, size or calibrated, detections, truth, first, last, matrix)


def _view(set_name: str, name: str, folder: Path) -> Sequence:
    found = {path.name.split(".")[0]: path for path in sorted((folder / "det").glob(f"{name}_*.txt*"))}
    detections = next((found[f"{name}_{d}"] for d in DETECTORS if f"{name}_{d}" in found), next(iter(found.values())))
    truth = _rows(_text(folder / "gt" / name))
    matrix, size = _calibration(folder, name)
    return Sequence(name, RATES[set_name], size, _rows(detections), truth, 1, int(truth[:, 0].max()), matrix)


def _calibration(folder: Path, name: str) -> tuple[Rows | None, tuple[int, int] | None]:
    path = folder / "calibration.json"
    if not path.is_file():
        return None, None
    document = json.loads(path.read_bytes())
    cameras = document["cameras"]
    camera = cameras.get(name) or (next(iter(cameras.values())) if len(cameras) == 1 else None)
    width, height = document["image_size"]
    return (np.array(camera["H_image_to_floor"]) if camera else None), (width, height)


def _text(stem: Path) -> Path | None:
    return next((p for p in (stem.with_name(stem.name + end) for end in (".txt", ".txt.gz")) if p.is_file()), None)


def _rows(path: Path | None) -> Rows:
    assert path is not None
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return np.array([[float(v) for v in line.replace(" ", ",").split(",")] for line in file if line.strip()])
