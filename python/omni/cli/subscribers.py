"""``omni webhooks list``, ``test``: who is told, and whether they can be reached, whether the agent runs or not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omni.cli.output import add_config, add_json, configuration, print_json

if TYPE_CHECKING:
    from omni.config import AgentConfig, SubscriberConfig


def add_actions(actions: Any) -> None:
    list_parser: argparse.ArgumentParser = actions.add_parser(
        "list", help="who is told, and what waits for them", description="Subscribers, and what waits for each."
    )
    list_parser.set_defaults(func=list_)
    test_parser: argparse.ArgumentParser = actions.add_parser(
        "test",
        help="send an empty message now",
        description="Send an empty message to subscribers now, and say how it went.",
    )
    test_parser.add_argument("id", nargs="*", metavar="ID", help="which, as omni webhooks list has them (default: all)")
    test_parser.set_defaults(func=test)
    for parser in (list_parser, test_parser):
        add_config(parser)
        add_json(parser)


def list_(options: argparse.Namespace) -> int:
    config = configuration(options)
    backlog, dead = _figures(config)
    rows = [
        {
            "id": key,
            "address": subscriber.shown_address,
            "type": subscriber.type or "processes",
            "paused": subscriber.paused,
            "waiting": backlog.get(key, (0, 0.0))[0],
            "dead": dead.get(key, 0),
        }
        for key, subscriber in _told(config).items()
    ]
    if options.json:
        print_json({"webhooks": rows})
        return 0
    for row in rows:
        figures = f"{row['waiting']} waiting  {row['dead']} dead{'  (paused)' if row['paused'] else ''}"
        print(f"{row['id']}  {row['address']}  {row['type']}  {figures}")
    return 0


def test(options: argparse.Namespace) -> int:
    from omni.delivery.trial import try_subscriber
    from omni.errors import UnknownEndpointError

    told = _told(configuration(options))
    for id_ in options.id:
        if id_ not in told:
            raise UnknownEndpointError(f"no webhook {id_!r}; there are: {', '.join(told) or 'none'}")
    results = [{"id": id_, **try_subscriber(told[id_])} for id_ in options.id or told]
    if options.json:
        print_json({"webhooks": results})
    else:
        for result in results:
            print(f"{result['id']}  {result['failure'] or result['status']}  {result['latency_ms']} ms")
    return 0 if all(result["delivered"] for result in results) else 1


def _told(config: AgentConfig) -> dict[str, SubscriberConfig]:
    from omni.delivery import subscriber_keys

    return dict(subscriber_keys(config.webhook_tracking_subscribers))


def _figures(config: AgentConfig) -> tuple[dict[str, tuple[int, float]], dict[str, int]]:
    """What waits and what was given up, by id; nothing where no agent has run yet."""
    from omni.delivery import open_log
    from omni.errors import ConfigError

    assert config.delivery.directory is not None  # a file's configuration always has one
    try:
        with open_log(Path(config.delivery.directory)) as store:
            return store.backlog(), store.dead_count()
    except ConfigError:
        return {}, {}
