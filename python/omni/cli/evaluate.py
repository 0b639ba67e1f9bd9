"""``omni evaluate``: tracks against ground truth, by known scorers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omni.cli.output import add_json, print_json
from omni.errors import OmniError, SourceError


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
    floor.add_argument("--radius", type=float, required=True, metavar="M", help="metres within which people match")
    for parser, given, func in ((mot, "TRACKS", run_mot), (floor, "FLOOR", run_floor)):
        parser.add_argument("truth", type=Path, metavar="GT", help="ground truth")
        parser.add_argument("result", type=Path, metavar=given, help="what is scored")
        add_json(parser)
        parser.set_defaults(func=func)


def run_mot(options: argparse.Namespace) -> int:
    try:
        from trackers.eval import evaluate_mot_sequence
    except ImportError:
        raise ScorerMissingError("scoring needs the package trackers: pip install trackers") from None
    _exist(options.truth, options.result)
    found = evaluate_mot_sequence(str(options.truth), str(options.result), metrics=["CLEAR", "HOTA", "Identity"])
    scores = {
        "HOTA": round(float(found.HOTA.HOTA) * 100, 2),
        "IDF1": round(float(found.Identity.IDF1) * 100, 2),
        "MOTA": round(float(found.CLEAR.MOTA) * 100, 2),
        "switches": int(found.CLEAR.IDSW),
    }
    return _show(options, scores)


def run_floor(options: argparse.Namespace) -> int:
    try:
        import motmetrics
    except ImportError:
        raise ScorerMissingError("scoring needs the package motmetrics: pip install motmetrics") from None
    import numpy as np

    _exist(options.truth, options.result)
    truth, result = (
        np.genfromtxt(path, delimiter=",", skip_header=1, ndmin=2) for path in (options.truth, options.result)
    )
    if truth.shape[1:] != (4,) or (len(result) and result.shape[1:] != (4,)):
        raise SourceError("expected a header and rows of frame,id,x_m,y_m in both files")
    if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 still calls it; NumPy 2 has dropped it
        np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)  # type: ignore[attr-defined]
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in np.unique(truth[:, 0]):
        wanted, had = truth[truth[:, 0] == frame], result[result[:, 0] == frame]
        distance = np.linalg.norm(wanted[:, None, 2:] - had[None, :, 2:], axis=2)
        distance[distance > options.radius] = np.nan
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
        "error_m": round(float(row.motp), 3) if np.isfinite(row.motp) else None,
    }
    return _show(options, scores)


def _exist(*paths: Path) -> None:
    for path in paths:
        if not path.is_file():
            raise SourceError(f"{path}: no such file")


def _show(options: argparse.Namespace, scores: dict[str, Any]) -> int:
    if options.json:
        print_json(scores)
    else:
        print("  ".join(f"{name} {value}" for name, value in scores.items()))
    return 0
