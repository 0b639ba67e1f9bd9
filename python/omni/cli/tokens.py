"""``omni tokens``: who may use the service from elsewhere."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from omni.cli.output import add_config, add_json, configuration, note, print_json

if TYPE_CHECKING:
    from omni.tokens import Tokens


def add_parser(verbs: Any) -> None:
    tokens: argparse.ArgumentParser = verbs.add_parser(
        "tokens",
        help="who may use the service",
        description="Tokens of the service. A running service notices at once.",
    )
    inner = tokens.add_subparsers(dest="tokens_verb", metavar="VERB", required=True)
    add: argparse.ArgumentParser = inner.add_parser(
        "add", help="make a token", description="Make a token and print it. It is shown this once and kept as a hash."
    )
    add.add_argument("name", metavar="NAME", help="whose it is, or what for")
    add.add_argument(
        "--scopes",
        type=lambda text: text.split(","),
        default=["read"],
        metavar="S,S",
        help="what it allows: read, control, config, faces (default: read)",
    )
    add.set_defaults(func=run_add)
    show: argparse.ArgumentParser = inner.add_parser("list", help="the tokens", description="Show names and scopes.")
    show.set_defaults(func=run_list)
    remove: argparse.ArgumentParser = inner.add_parser(
        "remove", help="forget a token", description="Forget a token; sessions opened with it end."
    )
    remove.add_argument("name", metavar="NAME", help="its name")
    remove.set_defaults(func=run_remove)
    for parser in (add, show, remove):
        add_config(parser)
        add_json(parser)


def run_add(options: argparse.Namespace) -> int:
    token = _tokens(options).add(options.name, options.scopes, time.time())
    if options.json:
        print_json({"name": options.name, "scopes": options.scopes, "token": token})
        return 0
    note("keep it; it is not shown again:")
    print(token)
    return 0


def run_list(options: argparse.Namespace) -> int:
    return _show(options, _tokens(options))


def run_remove(options: argparse.Namespace) -> int:
    tokens = _tokens(options)
    tokens.remove(options.name)
    return _show(options, tokens)


def _tokens(options: argparse.Namespace) -> Tokens:
    from omni.tokens import Tokens

    return Tokens(configuration(options).state_folder)


def _show(options: argparse.Namespace, tokens: Tokens) -> int:
    found = tokens.all()
    if options.json:
        print_json({"tokens": [asdict(token) for token in found]})
        return 0
    for token in found:
        print(f"{token.name:<24} {','.join(token.scopes):<30} {datetime.fromtimestamp(token.created, UTC):%Y-%m-%d}")
    return 0
