"""``omni webhooks dead``, ``replay``, ``purge``: what was given up; the agent may run or not (delivery, line 7)."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omni._text import is_text
from omni.cli.output import add_config, add_json, configuration, print_json

if TYPE_CHECKING:
    from omni.delivery.records import Chosen
    from omni.delivery.store import Store


def add_actions(actions: Any) -> None:
    for name, func, text in (
        ("dead", list_, "list what was given up"),
        ("replay", replay, "have it sent again, by the agent that runs or at its next start"),
        ("purge", purge, "forget it"),
    ):
        action: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"Dead letters: {text}.")
        add_config(action)
        action.add_argument("--endpoint", type=_text, metavar="ID", help="only of this subscriber")
        if func is not list_:
            action.add_argument("--id", type=_number, action="append", default=[], metavar="N", help="only this letter")
            action.add_argument("--since", type=_time, metavar="TIME", help="only those given up since, ISO 8601")
            action.add_argument("--until", type=_time, metavar="TIME", help="only those given up until then")
        add_json(action)
        action.set_defaults(func=func)


def list_(options: argparse.Namespace) -> int:
    with _open(options) as store:
        letters = store.dead(endpoint=options.endpoint)
    if options.json:
        print_json({"dead": letters})
        return 0
    for letter in letters:
        print(
            f"{letter['id']:>6}  {_shown(letter['given_up_at'])}  {letter['endpoint']}  {letter['reason']}"
            f"  {letter['attempts']} attempts  {letter['cause']}{'  (to be replayed)' if letter['replay'] else ''}"
        )
    return 0


def replay(options: argparse.Namespace) -> int:
    with _open(options) as store, store:
        count = store.mark_for_replay(_chosen(options))
    return _tell(options, "replayed", count)


def purge(options: argparse.Namespace) -> int:
    with _open(options) as store, store:
        count = store.purge(_chosen(options))
    return _tell(options, "purged", count)


def _open(options: argparse.Namespace) -> AbstractContextManager[Store]:
    from omni.delivery import open_log

    directory = configuration(options).delivery.directory
    assert directory is not None  # a file's configuration always has one
    return open_log(Path(directory))


def _chosen(options: argparse.Namespace) -> Chosen:
    from omni.delivery import Chosen

    return Chosen(ids=options.id, endpoint=options.endpoint, since=options.since, until=options.until)


def _tell(options: argparse.Namespace, what: str, count: int) -> int:
    print_json({what: count}) if options.json else print(f"{count} {what}")
    return 0


def _number(text: str) -> int:
    """The number of a letter."""
    if not text.isdecimal() or len(text) > 19 or not 0 < int(text) < 1 << 63:
        raise argparse.ArgumentTypeError(f"expected the number of a letter, as omni webhooks dead has it, got {text!r}")
    return int(text)


def _text(text: str) -> str:
    """What the log can be asked for: bytes that are no text are none."""
    if not is_text(text):
        raise argparse.ArgumentTypeError(f"expected text, got {text!r}")
    return text


def _time(text: str) -> float:
    """ISO 8601, in local time where it does not say, as Unix epoch seconds."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-11-30T17:00, got {text!r}") from None


def _shown(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
