"""How the agent is doing, as one document for the status call and the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from omni.types import StreamStatus

if TYPE_CHECKING:
    from omni.agent import Agent


def status_document(agent: Agent, now: float) -> dict[str, Any]:
    """Streams, statistics and problems.

    Args:
        agent: whose.
        now: Unix epoch seconds.
    """
    return {
        "timestamp": now,
        "streams": [_stream(agent, status, now) for status in agent.streams()],
        "stats": agent.stats(),
        "problems": agent.problems(),
    }


def readiness(agent: Agent) -> tuple[bool, list[str], list[str]]:
    """Whether the agent does its work, the reasons when not, and warnings when it does only part of it.

    It is ready while at least one stream is analysed (or has been to its end), or none is configured.
    """
    streams = agent.streams()
    ready = not streams or any(status.state in ("online", "degraded", "ended") for status in streams)
    problems = agent.problems()
    return (True, [], problems) if ready else (False, problems, [])


def _stream(agent: Agent, status: StreamStatus, now: float) -> dict[str, Any]:
    latest = agent.latest(status.stream_uuid)
    lag_s = None if latest is None else round(now - latest.frame.timestamp, 3)
    return {**asdict(status), "lag_s": lag_s}
