"""What the verbs share in speaking to people and to machines."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: the result as one JSON document on standard output."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """A line for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """A line that tells how far a long work is; quiet where standard error is no terminal.

    Args:
        what: the work.
        total: how much there is; 0 where that is not known.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._begun = self._shown = time.monotonic()
        self._done = 0

    def advance(self, by: int = 1) -> None:
        self._done += by
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown > 0.2:
            self._shown = now
            self._show(now, "\r")

    def finish(self) -> None:
        """The last word: how much and how fast."""
        self._show(time.monotonic(), "\n")

    def _show(self, now: float, end: str) -> None:
        rate = self._done / max(now - self._begun, 1e-9)
        share = f" of {self._total} ({self._done / self._total:.0%})" if self._total else ""
        print(
            f"\r{self._what}: {self._done}{share}, {rate:.1f}/s\033[K"
            if sys.stderr.isatty()
            else f"{self._what}: {self._done}{share}, {rate:.1f}/s",
            end=end,
            file=sys.stderr,
            flush=True,
        )
