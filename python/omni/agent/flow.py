"""Where people were on a map in the last hour, how long, and which way they went."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from omni.types import MapState

CELL_M = 0.5
WINDOW_S = 3600
MINUTE_S = 60.0
MOST_CELLS = 60_000
"""Over all minutes; where there are more, the oldest minutes are given up."""

LONGEST_STEP_S = 1.0
"""What lies further apart than this tells nothing of the time between."""


@dataclass(slots=True)
class _Minute:
    start: float
    cells: dict[tuple[int, int], list[float]] = field(default_factory=dict)  # seconds, way in x and in y


class FlowMap:
    """Adds up the people of one map, cell by cell and minute by minute. Bounded in time and size. Not thread-safe.

    Args:
        metres_per_unit: of the map.
    """

    def __init__(self, metres_per_unit: float) -> None:
        self._cell = CELL_M / metres_per_unit
        self._minutes: deque[_Minute] = deque()
        self._newest: float | None = None
        self._size = 0

    def add(self, state: MapState) -> None:
        """Take what the map shows at one moment; moments that are not after the newest are left out.

        People who are only predicted count for nothing.
        """
        before, now = self._newest, state.timestamp
        if before is not None and now <= before:
            return
        self._newest = now
        if before is None or now - before > LONGEST_STEP_S:
            return
        minute = self._minute(now)
        for position, velocity, sources in zip(
            state.position.tolist(), state.velocity.tolist(), state.sources, strict=True
        ):
            if not sources:
                continue
            key = int(position[0] // self._cell), int(position[1] // self._cell)
            if key not in minute.cells:
                minute.cells[key] = [0.0, 0.0, 0.0]
                self._size += 1
            cell = minute.cells[key]
            cell[0] += now - before
            cell[1] += (now - before) * velocity[0]
            cell[2] += (now - before) * velocity[1]
        while self._size > MOST_CELLS and len(self._minutes) > 1:
            self._forget_oldest()

    def snapshot(self) -> FlowMap:
        """As it is now, to be read while this one goes on: only the newest minute is still written."""
        taken = copy(self)
        taken._minutes = deque(self._minutes)
        if taken._minutes:
            newest = taken._minutes.pop()
            cells = {key: list(values) for key, values in newest.cells.items()}
            taken._minutes.append(_Minute(newest.start, cells))
        return taken

    def document(self, window_s: float = WINDOW_S) -> dict[str, Any]:
        """The last ``window_s`` seconds before the newest moment, in whole minutes.

        Returns:
            ``cell``: the side of a cell, map units; ``cells``: each ``x``, ``y`` (its middle, map units), ``seconds``
            that people were in it, all together, and ``dx``, ``dy``: the way that they went meanwhile, map units.
        """
        since = (self._newest or 0.0) - window_s
        total: dict[tuple[int, int], list[float]] = {}
        for minute in self._minutes:
            if minute.start + MINUTE_S <= since:
                continue
            for key, values in minute.cells.items():
                sums = total.setdefault(key, [0.0, 0.0, 0.0])
                for i, value in enumerate(values):
                    sums[i] += value
        return {
            "cell": self._cell,
            "cells": [
                {
                    "x": round((x + 0.5) * self._cell, 4),
                    "y": round((y + 0.5) * self._cell, 4),
                    "seconds": round(seconds, 2),
                    "dx": round(dx, 3),
                    "dy": round(dy, 3),
                }
                for (x, y), (seconds, dx, dy) in total.items()
            ],
        }

    def _minute(self, now: float) -> _Minute:
        start = now - now % MINUTE_S
        if not self._minutes or self._minutes[-1].start != start:
            self._minutes.append(_Minute(start))
            while self._minutes[0].start + MINUTE_S <= now - WINDOW_S:
                self._forget_oldest()
        return self._minutes[-1]

    def _forget_oldest(self) -> None:
        self._size -= len(self._minutes.popleft().cells)
