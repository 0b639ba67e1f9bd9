"""``omni doctor``: what a configuration has in use on this machine, and what is wrong with that."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from omni.cli.output import add_config, add_json, configuration, print_json
from omni.errors import FolderInUseError, OmniError, PortInUseError

if TYPE_CHECKING:
    from omni.config import AgentConfig, StreamConfig


class Finding(NamedTuple):
    """What was looked at, how it is, and in words."""

    part: str
    state: Literal["ok", "warning", "wrong"]
    message: str


def add_parser(verbs: Any) -> None:
    doctor: argparse.ArgumentParser = verbs.add_parser(
        "doctor",
        help="what is in use, and what is wrong",
        description="Look at all that a configuration needs: models, files and cameras, plans, folders, the port. "
        "Cameras are asked for pictures; nothing is started or sent.",
    )
    add_config(doctor)
    add_json(doctor)
    doctor.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    from omni._build import __version__
    from omni.agent.software import software_versions
    from omni.regions import check_regions

    config = configuration(options)
    check_regions(config.mutlistream_ROI.regions)
    software = {"omni": __version__, **software_versions("none")}
    del software["FaceSDK"]  # the networks tell more
    found = [Finding("software", "ok", ", ".join(f"{name} {version}" for name, version in software.items()))]
    found += _models()
    for look in (_networks, _streams, _subscribers, _folders, _port):
        found += look(config)
    well = all(finding.state != "wrong" for finding in found)
    if options.json:
        print_json({"ok": well, "software": software, "findings": [finding._asdict() for finding in found]})
    else:
        for finding in found:
            print(f"{finding.state:<8} {finding.part}: {finding.message}")
    return 0 if well else 1


def _networks(config: AgentConfig) -> Iterator[Finding]:
    """Networks and maps, opened as the agent opens them."""
    from omni.agent.parts import MAP_PROBLEM, open_parts

    try:
        parts = open_parts(config)
    except OmniError as error:
        yield Finding("networks", "wrong", str(error))
        return
    for network in parts.networks.documents():
        nodes = ", ".join(f"{provider} ({count} nodes)" for provider, count in network["nodes"].items())
        yield Finding(network["role"], "ok", f"{network['model']} on {nodes}")
    for problem in parts.map_problems:
        yield Finding("map", "wrong", problem.removeprefix(MAP_PROBLEM))
    for name in parts.views:
        yield Finding("map", "ok", f"view {name!r}")


def _models() -> Iterator[Finding]:
    """Models whose files are not what was pulled, whether they are in use or not."""
    from omni.detect.models import check

    try:
        models = check()
    except OmniError as error:
        yield Finding("models", "wrong", str(error))
        return
    for model in models:
        if model.reason:
            yield Finding(f"model {model.name}", "wrong", model.reason)


def _streams(config: AgentConfig) -> Iterator[Finding]:
    if not config.enabled_streams:
        yield Finding("streams", "warning", "there are none; nothing is watched")
    for stream in config.enabled_streams:
        why = _why_closed(stream)
        yield Finding(f"stream {stream.label}", "wrong" if why else "ok", why or f"{stream.safe_url} can be opened")


def _why_closed(stream: StreamConfig) -> str:
    """Why a stream gives no pictures now; empty: it does."""
    import threading

    from omni.sources import open_source
    from omni.sources.diagnosis import diagnose

    if stream.live and "://" in stream.url:
        failure = diagnose(stream.url)
        return "" if failure is None else f"{stream.safe_url}: {failure.reason}"
    if stream.live:
        device = Path(f"/dev/video{stream.url}" if stream.url.isdecimal() else stream.url)
        return "" if device.exists() else f"{device}: no such device"
    try:
        open_source(stream, 0.0, threading.Event())
    except OmniError as error:
        return str(error).removeprefix(f"stream {stream.label}: ")
    return ""


def _subscribers(config: AgentConfig) -> Iterator[Finding]:
    known = {stream.stream_uuid for stream in config.streams}
    for subscriber in config.webhook_tracking_subscribers:
        unknown = [str(uuid) for uuid in subscriber.streams if uuid not in known]
        if unknown:
            message = f"is to be told of streams that there are not: {', '.join(unknown)}"
            yield Finding(f"webhook {subscriber.label}", "warning", message)


def _folders(config: AgentConfig) -> Iterator[Finding]:
    from omni.delivery.folder import Folder

    bounds = {"state": config.history.max_bytes, "outbox": config.delivery.max_bytes}
    for part, name in (("state", config.state_folder), ("outbox", config.delivery.directory)):
        folder = Path(str(name))
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Finding(part, "wrong", f"{folder}: {there} is no folder that can be written")
        elif free < bounds[part]:
            message = f"{folder}: {free >> 20} MiB free, and it may grow to {bounds[part] >> 20} MiB"
            yield Finding(part, "warning", message)
        else:
            yield Finding(part, "ok", f"{folder}: {free >> 20} MiB free")
    try:
        Folder(Path(str(config.delivery.directory))).check()
    except FolderInUseError:
        yield Finding("agent", "ok", "one runs with this configuration")


def _port(config: AgentConfig) -> Iterator[Finding]:
    from omni.service import free_port

    address = f"{config.http.host}:{config.http.port}"
    try:
        free_port(config.http.host, config.http.port)
    except PortInUseError:
        yield Finding("port", "warning", f"{address} is in use: by an agent that runs, or by another program")
    except OmniError as error:
        yield Finding("port", "wrong", str(error))
    else:
        yield Finding("port", "ok", f"{address} is free")
