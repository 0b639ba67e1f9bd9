"""``omni check-config`` and ``omni schema``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from omni.cli.output import add_json, configuration, print_json


def add_parser(verbs: Any) -> None:
    check: argparse.ArgumentParser = verbs.add_parser(
        "check-config", help="check run_params.json", description="Check a configuration and start nothing."
    )
    check.add_argument("config", type=Path, nargs="?", metavar="DIR", help="folder or file (default: config)")
    add_json(check)
    check.set_defaults(func=check_config)
    schema: argparse.ArgumentParser = verbs.add_parser(
        "schema",
        help="the JSON Schema of payloads or of the configuration",
        description="Print a JSON Schema.",
    )
    schema.add_argument("of", nargs="?", choices=("processes", "events", "streams", "config"), default="processes")
    add_json(schema)
    schema.set_defaults(func=print_schema)


def check_config(options: argparse.Namespace) -> int:
    from omni.agent.parts import check_maps
    from omni.regions import check_regions

    config = configuration(options)
    check_regions(config.mutlistream_ROI.regions)
    check_maps(config)
    found = {
        "streams": len(config.streams),
        "regions": len(config.mutlistream_ROI.regions),
        "views": len(config.map_tracking.views),
        "subscribers": len(config.webhook_tracking_subscribers),
    }
    if options.json:
        print_json({"ok": True, **found})
    else:
        print("ok: " + ", ".join(f"{count} {what}" for what, count in found.items()))
    return 0


def print_schema(options: argparse.Namespace) -> int:
    from omni.config import AgentConfig
    from omni.process import events_schema, processes_schema, streams_schema

    schemas = {
        "processes": processes_schema,
        "events": events_schema,
        "streams": streams_schema,
        "config": AgentConfig.model_json_schema,
    }
    print_json(schemas[options.of]())
    return 0
