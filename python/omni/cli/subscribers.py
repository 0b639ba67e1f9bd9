"""``omni webhooks list`` and ``test``: who is told, and whether they can be."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from omni.cli.output import add_json, print_json

if TYPE_CHECKING:
    from omni.config import AgentConfig


def add_actions(actions: Any) -> None:
    list_parser: argparse.ArgumentParser = actions.add_parser(
        "list", help="who is told", description="Who is told, and how many messages wait or were given up."
    )
    list_parser.set_defaults(func=list_)
    test_parser: argparse.ArgumentParser = actions.add_parser(
        "test",
        help="send an empty message",
        description="Send an empty message and tell how it went; the outbox is left alone.",
    )
    test_parser.add_argument("ids", nargs="*", metavar="ID", help="only to these subscribers")
    test_parser.set_defaults(func=test)
    for parser in (list_parser, test_parser):
        parser.add_argument("--config", type=Path, metavar="DIR", help="folder with run_params.json (default: config)")
        add_json(parser)


def list_(options: argparse.Namespace) -> int:
    config = _config(options)
    waiting, dead = _log(config)
    endpoints = [
        {**about, "waiting": waiting.get(about["id"], (0, 0.0))[0], "dead": dead.get(about["id"], 0)}
        for about in _endpoints(config)
    ]
    if options.json:
        print_json({"endpoints": endpoints})
        return 0
    for one in endpoints:
        paused = "  (paused)" if one["paused"] else ""
        told = f"{one['id']}  {one['kind']}  {one['endpoint']}"
        print(f"{told}  {one['waiting']} waiting, {one['dead']} given up{paused}")
    return 0


def test(options: argparse.Namespace) -> int:
    from omni.delivery import Delivery
    from omni.errors import ConfigError
    from omni.types import Run

    config = _config(options)
    ids = options.ids or [about["id"] for about in _endpoints(config)]
    if not ids:
        raise ConfigError("webhook_tracking_subscribers: nobody is told; add a subscriber")
    subscribers, mqtt = config.webhook_tracking_subscribers, config.mqtt_settings
    delivery = Delivery(subscribers, Run(uuid4(), time.time()), encode=None, mqtt=mqtt)
    delivery.start()
    try:
        results = [{"id": id_, **delivery.test(id_)} for id_ in ids]
    finally:
        delivery.stop()
    if options.json:
        print_json({"tested": results})
    else:
        for result in results:
            told = "delivered" if result["delivered"] else result["failure"]
            print(f"{result['id']}  {told}  {result['latency_ms']:g} ms")
    return 0 if all(result["delivered"] for result in results) else 1


def _config(options: argparse.Namespace) -> AgentConfig:
    from omni.config import config_folder, load_config

    return load_config(config_folder(options.config))


def _endpoints(config: AgentConfig) -> list[dict[str, Any]]:
    from omni.delivery import subscriber_keys

    told = [
        {"id": key, "kind": one.type or "processes", "endpoint": one.label, "paused": one.paused}
        for key, one in subscriber_keys(config.webhook_tracking_subscribers)
    ]
    if config.mqtt_settings.enable:
        told.append({"id": "mqtt", "kind": "processes", "endpoint": config.mqtt_settings.label, "paused": False})
    return told


def _log(config: AgentConfig) -> tuple[dict[str, tuple[int, float]], dict[str, int]]:
    """For each endpoint how many messages wait (and since when), and how many were given up."""
    from omni.delivery import open_log
    from omni.errors import ConfigError

    assert config.delivery.directory is not None  # a file's configuration always has one
    try:
        store = open_log(Path(config.delivery.directory))
    except ConfigError:  # no agent has run here yet
        return {}, {}
    found = store.backlog(), store.dead_count()
    store.close()
    return found
