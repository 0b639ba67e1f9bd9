"""The fuser of one map and its settings."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from omni import _core
from omni._arrays import FLOAT32, FLOAT64, INT64, rows, settings, typed
from omni.fusion.homography import Homography
from omni.types import Detections, Float32, Float64, Int64, MapState, Tracks

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionConfig:
    """Settings of a ``MapFuser``, in metres and seconds whatever the unit of the map.

    Attributes:
        metres_per_unit: length of one unit of the map.
        minimum_confidence: detections below it are not used; tracks always are.
        birth_confidence: least confidence of a detection that puts a new person on the map; any track may.
        detection: how often a camera finds somebody in full view, as a share of its pictures.
        pixel_noise: standard deviation of a box's middle, top and bottom, as a share of its height.
        floor_noise_m: standard deviation of the calibration on the floor.
        confirm_seconds: a person is reported once seen for so long, and at least twice; at once where several cameras
            agree.
        coast_seconds: a person whom no camera sees is still reported for so long, if they are in the picture of one,
        lost_seconds: and still known for so long.
        merge_distance_m: two people nearer than this whom no camera sees as two are one, and nobody new comes up so
            near to another.
        late_seconds: frames that come later than the newest by no more than this are used, where they belong; the
            others are dropped and counted.
    """

    metres_per_unit: float = 1.0
    minimum_confidence: float = 0.4
    birth_confidence: float = 0.6
    detection: float = 0.85
    pixel_noise: float = 0.05
    floor_noise_m: float = 0.1
    confirm_seconds: float = 0.15
    coast_seconds: float = 1.0
    lost_seconds: float = 2.5
    merge_distance_m: float = 0.6
    late_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class CameraOffset:
    """How far one camera's floor lies off that of the others, as the people show it whom it shares with them.

    The fuser corrects for it; it is told so that the calibration can be mended.

    Attributes:
        place: (2,) where the offset holds, map units.
        offset: (2,) what the camera's own places have too much there, map units; the mean over all cameras is 0.
        sigma: (2,) its standard deviation along the two axes, map units.
        delay_s: how much later its frames are than their times say, in seconds.
        residuals: how many places of people seen by several cameras it rests on.
    """

    place: Float64
    offset: Float64
    sigma: Float64
    delay_s: float
    residuals: int


class MapFuser:
    """Places the people of many cameras on one map by their boxes. Thread-safe.

    A homography with an image size tells how tall a person looks at each place, so that a box whose feet are hidden
    still says where somebody stands. Without an image size, and where the tops of a camera's boxes do not agree with
    their feet, the feet alone are used; without an image size it is not known either whom the camera should see.

    Args:
        cameras: for each stream its way to the map.
        config: settings.

    Raises:
        ValueError: a setting is out of range; the message names it.
        TypeError: a setting, or one of the arguments, is of another type.
    """

    def __init__(self, cameras: Mapping[str, Homography], config: FusionConfig | None = None) -> None:
        config = settings(config, FusionConfig)
        self._core = _core.MapFuser(**asdict(config))
        self._metres_per_unit = config.metres_per_unit
        self._adding = threading.Lock()
        self._names: list[str] = []  # of the cameras, by their numbers; the core reads it too
        # Never changed but replaced, so that whoever goes through it is not disturbed.
        self._numbers: dict[str, int] = {}
        for stream_uuid, homography in _by_stream("cameras", cameras).items():
            self.set_camera(stream_uuid, homography)

    def set_camera(self, stream_uuid: str, homography: Homography, visible_area: npt.ArrayLike | None = None) -> None:
        """Add a camera, or replace its homography and area; people and ids are kept, what was learned of it is not.

        Args:
            stream_uuid: whose camera.
            homography: its way to the map.
            visible_area: (N >= 3, 2) corners of a polygon on the map, map units. Boxes that stand outside of it, by the
                middle of their lower edge, are not used, and nobody is missed by this camera there.

        Raises:
            ValueError: an area with too few corners, without an extent, or whose edges cross or touch.
            TypeError: an argument is of another type.
        """
        if not isinstance(homography, Homography):
            raise TypeError(f"homography of {stream_uuid}: expected omni.Homography, got {type(homography).__name__}")
        with self._adding:
            number = self._numbers.get(stream_uuid, len(self._names))
            try:
                area = None if visible_area is None else rows("visible_area", visible_area, 2, FLOAT64)
                self._core.set_camera(number, homography._core, area)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{stream_uuid}: {error}") from None
            if number == len(self._names):
                self._names.append(stream_uuid)
            self._numbers = {**self._numbers, stream_uuid: number}

    @property
    def dropped_frames(self) -> dict[str, int]:
        """For each stream, how many of its frames came more than ``late_seconds`` late."""
        return {stream_uuid: self._core.dropped_frames(number) for stream_uuid, number in self._numbers.items()}

    @property
    def offsets(self) -> dict[str, CameraOffset]:
        """For each stream that shares people with others, how far it lies off them."""
        offsets = {}
        for stream_uuid, number in self._numbers.items():
            if (found := self._core.offset(number)) is not None:
                *vectors, delay_s, residuals = found
                place, offset, sigma = (np.array(vector) / self._metres_per_unit for vector in vectors)
                offsets[stream_uuid] = CameraOffset(place, offset, sigma, delay_s, residuals)
        return offsets

    def update(
        self,
        observations: Mapping[str, Tracks | Detections],
        *,
        timestamp: float,
        timestamps: Mapping[str, float] | None = None,
    ) -> MapState:
        """Take in what streams saw. A refused update leaves the fuser as it was.

        Frames that are older than the newest time so far, or than ``timestamp``, but not by more than ``late_seconds``,
        are used where they belong; older ones are dropped and counted (``dropped_frames``).

        Args:
            observations: for each stream its tracks or detections. Ids of tracks help to keep people apart where frames
                are near in time; below 0: none. A stream left out says nothing, one with no boxes saw nobody.
            timestamp: seconds, for which the map is told if it is the newest time so far.
            timestamps: for each stream the time of its frame, at most ``timestamp``; that where left out. The times of
                one stream increase.

        Returns:
            Everybody on the map at the newest time so far: seen then, or within ``coast_seconds`` if a camera may still
                have them in its picture.

        Raises:
            ValueError: a stream without homography, wrong boxes, or the time of a stream does not increase.
            TypeError: not tracks or detections.
        """
        _by_stream("observations", observations)
        times = {} if timestamps is None else _by_stream("timestamps", timestamps)
        if unknown := times.keys() - observations.keys():
            raise ValueError(f"timestamps: expected streams of the observations, got {sorted(unknown)}")
        boxes = [self._boxes(name, times.get(name, timestamp), seen) for name, seen in observations.items()]
        columns = self._core.update(boxes, timestamp, self._names)
        newest, object_id, position, velocity, covariance, score, age_s, sources = columns
        return MapState(newest, object_id, position, velocity, covariance, score, sources, age_s)

    def _boxes(
        self, stream_uuid: str, timestamp: float, seen: Tracks | Detections
    ) -> tuple[int, float, Float32, Float32, Int64 | None]:
        number = self._numbers.get(stream_uuid)
        if number is None:
            known = ", ".join(self._numbers) or "none"
            raise ValueError(f"observations: expected streams with a homography ({known}), got {stream_uuid!r}")
        if not isinstance(seen, Tracks | Detections):
            raise TypeError(f"{stream_uuid}: expected omni Tracks or Detections, got {type(seen).__name__}")
        try:
            return (
                number,
                timestamp,
                rows("xyxy", seen.xyxy, 4, FLOAT32),
                typed("confidence", seen.confidence, FLOAT32),
                typed("track_id", seen.track_id, INT64) if isinstance(seen, Tracks) else None,
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"{stream_uuid}: {error}") from None


def _by_stream(name: str, value: Mapping[str, Value]) -> Mapping[str, Value]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a mapping from stream_uuid, got {type(value).__name__}")
    return value
