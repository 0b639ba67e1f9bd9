"""What the log is asked for and asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Pictures = Literal["none", "anonymous", "all"]
"""Which best shots may leave: none, those whose heads are unrecognisable, all."""


@dataclass(frozen=True, slots=True)
class Message:
    """One body of the log.

    Attributes:
        id: its place in the log, from 1; 0 for an ongoing message, which is not kept.
        webhook_id: the same on every attempt, to every endpoint.
        epoch: the agent's run that made it.
        kind: ``processes``, or what other types of subscribers get.
        reason: ``begin``, ``end``, ...
        stream_uuid: the stream.
        at: Unix epoch seconds at which it was published.
        body: the exact bytes.
    """

    id: int
    webhook_id: str
    epoch: str
    kind: str
    reason: str
    stream_uuid: str
    at: float
    body: bytes


@dataclass(frozen=True, slots=True)
class LaneKey:
    """One endpoint's queue of one stream."""

    endpoint: str
    kind: str
    stream_uuid: str


@dataclass(frozen=True, slots=True)
class LaneState:
    """Where a lane is: the last message acknowledged, attempts at the next one, how many it will never get."""

    acknowledged: int
    attempts: int
    gap: int


@dataclass(frozen=True, slots=True)
class Death:
    """Why a message was given up: ``cause``, attempts, the last HTTP status (None: no answer), the answer's start."""

    at: float
    cause: str
    attempts: int
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message of the log.

    Attributes:
        endpoint: whom it went to.
        message: the message's place in the log.
        sequence: its ``omni-sequence``; None where it had none (a replay).
        at: Unix epoch seconds at which it began.
        status: HTTP status; None: no answer.
        error: what went wrong; empty: it arrived.
        duration_ms: how long it took.
    """

    endpoint: str
    message: int
    sequence: int | None
    at: float
    status: int | None
    error: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters: all that fit what is given. ``since``, ``until``: given up then, Unix epoch seconds."""

    ids: Sequence[int] = ()
    endpoint: str | None = None
    since: float | None = None
    until: float | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL, and its values."""
        parts, values = ["1"], list[Any]()
        if self.ids:
            parts.append(f"id IN ({','.join('?' * len(self.ids))})")
            values += self.ids
        for column, value in (("endpoint =", self.endpoint), ("at >=", self.since), ("at <=", self.until)):
            if value is not None:
                parts.append(f"{column} ?")
                values.append(value)
        return " AND ".join(parts), values
