"""The command line: ``omni VERB``. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from omni._build import __version__
from omni.errors import OmniError

VERBS = (
    "demo",
    "serve",
    "mot",
    "replay",
    "calibrate",
    "evaluate",
    "bench",
    "models",
    "webhooks",
    "lines",
    "faces",
    "tokens",
    "configuration",
    "doctor",
)
"""Modules of this package; each adds its verbs."""

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(prog="omni", description="People in cameras, on one map, told by webhooks.")
    root.add_argument("--version", action="version", version=f"omni {__version__}")
    verbs = root.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in VERBS:
        import_module(f"omni.cli.{module}").add_parser(verbs)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns 0 done, 1 failed, 2 wrong use, 3 bad config or input, 130 interrupted."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(options.func(options))
    except OmniError as error:
        print(f"omni: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("omni: interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt
