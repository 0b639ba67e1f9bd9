"""Which processes are sent (``events.enable_activities``), and what receivers wait for the end of."""

from __future__ import annotations

from dataclasses import replace

from omni.types import ProcessMessage


class Activities:
    """Processes are sent, or are not any more: then what receivers know to be open still gets its end.

    Of one stream by one thread at a time; streams have no process in common.
    """

    def __init__(self) -> None:
        self._open: set[str] = set()

    def told(self, message: ProcessMessage, *, enabled: bool) -> ProcessMessage:
        """What is sent of a message: all of it, or its events and the ends that somebody waits for."""
        if enabled:
            self._open.update(process["id"] for process in message.processes)
        else:
            ends = tuple(p for p in message.processes if p["finalized"] and p["id"] in self._open)
            shots = {id_: shot for id_, shot in message.best_shots.items() if any(p["id"] == id_ for p in ends)}
            message = replace(message, processes=ends, best_shots=shots)
        self._open.difference_update(process["id"] for process in message.processes if process["finalized"])
        return message
