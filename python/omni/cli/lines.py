"""``omni lines``: how often each line was crossed."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from omni._text import visible
from omni.cli.output import add_config, add_json, configuration, print_json
from omni.errors import UnknownLineError


def add_parser(verbs: Any) -> None:
    lines: argparse.ArgumentParser = verbs.add_parser(
        "lines", help="counters of lines", description="How often each line was crossed."
    )
    inner = lines.add_subparsers(dest="lines_verb", metavar="VERB", required=True)
    show: argparse.ArgumentParser = inner.add_parser("list", help="the counters", description="Show the counters.")
    show.set_defaults(func=run_list)
    reset: argparse.ArgumentParser = inner.add_parser(
        "reset",
        help="begin at nought",
        description="Let counters begin at nought. A running agent goes on from there.",
    )
    reset.add_argument("line", nargs="*", metavar="LINE", help="UUID or name (default: all lines)")
    reset.set_defaults(func=run_reset)
    for parser in (show, reset):
        add_config(parser)
        add_json(parser)


def run_list(options: argparse.Namespace) -> int:
    return _show(options, *_open(options))


def run_reset(options: argparse.Namespace) -> int:
    names, counts = _open(options)
    for given in options.line:
        if given not in names and given not in names.values():
            raise UnknownLineError(f"no line has the uuid or name {given!r}; omni lines list shows them")
    for uuid, name in names.items():
        if not options.line or uuid in options.line or name in options.line:
            counts.reset(uuid, time.time())
    return _show(options, names, counts)


def _open(options: argparse.Namespace) -> tuple[dict[str, str], Any]:
    """Names of the lines by UUID, and their counters."""
    from omni.regions import LineCounts

    config = configuration(options)
    names = {str(line.uuid): line.name for line in config.mutlistream_ROI.lines}
    return names, LineCounts(config.state_folder)


def _show(options: argparse.Namespace, names: dict[str, str], counts: Any) -> int:
    found = [{"uuid": uuid, "name": name, **asdict(counts.get(uuid))} for uuid, name in names.items()]
    if options.json:
        print_json({"lines": found})
        return 0
    for line in found:
        since = f"since {datetime.fromtimestamp(line['since'], UTC):%Y-%m-%d %H:%M} UTC" if line["since"] else "never"
        counted = f"forward {line['forward']:<6} reverse {line['reverse']:<6} {since}"
        print(f"{line['uuid']}  {visible(line['name']):<20} {counted}")
    return 0
