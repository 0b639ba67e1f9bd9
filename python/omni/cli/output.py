"""What the verbs share: options, and speaking to people and to machines."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from omni.cli.standard import say, telling
from omni.errors import OmniError, SourceError

if TYPE_CHECKING:
    from omni.config import AgentConfig

_STANDARD = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})")


class UnwritableError(OmniError):
    """A result that cannot be written to its end."""

    slug = "output-unwritable"


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: the result as one JSON document on standard output."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--config``: the configuration that a verb works with."""
    parser.add_argument(
        "--config", type=Path, metavar="DIR", help="folder with run_params.json, or the file (default: config)"
    )


def configuration(options: argparse.Namespace) -> AgentConfig:
    """The configuration that ``--config`` names.

    Raises:
        ConfigError: it cannot be used.
    """
    from omni.config import config_folder, load_config

    return load_config(config_folder(options.config))


def page_address(host: str, port: int) -> str:
    """Where the page is, to be clicked on."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    with telling():
        print(_json(document, indent=2), flush=True)


def as_line(document: Any) -> str:
    """One JSON document of several, which are a line each."""
    return _json(document)


def _json(document: Any, indent: int | None = None) -> str:
    """For standard output, which may be of an encoding that lacks most characters."""
    utf8 = (sys.stdout.encoding or "").replace("-", "").lower() == "utf8"
    return json.dumps(document, indent=indent, ensure_ascii=not utf8, allow_nan=False)


def print_line(document: Any) -> None:
    """One JSON document of several, on a line of its own, read at once by who waits for it."""
    with telling():
        print(as_line(document), flush=True)


def port_number(text: str) -> int:
    """An argument that is a port; 0: a free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def in_seconds(text: str) -> float:
    """An argument that is a time or a duration."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1e11:  # a time of today in milliseconds is larger
        raise argparse.ArgumentTypeError(f"expected seconds, got {text!r}")
    return value


def note(text: str) -> None:
    """A line for people, on standard error."""
    say(text)


def report(options: argparse.Namespace, figures: Mapping[str, Any]) -> int:
    """The figures of a work whose result is in the file ``--output``; JSON where ``--json`` asks for it. Returns 0."""
    document = {**figures, "output": str(options.output)}
    if options.json:
        print_json(document)
    else:
        note(", ".join(f"{key} {value}" for key, value in document.items()))
    return 0


def target_of(path: Path) -> Path:
    """Where a result that is called ``path`` is put: what a link leads to stays a link.

    Raises:
        SourceError: it is a folder.
    """
    if path.is_dir():
        raise SourceError(f"{path}: cannot be written: it is a folder; name a file")
    return Path(os.path.realpath(path))


def descriptor(path: Path) -> int | None:
    """The number of an open file that a path stands for, as those of the shell's ``>(...)`` do; None: for none.

    Opened by name such a file would be written from its beginning, whatever it holds.
    """
    named = _DESCRIPTOR.fullmatch(str(path))
    return int(named[1]) if named else _STANDARD.get(str(path))


def take_place(whole: Path, target: Path) -> None:
    """A file that is whole becomes ``target``; whoever might not read what was there may not read this either."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copymode(target, whole)
    whole.replace(target)


@contextlib.contextmanager
def whole_file(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is whole; a device or pipe is written as it comes.

    Args:
        path: of the file.
        mode: ``w`` for text, ``wb`` for bytes.

    Raises:
        SourceError: it cannot be written.
        UnwritableError: the disk is full, or gone.
    """
    number = descriptor(path)
    target = path if number is not None else target_of(path)
    plain = number is None and (target.is_file() or not target.exists())
    scratch = target.with_name(target.name + ".part") if plain else target
    encoding = None if "b" in mode else "utf-8"
    try:
        file = (
            scratch.open(mode, encoding=encoding)
            if number is None
            else os.fdopen(os.dup(number), mode, encoding=encoding)
        )
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with unwritable(path):
            with file:
                yield file
            if plain:
                take_place(scratch, target)
    except BaseException:
        if plain:
            scratch.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Names the file in what is raised when it cannot be written to its end."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(f"{path}: cannot be written: {error.strerror or error}") from None


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
        told = f"{self._what}: {self._done}{share}, {rate:.1f}/s"
        say(f"\r{told}\033[K" if sys.stderr.isatty() else told, end)
