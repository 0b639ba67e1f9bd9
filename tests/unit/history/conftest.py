"""Records as the agent makes them, and a history in a folder of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from omni.history import History, Shots
from omni.process.clock import iso_instant
from omni.types import ProcessMessage

T0 = 1_700_000_000.0
STREAM = "6f1c7c1e-0000-4000-8000-000000000001"
LINE = "6f1c7c1e-0000-4000-8000-000000000002"
REGION = "6f1c7c1e-0000-4000-8000-000000000003"

Make = Callable[..., History]


def uuid(number: int) -> str:
    return str(UUID(int=number))


def record(
    number: int, begin_s: float = 0.0, length_s: float = 10.0, *, open_: bool = False, **own: Any
) -> dict[str, Any]:
    """The human process of person ``number``; ``own`` members go over it. Times in seconds after ``T0``."""
    return {
        "id": uuid(number),
        "type": "track",
        "time_interval": [iso_instant(T0 + begin_s), iso_instant(T0 + begin_s + length_s)],
        "frame_interval": [0, 10],
        "finalized": not open_,
        "numerical_id": number,
        "source": STREAM,
        "object": {"id": uuid(1000 + number), "class": "human"},
        "omni": {} if open_ else {"end_reason": "left"},
        **own,
    }


def body(number: int, of: int, **own: Any) -> dict[str, Any]:
    return record(number, parent=uuid(of), object={"id": uuid(2000 + number), "class": "body"}, **own)


def crossing(number: int, of: int, at_s: float, direction: str = "forward") -> dict[str, Any]:
    own = {
        "parent": uuid(of),
        "action": "line_crossing",
        "line": {"uuid": LINE, "name": "=door"},
        "direction": direction,
    }
    return record(number, at_s - 1, 1, type="action", **own)


def stay(number: int, begin_s: float, length_s: float) -> dict[str, Any]:
    own = {"action": "roi_presence", "roi": {"uuid": REGION, "name": "till"}}
    return record(number, begin_s, length_s, type="action", **own)


def message(
    *records: dict[str, Any], reason: str = "end", shots: dict[str, np.ndarray] | None = None
) -> ProcessMessage:
    return ProcessMessage(reason, STREAM, T0, records, shots or {})


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Make]:
    """Makes and starts a history in the test's folder."""
    made: list[History] = []

    def make(*, shots: Shots | None = None, days: float = 30.0, max_bytes: int = 1 << 30, now: float = T0) -> History:
        new = History(tmp_path, retention_days=days, max_bytes=max_bytes, shots=shots, clock=lambda: now)
        new.start()
        made.append(new)
        return new

    yield make
    for one in made:
        one.stop()
