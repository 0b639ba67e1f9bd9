"""``omni webhooks``: who is told, a receiver, what was given up."""

from __future__ import annotations

import argparse
import os
import threading
from typing import Any

from omni.cli import dead_letters, subscribers
from omni.cli.output import add_json, as_line, note, port_number
from omni.cli.standard import Lines


def add_parser(verbs: Any) -> None:
    webhooks: argparse.ArgumentParser = verbs.add_parser("webhooks", help="who is told; a receiver; dead letters")
    actions = webhooks.add_subparsers(dest="action", metavar="ACTION", required=True)
    listen = actions.add_parser(
        "listen",
        help="a receiver that checks and prints",
        description="Receive webhooks, check each against the JSON Schema and print a line for it.",
    )
    listen.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default 127.0.0.1)")
    listen.add_argument("--port", type=port_number, default=5000, metavar="P", help="port (default 5000)")
    listen.add_argument("--path", type=_path, default="/trigger", help="path (default /trigger)")
    listen.add_argument("--count", type=_count, metavar="N", help="end after N messages")
    listen.add_argument(
        "--secret-env",
        metavar="NAME",
        help="environment variable that holds the whsec_ secret; others are refused",
    )
    add_json(listen)
    listen.set_defaults(func=listen_)
    subscribers.add_actions(actions)
    dead_letters.add_actions(actions)


def listen_(options: argparse.Namespace) -> int:
    from omni.receiver import Received, Receiver, describe

    secret = _secret(options.secret_env) if options.secret_env else None
    enough = threading.Event()
    lines = Lines(enough)
    seen = 0

    def show(received: Received) -> None:
        nonlocal seen
        told = {name: getattr(received, name) for name in ("reason", "processes", "event", "wrong")}
        lines.print(as_line(told) if options.json else describe(received))
        seen += 1
        if options.count is not None and seen >= options.count:
            enough.set()

    receiver = Receiver(show, secret=secret)
    note(f"listening on {receiver.start(options.host, options.port, options.path)}")
    try:
        enough.wait()
    finally:
        receiver.stop()
    lines.check()
    return 1 if receiver.wrong else 0


def _secret(variable: str) -> str:
    """What the variable holds. Raises ConfigError: no secret, with which every message would be refused."""
    from omni.delivery import SignatureError, signature
    from omni.errors import ConfigError

    secret = os.environ.get(variable)
    if not secret:
        raise ConfigError(f"--secret-env: the environment has no {variable}")
    try:
        signature(secret, "", 0, b"")
    except SignatureError as error:
        raise ConfigError(f"--secret-env: {variable}: {error}") from None
    return secret


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"expected a path that begins with /, got {text!r}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, got {text!r}")
    return int(text)
