"""The members that every process has (protocol, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from omni.process.clock import iso_instant


@dataclass(frozen=True, slots=True)
class Moment:
    """When: epoch seconds, number of the frame in the stream, and the former as text, which is made once."""

    timestamp: float
    frame: int
    text: str

    @classmethod
    def at(cls, timestamp: float, frame: int) -> Self:
        return cls(timestamp, frame, iso_instant(timestamp))


def base_record(
    id_: str,
    type_: str,
    number: int,
    source: str,
    object_: dict[str, Any],
    first: Moment,
    last: Moment,
    end_reason: str | None,
) -> dict[str, Any]:
    """A process without its own members; finalized where there is an ``end_reason``, which is then in ``omni``."""
    return {
        "id": id_,
        "type": type_,
        "time_interval": [first.text, last.text],
        "frame_interval": [first.frame, last.frame],
        "finalized": end_reason is not None,
        "numerical_id": number,
        "source": source,
        "object": object_,
        "omni": {} if end_reason is None else {"end_reason": end_reason},
    }
