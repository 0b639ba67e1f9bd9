"""What the two ways out, webhook and MQTT, have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One attempt: the message's id, its exact bytes, and what travels beside them (``omni-...``), text.

    ``log_id`` is its place in the log; 0: it is not in it.
    """

    webhook_id: str
    kind: str
    stream_uuid: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    log_id: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went.

    Attributes:
        failure: what went wrong, one line without secrets; empty: the receiver has it.
        kind: what the attempt is counted under: ``ok``, ``http_4xx``, ``timeout``, ``unreachable``, ...
        status: the HTTP status; None where there was none.
        answer: the start of the answer, for the dead letter.
        retry_after_s: the receiver asked to be left alone for so long.
        slow_down: the receiver has too much to do.
        gone: the receiver wants nothing more.
    """

    failure: str
    kind: str
    status: int | None = None
    answer: str = ""
    retry_after_s: float | None = None
    slow_down: bool = False
    gone: bool = False


class Channel(Protocol):
    """Sends to one endpoint. Lives in one event loop."""

    async def open(self) -> None:
        """Get ready; needs no receiver."""

    async def send(self, message: Outgoing) -> Outcome:
        """One attempt, bounded in time. Raises nothing."""

    async def close(self) -> None:
        """Leave."""
