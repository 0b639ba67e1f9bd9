"""The regions and lines of one stream."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from omni import _core
from omni.config import RegionConfig
from omni.errors import ConfigError
from omni.types import FACE_CLASS, Frame, RegionEvent, RegionEventKind, Sight, Tracks

_KINDS: tuple[RegionEventKind, ...] = ("entry", "exit", "forward", "reverse")


class RegionMonitor:
    """Watches the people of one stream by one point of each: the middle of the lower edge of the body. Not thread-safe.

    Of whom only the face is seen, it is the middle of that, until the body is seen: they begin anew by its feet, and
    from then on the face says nothing.

    Args:
        regions: the regions and lines of the stream.
        inertia_frames: frames in a row before somebody is believed to be inside or outside.

    Raises:
        ConfigError: a polygon or a direction that cannot be used; the message names the region and what is wrong.
    """

    def __init__(self, regions: Sequence[RegionConfig], inertia_frames: int) -> None:
        self._regions = list(regions)
        self._by_body: set[int] = set()
        self._by_face: set[int] = set()
        self._core = _core.RegionMonitor([_region(region) for region in regions], inertia_frames=inertia_frames)

    def update(self, frame: Frame, tracks: Tracks, gone: Iterable[int]) -> list[RegionEvent]:
        """What one frame brings. Predicted boxes are no evidence; who is not seen stays where they were.

        Args:
            frame: the frame; its timestamp must be after that of the update before.
            tracks: confirmed tracks seen in it.
            gone: ids of tracks that ended with this frame.
        """
        if not self._regions:
            return []
        is_face = tracks.class_id == FACE_CLASS
        revealed = self._revealed(tracks.track_id[~is_face].tolist())
        seen = (tracks.detection_index >= 0) & ~(is_face & np.isin(tracks.track_id, list(self._by_body)))
        self._by_face.update(tracks.track_id[seen & is_face].tolist())
        xyxy = tracks.xyxy[seen].astype(np.float64)
        size = np.array(frame.size, np.float64)
        lowest = np.where(is_face[seen], xyxy[:, 1::2].mean(1), xyxy[:, 3])
        points = np.column_stack([xyxy[:, ::2].mean(1), lowest]) / size
        heights = (xyxy[:, 3] - xyxy[:, 1])[:, None] / size
        happened = self._core.update(
            tracks.track_id[seen],
            points,
            np.maximum(heights, 1e-6),
            timestamp=frame.timestamp,
            frame=frame.index,
        )
        gone = list(gone)
        ended = self._core.forget(np.array(gone, np.int64))
        self._by_body.difference_update(gone)
        self._by_face.difference_update(gone)
        return [*revealed, *self._events(*happened), *self._events(*ended)]

    def stays(self) -> list[RegionEvent]:
        """Who is inside now: their entries, with the latest sight inside as ``last``."""
        return list(self._events(*self._core.stays()))

    def change(self, regions: Sequence[RegionConfig], inertia_frames: int) -> list[RegionEvent]:
        """Go on with other regions. Who is in one that is the same, but for its name, stays in it.

        Returns:
            What the end of those that are gone brings: exits, and crossings that only waited to be believed.

        Raises:
            ConfigError: a polygon or a direction that cannot be used; nothing is changed.
        """
        places = {_without_name(region): i for i, region in enumerate(self._regions)}
        kept = [places.get(_without_name(region)) for region in regions]
        happened = self._core.replace([_region(region) for region in regions], kept, inertia_frames=inertia_frames)
        events = list(self._events(*happened))
        self._regions = list(regions)
        return events

    def finish(self) -> list[RegionEvent]:
        """All tracks have ended: exits, and crossings that only waited to be believed. Time may begin anew."""
        self._by_body.clear()
        self._by_face.clear()
        return list(self._events(*self._core.forget_all()))

    def _revealed(self, bodies: list[int]) -> list[RegionEvent]:
        """Whose body is seen for the first time after the face: what they were in ends, a step to the feet is none."""
        self._by_body.update(bodies)
        shown = self._by_face.intersection(bodies)
        self._by_face -= shown
        return list(self._events(*self._core.forget(np.array(sorted(shown), np.int64)))) if shown else []

    def _events(self, kinds: object, regions: object, tracks: object, sights: object) -> Iterable[RegionEvent]:
        columns = (np.asarray(column).tolist() for column in (kinds, regions, tracks, sights))
        for kind, region, track_id, (before, entered, last, after) in zip(*columns, strict=True):
            yield RegionEvent(
                kind=_KINDS[kind],
                region_uuid=str(self._regions[region].uuid),
                region_name=self._regions[region].name,
                track_id=track_id,
                before=_sight_or_none(before),
                entered=_sight(entered),
                last=_sight(last),
                after=_sight_or_none(after),
            )


def _sight(row: list[float]) -> Sight:
    x, y, timestamp, frame = row
    return Sight(x, y, timestamp, int(frame))


def _without_name(region: RegionConfig) -> RegionConfig:
    return region.model_copy(update={"name": ""})


def _sight_or_none(row: list[float]) -> Sight | None:
    return None if math.isnan(row[0]) else _sight(row)


def check_regions(regions: Sequence[RegionConfig]) -> None:
    """Refuse all polygons and directions that cannot be used, of a whole configuration.

    Raises:
        ConfigError: names each region and what is wrong.
    """
    wrong = []
    for i, region in enumerate(regions):
        try:
            _region(region)
        except ConfigError as error:
            wrong.append((f"/mutlistream_ROI/regions/{i}", str(error)))
    if wrong:
        raise ConfigError("; ".join(message for _, message in wrong), wrong)


def _region(region: RegionConfig) -> _core.Region:
    trigger = region.trigger_settings
    direction = None if trigger is None else (trigger.direction.x, trigger.direction.y)
    points = np.array([(corner.x, corner.y) for corner in region.points], np.float64)
    try:
        return _core.Region(points, presence=region.presence, direction=direction)
    except ValueError as error:
        raise ConfigError(f"mutlistream_ROI: region {region.name!r}: {error}") from None
