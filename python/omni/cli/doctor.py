"""``omni doctor``: what is in use, and what is wrong."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omni._build import __version__
from omni.cli.output import add_json, print_json
from omni.errors import ConfigError, OmniError

if TYPE_CHECKING:
    from omni.config import AgentConfig


def add_parser(verbs: Any) -> None:
    doctor: argparse.ArgumentParser = verbs.add_parser(
        "doctor",
        help="what is in use, and what is wrong",
        description="Open all that a configuration names, start nothing, and tell what is in use and what is wrong.",
    )
    doctor.add_argument("--config", type=Path, metavar="DIR", help="folder with run_params.json (default: config)")
    add_json(doctor)
    doctor.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    from omni.agent.software import software_versions
    from omni.config import config_folder, load_config

    found: dict[str, Any] = {"software": {"omni": __version__, **software_versions("none")}, "networks": []}
    problems: list[str] = []
    try:
        _examine(load_config(config_folder(options.config)), found, problems)
    except ConfigError as error:
        problems.append(str(error))
    if options.json:
        print_json({"ok": not problems, **found, "problems": problems})
    else:
        print(", ".join(f"{name} {version}" for name, version in found["software"].items()))
        for network in found["networks"]:
            print(f"{network['role']}: {network['model']} on {', '.join(network['nodes'])}")
        print("\n".join(f"wrong: {problem}" for problem in problems) or "all is well")
    return 1 if problems else 0


def _examine(config: AgentConfig, found: dict[str, Any], problems: list[str]) -> None:
    """Open everything, each by itself, so that one fault hides no other."""
    from omni.agent.parts import open_parts, region_monitor
    from omni.sources import open_source

    def tried(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except OmniError as error:
            problems.append(str(error))

    if (parts := tried(partial(open_parts, config))) is not None:
        found["networks"] = parts.networks.documents()
        found["software"]["FaceSDK"] = parts.networks.faces.name if parts.networks.faces else "none"
        problems.extend(parts.map_problems)
    for stream in config.enabled_streams:
        tried(partial(open_source, stream, 0.0, threading.Event()))
        tried(partial(region_monitor, config, stream))
