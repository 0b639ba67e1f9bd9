"""``omni doctor``: what is in use, and what is wrong, without starting anything."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omni._build import __version__
from omni.cli.output import add_json, page_address, print_json

if TYPE_CHECKING:
    from omni.agent import Agent
    from omni.config import AgentConfig


def add_parser(verbs: Any) -> None:
    doctor: argparse.ArgumentParser = verbs.add_parser(
        "doctor",
        help="what is in use, and what is wrong",
        description="Open all that a configuration needs, start nothing, and tell what is in use and what is wrong.",
    )
    doctor.add_argument("--config", type=Path, metavar="DIR", help="folder with run_params.json (default: config)")
    add_json(doctor)
    doctor.set_defaults(func=examine)


def examine(options: argparse.Namespace) -> int:
    from omni.agent.software import software_versions
    from omni.config import config_folder
    from omni.errors import OmniError

    found: dict[str, Any] = {"version": __version__, "software": software_versions("none"), "running": False}
    code = 0
    try:
        agent, found["running"] = _opened(config_folder(options.config))
        found |= _in_use(agent)
        idle = {f"stream {status.name}: idle" for status in agent.streams()}  # as they are before anything starts
        problems = [problem for problem in agent.problems() if problem not in idle]
    except OmniError as error:
        problems, code = [str(error)], error.exit_code
    found["models"], wrong = _models()
    found["problems"] = problems = problems + wrong
    print_json(found) if options.json else _print(found)
    return code or int(bool(problems))


def _opened(path: Path) -> tuple[Agent, bool]:
    """An agent that was not started, and whether another one runs under the same configuration."""
    from omni.agent import Agent
    from omni.config import load_config
    from omni.errors import FolderInUseError

    config = load_config(path)
    try:
        return Agent(config), False
    except FolderInUseError:
        return Agent(_without_outbox(config)), True


def _without_outbox(config: AgentConfig) -> AgentConfig:
    return config.model_copy(update={"delivery": config.delivery.model_copy(update={"directory": None})})


def _models() -> tuple[dict[str, str], list[str]]:
    """The state of each model that is here, and what is wrong with them."""
    from omni.detect.models import check
    from omni.errors import ModelError

    try:
        models = check()
    except ModelError as error:
        return {}, [str(error)]
    return {m.name: m.state for m in models}, [f"model {m.name}: {m.reason}" for m in models if m.reason]


def _in_use(agent: Agent) -> dict[str, Any]:
    config = agent.config
    return {
        "software": agent.about_software(),
        "networks": agent.stats()["networks"],
        "streams": [{"name": stream.label, "url": stream.safe_url} for stream in config.enabled_streams],
        "views": [tick.name for tick in agent.map_ticks()],
        "regions": len(config.mutlistream_ROI.regions),
        "webhooks": [subscriber.label for subscriber in config.webhook_tracking_subscribers if subscriber.enabled],
        "listens": page_address(config.http.host, config.http.port),
    }


def _print(found: dict[str, Any]) -> None:
    print(f"omni {found['version']}: " + ", ".join(f"{name} {of}" for name, of in found["software"].items()))
    for network in found.get("networks", ()):
        nodes = ", ".join(f"{provider} ({count} nodes)" for provider, count in network["nodes"].items())
        print(f"{network['role']}: {network['model']} on {nodes}")
    for stream in found.get("streams", ()):
        print(f"stream {stream['name']}: {stream['url']}")
    if "listens" in found:
        views, webhooks = ", ".join(found["views"]) or "none", ", ".join(found["webhooks"]) or "none"
        print(f"{found['regions']} regions; views: {views}; webhooks: {webhooks}; listens on {found['listens']}")
    print("an agent runs with this configuration" if found["running"] else "no agent runs with this configuration")
    for problem in found["problems"]:
        print(f"wrong: {problem}")
    if not found["problems"]:
        print("nothing is wrong")
