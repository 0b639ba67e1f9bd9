"""Instants as the protocol writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_instant(timestamp: float) -> str:
    """Unix epoch seconds -> ``2026-11-24T10:00:00.123Z`` (UTC, rounded to the millisecond)."""
    milliseconds = round(timestamp * 1000)
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
