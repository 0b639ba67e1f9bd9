"""``omni evaluate``: tracks against ground truth, by known scorers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omni.cli.output import add_json, print_json
from omni.errors import OmniError, SourceError
from omni.mot import GREATEST, GZIPPED, LAST_FRAME, numbered_lines, read_mot
from omni.types import Float64


class ScorerMissingError(OmniError):
    """The package that does the scoring is not installed."""

    slug = "scorer-missing"


def add_parser(verbs: Any) -> None:
    evaluate: argparse.ArgumentParser = verbs.add_parser("evaluate", help="score tracks against ground truth")
    kinds = evaluate.add_subparsers(dest="kind", metavar="KIND", required=True)
    mot = kinds.add_parser(
        "mot", help="tracks in pictures", description="HOTA, IDF1, MOTA, switches (package trackers)."
    )
    floor = kinds.add_parser("floor", help="people on the floor", description="MOTA, IDF1, switches (motmetrics).")
    floor.add_argument("--radius", type=_metres, required=True, metavar="M", help="metres within which people match")
    for parser, given, func in ((mot, "TRACKS", run_mot), (floor, "FLOOR", run_floor)):
        parser.add_argument("truth", type=Path, metavar="GT", help="ground truth")
        parser.add_argument("result", type=Path, metavar=given, help="what is scored")
        add_json(parser)
        parser.set_defaults(func=func)


def run_mot(options: argparse.Namespace) -> int:
    _readable(options.truth, options.result)
    try:
        from trackers.eval import evaluate_mot_sequence
    except ImportError:
        raise ScorerMissingError("scoring needs the package trackers: pip install trackers") from None
    if not len(read_mot(options.result).frame):
        return _show(options, {"HOTA": 0.0, "IDF1": 0.0, "MOTA": 0.0, "switches": 0})
    try:
        found = evaluate_mot_sequence(str(options.truth), str(options.result), metrics=["CLEAR", "HOTA", "Identity"])
    except ValueError as error:  # it reads less than we do, such as no byte order mark
        raise SourceError(f"the scorer refuses it: {error}") from None
    if not found.CLEAR.CLR_TP + found.CLEAR.CLR_FN:
        raise SourceError(f"{options.truth}: no row counts: those of people who are judged have 1 in columns 7 and 8")
    scores = {
        "HOTA": round(float(found.HOTA.HOTA) * 100, 2),
        "IDF1": round(float(found.Identity.IDF1) * 100, 2),
        "MOTA": round(float(found.CLEAR.MOTA) * 100, 2),
        "switches": int(found.CLEAR.IDSW),
    }
    return _show(options, scores)


def run_floor(options: argparse.Namespace) -> int:
    truth, result = _floor_rows(options.truth), _floor_rows(options.result)
    if not len(truth):
        raise SourceError(f"{options.truth}: no rows; ground truth is needed")
    try:
        import motmetrics
    except ImportError:
        raise ScorerMissingError("scoring needs the package motmetrics: pip install motmetrics") from None
    if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 still calls it; NumPy 2 has dropped it
        np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)  # type: ignore[attr-defined]
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    # Nobody is there in a frame between the first and the last that the truth does not have.
    for frame in range(int(truth[:, 0].min()), int(truth[:, 0].max()) + 1):
        wanted, had = truth[truth[:, 0] == frame], result[result[:, 0] == frame]
        distance = ((wanted[:, None, 2:] - had[None, :, 2:]) ** 2).sum(axis=2)
        distance[distance > options.radius * options.radius] = np.nan
        accumulator.update(wanted[:, 1].astype(int).tolist(), had[:, 1].astype(int).tolist(), distance)
    row = (
        motmetrics.metrics.create()
        .compute(accumulator, metrics=["mota", "idf1", "num_switches", "motp"], name="x")
        .iloc[0]
    )
    scores = {
        "MOTA": round(float(row.mota) * 100, 2),
        "IDF1": round(float(row.idf1) * 100, 2),
        "switches": int(row.num_switches),
        "error_m": round(float(row.motp) ** 0.5, 3) if np.isfinite(row.motp) else None,
    }
    return _show(options, scores)


def _readable(truth: Path, result: Path) -> None:
    """The scorer's own words for what is wrong with a file name neither the file nor the line."""
    for path in (truth, result):
        rows = read_mot(path)
        with path.open("rb") as file:
            if file.read(len(GZIPPED)) == GZIPPED:
                raise SourceError(f"{path}: the scorer reads no gzipped text; unpack it first")
        if path is truth and not len(rows.frame):
            raise SourceError(f"{path}: no rows; ground truth is needed")


def _floor_rows(path: Path) -> Float64:
    """Rows frame, id, x, y of a floor, (N, 4); a header may come first, and more columns behind."""
    rows = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in numbered_lines(path, file):
                cells = line.strip().split(",")
                if not line.strip() or (number == 1 and _number(cells[0]) is None):
                    continue
                row = [_number(cell) for cell in cells[:4]]
                if not _is_floor_row(row):
                    raise SourceError(
                        f"{path}, line {number}: expected frame,id,x_m,y_m, the first two whole numbers, frames up to "
                        f"{LAST_FRAME}; got {line.strip()[:80]!r}"
                    )
                rows.append(row)
    except UnicodeDecodeError:
        raise SourceError(f"{path}: cannot be read: no text") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    return np.array(rows, np.float64).reshape(-1, 4)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _is_floor_row(row: Sequence[float | None]) -> bool:
    match row:
        case [float(frame), float(number), float(x), float(y)]:
            whole = frame % 1 == 0 and number % 1 == 0  # not a number, or infinite, is neither
            return whole and abs(frame) <= LAST_FRAME and all(abs(v) <= GREATEST for v in (number, x, y))
    return False


def _metres(text: str) -> float:
    try:
        metres = float(text)
    except ValueError:
        metres = 0.0
    if not 0 < metres < np.inf:
        raise argparse.ArgumentTypeError(f"expected metres above 0, got {text!r}")
    return metres


def _show(options: argparse.Namespace, scores: dict[str, Any]) -> int:
    if options.json:
        print_json(scores)
    else:
        print("  ".join(f"{name} {value}" for name, value in scores.items()))
    return 0
