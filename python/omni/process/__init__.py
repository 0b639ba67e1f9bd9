"""Processes: what happened, from when to when, to whom (protocol, section 3)."""

from omni.process.builder import ProcessBuilder
from omni.process.external import ExternalProcesses
from omni.process.schema import processes_schema, schema_errors

__all__ = ["ExternalProcesses", "ProcessBuilder", "processes_schema", "schema_errors"]
