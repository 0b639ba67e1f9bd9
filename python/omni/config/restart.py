"""Which settings a running agent cannot change: the one list of them."""

from __future__ import annotations

from omni.config.agent import AgentConfig

NEEDS_RESTART = (
    "/http/host",
    "/http/port",
    "/http/map_tracking_path",
    "/state_folder",
    "/history/enabled",
    "/delivery/directory",
)
"""JSON pointers: the address that is listened on, and files that stay open."""


def needs_restart(path: str) -> bool:
    """Whether what a JSON pointer names takes effect at the next start only."""
    return any(path == setting or path.startswith(f"{setting}/") for setting in NEEDS_RESTART)


def without_restart(running: AgentConfig, proposed: AgentConfig) -> AgentConfig:
    """The proposed configuration with what needs a restart as it runs."""
    http = {name: getattr(running.http, name) for name in ("host", "port", "map_tracking_path")}
    return proposed.model_copy(
        update={
            "http": proposed.http.model_copy(update=http),
            "state_folder": running.state_folder,
            "history": proposed.history.model_copy(update={"enabled": running.history.enabled}),
            "delivery": proposed.delivery.model_copy(update={"directory": running.delivery.directory}),
        }
    )
