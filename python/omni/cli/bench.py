"""``omni bench``: the benchmark suite of the source checkout, as ratios to peers measured in the same run."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from omni.cli.apart import check_apart
from omni.cli.output import add_json, note, print_json, whole_file
from omni.errors import OmniError

SUITES = (
    "tracker", "accuracy", "fusion", "encode", "contract", "faces", "pipeline", "capacity", "service", "delivery",
)  # fmt: skip
BENCHES = Path(__file__).resolve().parents[3] / "benches"


class BenchError(OmniError):
    """The suite is not here, or a part of it failed."""

    slug = "bench-failed"


def add_parser(verbs: Any) -> None:
    bench: argparse.ArgumentParser = verbs.add_parser(
        "bench",
        help="measure, beside peers",
        description="Run the benchmark suite beside the peers that are installed. Needs a source checkout.",
    )
    bench.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)} (default: all)")
    bench.add_argument("--save", type=Path, metavar="FILE", help="also write the results as JSON")
    add_json(bench)
    bench.set_defaults(func=partial(run, bench))


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {sorted(unknown)[0]!r}; known: {', '.join(SUITES)}")
    if not BENCHES.is_dir():
        raise BenchError("the benchmark suite is part of the source checkout, not of the installed package")
    check_apart({"--save": options.save}, printed=True)
    results = {}
    with contextlib.nullcontext() if options.save is None else whole_file(options.save) as file:
        for suite in options.suites or SUITES:
            note(f"bench: {suite}")
            results[suite] = _measure(suite)
        if file is not None:
            file.write(json.dumps(results, indent=1) + "\n")
    if options.json:
        print_json(results)
    else:
        for suite, rows in results.items():
            print(f"\n{suite}\n" + _table(rows))
    return 0


def _measure(suite: str) -> list[dict[str, Any]]:
    """One suite in a process of its own: a list of rows."""
    done = subprocess.run(
        [sys.executable, str(BENCHES / "python" / f"bench_{suite}.py")], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"suite {suite} ended with {done.returncode}")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = [heads, *[[_cell(row.get(head)) for head in heads] for row in rows]]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
