"""Processes: what happened, from when to when, to whom (protocol, section 3)."""

from omni.process.builder import ProcessBuilder
from omni.process.external import ExternalProcesses
from omni.process.schema import event_errors, events_schema, processes_schema, schema_errors

__all__ = [
    "ExternalProcesses",
    "ProcessBuilder",
    "event_errors",
    "events_schema",
    "processes_schema",
    "schema_errors",
]
