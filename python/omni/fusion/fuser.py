"""The fuser of one map and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from omni import _core
from omni._arrays import contiguous
from omni.fusion.homography import Homography
from omni.types import Detections, Float32, Int64, MapState, Tracks


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionConfig:
    """Settings of a ``MapFuser``, in metres and seconds whatever the unit of the map.

    Attributes:
        metres_per_unit: length of one unit of the map.
        minimum_confidence: detections below it are not used; tracks always are.
        birth_confidence: least confidence of a detection that puts a new person on the map; any track may.
        pixel_noise: standard deviation of a box's bottom centre, as a share of the box's height.
        floor_noise_m: standard deviation of the calibration on the floor.
        confirm_seconds: a person is reported once seen for so long, and at least twice.
        coast_seconds: a person whom no camera sees is still reported for so long
        lost_seconds: and still known for so long.
        merge_distance_m: two people nearer than this whom no camera sees as two are one.
    """

    metres_per_unit: float = 1.0
    minimum_confidence: float = 0.4
    birth_confidence: float = 0.6
    pixel_noise: float = 0.05
    floor_noise_m: float = 0.1
    confirm_seconds: float = 0.15
    coast_seconds: float = 1.0
    lost_seconds: float = 2.5
    merge_distance_m: float = 0.5


class MapFuser:
    """Places the people of many cameras on one map by where their boxes touch the floor. Thread-safe.

    Args:
        cameras: for each stream its way to the map.
        config: settings.

    Raises:
        ValueError: a setting is out of range; the message names it.
    """

    def __init__(self, cameras: Mapping[str, Homography], config: FusionConfig | None = None) -> None:
        self._core = _core.MapFuser(**asdict(config or FusionConfig()))
        self._numbers: dict[str, int] = {}
        for stream_uuid, homography in cameras.items():
            self.set_camera(stream_uuid, homography)

    def set_camera(self, stream_uuid: str, homography: Homography) -> None:
        """Add a camera, or replace its homography; people and their ids are kept."""
        if not isinstance(homography, Homography):
            raise TypeError(f"homography of {stream_uuid}: expected omni.Homography, got {type(homography).__name__}")
        self._core.set_camera(self._numbers.setdefault(stream_uuid, len(self._numbers)), homography._core)

    def update(self, observations: Mapping[str, Tracks | Detections], *, timestamp: float) -> MapState:
        """Take in what the streams saw at one time. A refused update leaves the fuser as it was.

        Args:
            observations: for each stream its tracks or detections; ids of tracks help to keep people apart. A stream
                left out says nothing, one with no boxes saw nobody.
            timestamp: seconds, more than that of the update before.

        Returns:
            Everybody on the map: seen now, or within ``coast_seconds``.

        Raises:
            ValueError: a stream without homography, wrong boxes, or the time does not increase.
            TypeError: not tracks or detections.
        """
        columns = self._core.update(
            [self._boxes(stream_uuid, seen) for stream_uuid, seen in observations.items()], timestamp
        )
        object_id, position, velocity, covariance, score, age_s, links = columns
        names = list(self._numbers)
        sources: tuple[dict[str, int], ...] = tuple({} for _ in object_id)
        for row, camera, index in links.tolist():
            sources[row][names[camera]] = index
        return MapState(timestamp, object_id, position, velocity, covariance, score, sources, age_s)

    def _boxes(self, stream_uuid: str, seen: Tracks | Detections) -> tuple[int, Float32, Float32, Int64 | None]:
        if stream_uuid not in self._numbers:
            known = ", ".join(self._numbers) or "none"
            raise ValueError(f"observations: expected streams with a homography ({known}), got {stream_uuid!r}")
        if not isinstance(seen, Tracks | Detections):
            raise TypeError(f"{stream_uuid}: expected omni Tracks or Detections, got {type(seen).__name__}")
        return (
            self._numbers[stream_uuid],
            contiguous("xyxy", seen.xyxy, np.float32),
            contiguous("confidence", seen.confidence, np.float32),
            contiguous("track_id", seen.track_id, np.int64) if isinstance(seen, Tracks) else None,
        )
