"""Which settings a running agent cannot change: the one list of them."""

from __future__ import annotations

from typing import Any

from omni.config.agent import AgentConfig

NEEDS_RESTART = (
    "/http/host",
    "/http/port",
    "/http/map_tracking_path",
    "/http/names",
    "/http/open_endpoints",
    "/state_folder",
    "/history/enabled",
    "/delivery/directory",
    "/detector/threads",
)
"""JSON pointers: where the service listens and who may reach it, files that stay open, how many workers there are."""


def needs_restart(path: str) -> bool:
    """Whether what a JSON pointer names takes effect at the next start only."""
    return any(path == setting or path.startswith(f"{setting}/") for setting in NEEDS_RESTART)


def without_restart(running: AgentConfig, proposed: AgentConfig) -> AgentConfig:
    """The proposed configuration with what needs a restart as it runs."""
    kept: dict[str, Any] = {}
    for path in NEEDS_RESTART:
        section, _, name = path[1:].partition("/")
        value = getattr(running, section)
        if name:
            value = kept.get(section, getattr(proposed, section)).model_copy(update={name: getattr(value, name)})
        kept[section] = value
    return proposed.model_copy(update=kept)
