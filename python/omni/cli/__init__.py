"""The command line: ``omni VERB``. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from omni._build import __version__
from omni.cli.output import print_line
from omni.cli.standard import reopen, say, settle, telling
from omni.errors import ConfigError, OmniError

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

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130


class Parser(argparse.ArgumentParser):
    """Wrong use is told as JSON, too, where ``--json`` asks for it."""

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            with contextlib.suppress(OSError):
                _tell_json("wrong-use", message)
        super().error(message)

    as_json = False


def parser(*, as_json: bool = False) -> argparse.ArgumentParser:
    """The whole command line.

    Args:
        as_json: whether wrong use is told as JSON beside the text.
    """
    kind = type("Parser", (Parser,), {"as_json": as_json})  # parsers of verbs are of the same kind
    root = kind(prog="omni", description="People in cameras, on one map, told by webhooks.")
    root.add_argument("--version", action="version", version=f"omni {__version__}")
    verbs = root.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in VERBS:
        import_module(f"omni.cli.{module}").add_parser(verbs)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns 0 done, 1 failed, 2 wrong use, 3 bad config or input, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    options = argparse.Namespace(json="--json" in given)
    reopen()
    try:
        options = parser(as_json=options.json).parse_args(given)
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
        signal.signal(signal.SIGTERM, _interrupt)
        code = int(options.func(options))
        with telling():
            sys.stdout.flush()
        return code
    except OmniError as error:
        problems = error.problems if isinstance(error, ConfigError) else ()
        return _failed(options, error.exit_code, error.slug, str(error), problems)
    except KeyboardInterrupt:
        return _failed(options, INTERRUPTED, "interrupted", "interrupted")
    except BrokenPipeError:  # whoever reads wants no more, such as head
        return FAILED
    except OSError as error:  # the machine, not the program: a full disk, a folder that is not ours
        where = "" if error.filename is None else f"{error.filename}: "
        return _failed(options, FAILED, "machine", f"{where}{error.strerror or error}")
    finally:
        settle()


def _failed(
    options: argparse.Namespace, code: int, slug: str, message: str, problems: Sequence[tuple[str, str]] = ()
) -> int:
    say(f"omni: {message}")
    if getattr(options, "json", False):
        with contextlib.suppress(OSError):  # the code says it as well
            _tell_json(slug, message, problems)
    return code


def _tell_json(slug: str, message: str, problems: Sequence[tuple[str, str]] = ()) -> None:
    """On one line: where results are lines it is the last of them."""
    told = [{"path": path, "message": text} for path, text in problems]
    print_line({"error": {"type": slug, "message": message} | ({"problems": told} if told else {})})


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt
