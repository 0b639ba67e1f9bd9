"""The members that every process has (protocol, section 3)."""

from __future__ import annotations

from typing import Any

from omni.process.clock import iso_instant

Moment = tuple[float, int]
"""Timestamp in epoch seconds, and number of the frame in the stream."""


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
        "time_interval": [iso_instant(first[0]), iso_instant(max(first[0], last[0]))],
        "frame_interval": [first[1], max(first[1], last[1])],
        "finalized": end_reason is not None,
        "numerical_id": number,
        "source": source,
        "object": object_,
        "omni": {} if end_reason is None else {"end_reason": end_reason},
    }
