"""``force_track_termination_on_lost_event``: who is not seen any more has ended, and who comes back is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from omni.types import Tracks


class TerminationOnLost:
    """Cuts the tracks of one stream where the tracker lost them. Not thread-safe."""

    def __init__(self) -> None:
        self._lost: set[int] = set()
        self._since: dict[int, float] = {}  # came back: when

    def apply(self, tracks: Tracks, lost: Iterable[int], removed: Iterable[int]) -> tuple[Tracks, list[int]]:
        """One frame.

        Args:
            tracks: those that the frame supports.
            lost: ids of those that it does not, which the tracker may find again.
            removed: ids of those that the tracker gave up.

        Returns:
            The tracks, each first seen when it came back last; and the ids of those that have ended with this frame.
        """
        lost, removed = set(lost), set(removed)
        gone = (lost | removed) - self._lost
        self._since |= dict.fromkeys(self._lost.intersection(tracks.track_id.tolist()), tracks.timestamp)
        self._lost = lost
        for track_id in removed:
            self._since.pop(track_id, None)
        own = tracks.first_timestamp.tolist()
        first = [self._since.get(i, at) for i, at in zip(tracks.track_id.tolist(), own, strict=True)]
        return replace(tracks, first_timestamp=np.array(first, np.float64)), sorted(gone)
