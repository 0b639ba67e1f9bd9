"""What became of messages, attempt by attempt: questions to the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rows = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with its values and gives all rows."""

_TRIED = "SELECT message FROM attempt WHERE endpoint = ? GROUP BY message ORDER BY MAX(id) DESC LIMIT ?"
_DEAD = "SELECT message FROM dead WHERE endpoint = ? ORDER BY id DESC LIMIT ?"
_WAITING = (
    "SELECT m.id FROM lane JOIN message m ON m.kind = lane.kind AND m.stream = lane.stream AND m.id > acknowledged"
    " WHERE endpoint = ? ORDER BY m.id DESC LIMIT ?"
)
_STATE = (
    "SELECT m.webhook_id, m.stream, m.reason, m.at,"
    " EXISTS (SELECT 1 FROM dead WHERE endpoint = ? AND message = m.id),"
    " EXISTS (SELECT 1 FROM lane WHERE endpoint = ? AND kind = m.kind AND stream = m.stream AND acknowledged < m.id)"
    " FROM message m WHERE m.id = ?"
)
_ATTEMPTS = (
    "SELECT sequence, at, status, error, duration_ms FROM attempt WHERE endpoint = ? AND message = ? ORDER BY id"
)


def deliveries(rows: Rows, endpoint: str, limit: int) -> list[dict[str, Any]]:
    """Messages for one endpoint, the newest first: those tried last, those given up, then those that wait.

    Returns:
        At most ``limit``, each ``id``, ``sequence``, ``stream``, ``reason``, ``created``, ``state`` (``waiting``,
        ``delivered``, ``dead``: also when its letter was purged) and ``attempts``: each ``at``, ``status``, ``error``,
        ``duration_ms``.
    """
    places: dict[int, None] = {}
    for question in (_TRIED, _DEAD, _WAITING):
        places |= dict.fromkeys(place for (place,) in rows(question, endpoint, limit))
    chosen = sorted(list(places)[:limit], reverse=True)
    return [
        _delivery(rows, endpoint, place, *row) for place in chosen for row in rows(_STATE, endpoint, endpoint, place)
    ]


def _delivery(
    rows: Rows, endpoint: str, place: int, id_: str, stream: str, reason: str, created: float, dead: int, waits: int
) -> dict[str, Any]:
    attempts = rows(_ATTEMPTS, endpoint, place)
    numbers = [attempt[0] for attempt in attempts if attempt[0] is not None]
    failed = bool(attempts) and attempts[-1][3] != ""  # given up and purged, or its endpoint was away for a while
    return {
        "id": id_,
        "sequence": numbers[-1] if numbers else None,
        "stream": stream,
        "reason": reason,
        "created": created,
        "state": "waiting" if waits and not dead else "dead" if dead or failed else "delivered",
        "attempts": [dict(zip(("at", "status", "error", "duration_ms"), row[1:], strict=True)) for row in attempts],
    }
