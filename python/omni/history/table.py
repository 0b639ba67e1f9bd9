"""Processes as a table, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    "id", "type", "class", "action", "stream_uuid", "begin", "end", "finalized", "end_reason", "object_id", "parent",
    "profile", "region", "region_name", "direction", "name",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header() -> str:
    """The first line."""
    return _lines([COLUMNS])


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """One line a process, in the order of ``COLUMNS``. No text is a formula to a spreadsheet."""
    return _lines([_row(record) for record in records])


def _row(record: Mapping[str, Any]) -> tuple[Any, ...]:
    place = record.get("roi") or record.get("line") or {}
    row = (
        record["id"],
        record["type"],
        record["object"]["class"],
        record.get("action", ""),
        record["source"],
        *record["time_interval"],
        str(record["finalized"]).lower(),
        record.get("omni", {}).get("end_reason", ""),
        record["object"]["id"],
        record.get("parent", ""),
        record["object"].get("profile", {}).get("id", ""),
        place.get("uuid", ""),
        place.get("name", ""),
        record.get("direction", ""),
        record.get("name", ""),
    )
    return tuple(f"'{text}" if text.startswith(_FORMULA) else text for text in row)


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
