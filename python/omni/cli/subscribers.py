"""``omni webhooks list``, ``test``: who is told, and whether they can be, whether the agent runs or not."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from omni.cli.output import add_json, print_json
from omni.errors import ConfigError, UnknownEndpointError

if TYPE_CHECKING:
    from omni.config import AgentConfig, SubscriberConfig
    from omni.delivery.channel import Outcome


def add_actions(actions: Any) -> None:
    list_parser: argparse.ArgumentParser = actions.add_parser(
        "list", help="who is told", description="Who is told, what waits for them, and what was given up."
    )
    list_parser.set_defaults(func=list_)
    test: argparse.ArgumentParser = actions.add_parser(
        "test",
        help="send an empty message now",
        description="Send an empty message now, whatever else waits, and say how it went.",
    )
    test.add_argument("ids", nargs="*", metavar="ID", help="as omni webhooks list has it (default: all)")
    test.set_defaults(func=run_test)
    for parser in (list_parser, test):
        parser.add_argument("--config", type=Path, metavar="DIR", help="folder with run_params.json (default: config)")
        add_json(parser)


def list_(options: argparse.Namespace) -> int:
    config = _config(options)
    waiting, dead = _figures(config)
    rows = [
        {
            "id": key,
            "endpoint": subscriber.label,
            "type": subscriber.type or "processes",
            "paused": subscriber.paused,
            "waiting": waiting.get(key, 0),
            "dead": dead.get(key, 0),
        }
        for key, subscriber in _subscribers(config).items()
    ]
    if options.json:
        print_json({"webhooks": rows})
        return 0
    for row in rows:
        paused = "  (paused)" if row["paused"] else ""
        figures = f"{row['waiting']} waiting  {row['dead']} given up{paused}"
        print(f"{row['id']}  {row['endpoint']}  {row['type']}  {figures}")
    return 0


def run_test(options: argparse.Namespace) -> int:
    known = _subscribers(_config(options))
    for key in options.ids:
        if key not in known:
            raise UnknownEndpointError(f"no webhook {key[:100]!r}; there are: {', '.join(known) or 'none'}")
    outcomes = {key: asyncio.run(_sent(known[key])) for key in options.ids or known}
    if options.json:
        told = [
            {"id": k, "delivered": not o.failure, "status": o.status, "failure": o.failure} for k, o in outcomes.items()
        ]
        print_json({"tests": told})
    else:
        for key, outcome in outcomes.items():
            print(f"{key}  {known[key].label}  {outcome.failure or 'delivered'}")
    return 1 if any(outcome.failure for outcome in outcomes.values()) else 0


def _document(outcome: Outcome) -> dict[str, Any]:
    return {"delivered": not outcome.failure, "status": outcome.status, "failure": outcome.failure}


async def _sent(subscriber: SubscriberConfig) -> Outcome:
    from omni.delivery.body import NOTHING
    from omni.delivery.channel import Outgoing
    from omni.delivery.clock import Clock
    from omni.delivery.webhook import WebhookChannel

    channel = WebhookChannel(subscriber, Clock())
    await channel.open()
    try:
        headers = {"omni-epoch": str(uuid4()), "omni-attempt": "1", "omni-reason": "test"}
        return await channel.send(Outgoing(str(uuid4()), subscriber.type or "processes", "", NOTHING, headers))
    finally:
        await channel.close()


def _config(options: argparse.Namespace) -> AgentConfig:
    from omni.config import config_folder, load_config

    return load_config(config_folder(options.config))


def _subscribers(config: AgentConfig) -> dict[str, SubscriberConfig]:
    from omni.delivery import subscriber_keys

    return dict(subscriber_keys(config.webhook_tracking_subscribers))


def _figures(config: AgentConfig) -> tuple[dict[str, int], dict[str, int]]:
    """Of each what waits and what was given up; nothing where no agent ever ran."""
    from omni.delivery import open_log

    try:
        store = open_log(Path(str(config.delivery.directory)))
    except ConfigError:
        return {}, {}
    waiting = {key: count for key, (count, _) in store.backlog().items()}
    dead = store.dead_count()
    store.close()
    return waiting, dead
