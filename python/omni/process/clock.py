"""Instants as the protocol writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_instant(timestamp: float) -> str:
    """Unix epoch seconds -> ``2026-11-24T10:00:00.123Z`` (UTC, rounded to the millisecond)."""
    seconds, milliseconds = divmod(round(timestamp * 1000), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{milliseconds:03d}Z"
