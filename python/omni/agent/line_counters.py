"""How often the lines of an agent's configuration are crossed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from omni.config import AgentConfig
from omni.errors import UnknownLineError
from omni.regions import LineCount, LineCounts
from omni.types import RegionEvent


class LineCounters:
    """The counters of the lines that are configured now; those of lines that went stay in the file.

    Args:
        config: names the lines, and the state folder that holds their counters.
        counting: False: crossings are not counted, every counter stays at nought.

    Raises:
        StateError: the state folder cannot be used.
    """

    def __init__(self, config: AgentConfig, *, counting: bool) -> None:
        self._counting = counting
        self._counts = LineCounts(config.state_folder) if counting and config.mutlistream_ROI.lines else None
        self._names = _names(config)

    def change(self, config: AgentConfig, counts: LineCounts | None) -> None:
        """Go on with the lines of another configuration; ``counts`` is for counters that had no lines so far."""
        self._names = _names(config)
        if self._counting:
            self._counts = self._counts or counts

    @property
    def problem(self) -> str:
        """Why crossings are not in the file; empty when they are."""
        return "" if self._counts is None else self._counts.problem

    def add(self, event: RegionEvent) -> None:
        """Count the event, if it is the crossing of a line."""
        if self._counts is not None and event.kind in ("forward", "reverse"):
            self._counts.add(event.region_uuid, event.kind, (event.after or event.last).timestamp)

    def read(self) -> list[dict[str, Any]]:
        """Each line: ``uuid``, ``name``, ``forward``, ``reverse``, ``since`` (Unix epoch seconds; None: never)."""
        counts = self._counts
        return [
            {"uuid": uuid, "name": name, **asdict(LineCount() if counts is None else counts.get(uuid))}
            for uuid, name in self._names.items()
        ]

    def reset(self, line_uuid: str, now: float) -> None:
        """Begin at nought, at ``now`` (Unix epoch seconds).

        Raises:
            UnknownLineError: no such line.
            StateError: the file cannot be written.
        """
        if self._counts is None or line_uuid not in self._names:
            raise UnknownLineError(f"no line has the uuid {line_uuid}; GET /api/v1/lines lists them")
        self._counts.reset(line_uuid, now)


def _names(config: AgentConfig) -> dict[str, str]:
    return {str(line.uuid): line.name for line in config.mutlistream_ROI.lines}
