"""The answer of ``GET /map_tracking``, made at most once a tick."""

from __future__ import annotations

from collections.abc import Sequence

from omni.service.serialize import to_json
from omni.types import MapTick


class MapBody:
    """Keeps the text of the latest ticks for everybody who asks before the next one."""

    def __init__(self) -> None:
        self._key: tuple[tuple[str, int], ...] | None = None
        self._text = ""

    def text(self, ticks: Sequence[MapTick]) -> str:
        """``{"views": {name: view}}`` (protocol, section 1); no ticks: no views."""
        key = tuple((tick.name, tick.sequence) for tick in ticks)
        if key != self._key:
            self._text = to_json({"views": {tick.name: tick.document for tick in ticks}})
            self._key = key
        return self._text
