"""``omni serve`` and ``omni run``: the agent with and without HTTP."""

from __future__ import annotations

import argparse
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from omni.cli.output import add_config, add_json, as_line, note, page_address, port_number, print_json
from omni.cli.standard import Lines

if TYPE_CHECKING:
    from omni.agent import Agent
    from omni.config import AgentConfig

PIXELS_MAX = 100_000_000
"""Of a picture that the service decodes: three bytes each."""

_LOOK_S = 0.2
"""So often it is looked whether somebody still reads the records."""


def add_parser(verbs: Any) -> None:
    serve: argparse.ArgumentParser = verbs.add_parser(
        "serve",
        help="the service: agent, endpoints, page",
        description="Run the agent with its HTTP service.",
    )
    serve.add_argument("--host", metavar="H", help="address to listen on (default: http.host, 127.0.0.1)")
    serve.add_argument("--port", type=port_number, metavar="P", help="port to listen on (default: http.port, 8080)")
    serve.add_argument(
        "--strict", action="store_true", help="exit with an error where the configuration cannot be used (no safe mode)"
    )
    serve.set_defaults(func=run_service)
    run: argparse.ArgumentParser = verbs.add_parser(
        "run",
        help="the agent without HTTP",
        description="Run the agent; with --json each process record is a line.",
    )
    run.set_defaults(func=run_agent)
    for parser in (serve, run):
        add_config(parser)
        add_json(parser)


def bound_pictures() -> None:
    """A photo of 1 MB can unpack to gigabytes: OpenCV, which asks when it loads, is to refuse it by its header."""
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(PIXELS_MAX))


def run_service(options: argparse.Namespace) -> int:
    try:
        return _serve(options)
    except KeyboardInterrupt:  # the service, once it is there, takes the signals over
        return _not_begun()


def _not_begun() -> int:
    """Asked to end while it was still starting: nothing was cut short, so it is no interruption."""
    note("omni: stopped while it was starting")
    return 0


def _serve(options: argparse.Namespace) -> int:
    bound_pictures()
    from omni.config import config_folder
    from omni.config.logs import log_as_configured
    from omni.service import create_app, free_port, open_settings, serve

    log_as_configured(config_folder(options.config))
    settings, config, agent = open_settings(config_folder(options.config), strict=options.strict)
    config = _listening_on(config, options.host)
    host = config.http.host
    port = free_port(host, config.http.port if options.port is None else options.port)
    address = page_address(host, port)
    app = create_app(None if agent is None else lambda: agent, config, settings)
    if agent is None:
        for path, message in settings.problems:
            note(f"omni: {path or 'configuration'}: {message}")
        note(f"omni: safe mode: nothing is watched until the settings are mended at {address}")
    else:
        _log_networks(agent)
        note(f"omni: serving {address} with {len(agent.streams())} streams")
    serve(app, host, port)
    if options.json and app.ctx.runs:
        print_json(app.ctx.agent.stats())
    return 0


def _listening_on(config: AgentConfig, host: str | None) -> AgentConfig:
    """What is decided by the address must know the one that was given on the command line."""
    if host is None:
        return config
    return config.model_copy(update={"http": config.http.model_copy(update={"host": host})})


def run_agent(options: argparse.Namespace) -> int:
    unread = threading.Event()
    lines = Lines(unread)
    try:
        agent = _open(options, lines)
        agent.start()
    except KeyboardInterrupt:
        return _not_begun()
    try:
        while not (agent.wait(_LOOK_S) or unread.is_set()):
            pass
    except KeyboardInterrupt:
        note("omni: stopping; a second signal exits at once")
    finally:
        agent.stop()
    failed = [status for status in agent.streams() if status.state == "failed"]
    note(f"omni: {agent.stats()['frames']} frames, {agent.stats()['tracks']} people")
    for status in failed:
        note(f"omni: stream {status.name}: {status.reason}")
    lines.check()
    return 1 if failed else 0


def _open(options: argparse.Namespace, lines: Lines) -> Agent:
    """The agent of a configuration, not begun, whose records are told as lines where that is asked for."""
    from omni.agent import Agent
    from omni.config import config_folder
    from omni.config.logs import log_as_configured

    log_as_configured(config_folder(options.config))
    agent = Agent(config_folder(options.config))
    _log_networks(agent)
    if options.json:
        agent.subscribe(partial(_print_records, lines))
    return agent


def _log_networks(agent: Agent) -> None:
    """What was asked to run each network, and what does, also when all is well."""
    for network in agent.stats()["networks"]:
        nodes = ", ".join(f"{provider} ({count} nodes)" for provider, count in network["nodes"].items())
        note(f"omni: {network['role']}: {network['model']} on {nodes}, asked for {network['providers_asked'][0]}")


def _print_records(lines: Lines, message: Any) -> None:
    for process in message.processes:
        lines.print(as_line(process))
