"""Processes: what happened, from when to when, to whom (protocol, section 3)."""

from omni.process.builder import Ground, ProcessBuilder
from omni.process.events import events_of_end, stream_event
from omni.process.external import ExternalProcesses, Position
from omni.process.schema import (
    event_errors,
    events_schema,
    processes_schema,
    schema_errors,
    stream_errors,
    streams_schema,
)
from omni.process.shots import ShotSettings

__all__ = [
    "ExternalProcesses",
    "Ground",
    "Position",
    "ProcessBuilder",
    "ShotSettings",
    "event_errors",
    "events_of_end",
    "events_schema",
    "processes_schema",
    "schema_errors",
    "stream_errors",
    "stream_event",
    "streams_schema",
]
