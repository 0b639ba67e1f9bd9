"""What is told: crossings, the map, how streams are doing, processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from omni.types.seen import Detections, Float32, Float64, Frame, Int64, Tracks, UInt8

RegionEventKind = Literal["entry", "exit", "forward", "reverse"]


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a person stood in one frame: ``x``, ``y`` relative to the picture, seconds, number of the frame."""

    x: float
    y: float
    timestamp: float
    frame: int


@dataclass(frozen=True, slots=True)
class RegionEvent:
    """Somebody is in a region, is no more, or came through a line.

    Attributes:
        kind: ``entry``, ``exit``; of lines ``forward`` (along its direction), ``reverse``.
        region_uuid: the region or line.
        region_name: its name.
        track_id: whose track.
        before: the last sight before the border was passed inwards; None where the track began inside.
        entered: the first sight after that.
        last: the last sight before the border was passed outwards; of an entry the latest.
        after: the first sight after that; None while inside, and where the track ended inside.
    """

    kind: RegionEventKind
    region_uuid: str
    region_name: str
    track_id: int
    before: Sight | None
    entered: Sight
    last: Sight
    after: Sight | None


@dataclass(frozen=True, slots=True)
class MapState:
    """People on one map at one time, M of them.

    Attributes:
        timestamp: seconds.
        object_id: (M,) int64, from 1, stable over time, unrelated to track ids.
        position: (M, 2) float64 in map units.
        velocity: (M, 2) float64 in map units per second.
        covariance: (M, 2, 2) float64 of the position, map units squared.
        score: (M,) float64, mean confidence of the sources.
        sources: for each object ``{stream_uuid: index into what that stream gave}``; empty while it is only predicted.
        age_s: (M,) float64 seconds since the object was first seen.
    """

    timestamp: float
    object_id: Int64
    position: Float64
    velocity: Float64
    covariance: Float64
    score: Float64
    sources: tuple[Mapping[str, int], ...]
    age_s: Float64

    def __len__(self) -> int:
        return len(self.object_id)


@dataclass(frozen=True, slots=True)
class FrameResult:
    """A frame with what was found in it: what previews, maps and callbacks get.

    Attributes:
        frame: the picture.
        tracks: the confirmed tracks that this frame supports.
        object_uuid: for each track the UUID of the human it stands for.
        stage_s: seconds spent in each stage for this frame, by stage name.
        bodies: (N, 4) float32 pixels, everybody who may be in the picture.
        detections: what the detector found, to which ``tracks.detection_index`` refers for bodies.
    """

    frame: Frame
    tracks: Tracks
    object_uuid: tuple[str, ...]
    stage_s: Mapping[str, float]
    bodies: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    detections: Detections = field(default_factory=Detections.empty)


@dataclass(frozen=True, slots=True)
class MapTick:
    """One update of one view of the map.

    Attributes:
        name: the view.
        sequence: counts the updates of this view; a cache may key on it.
        document: the view as ``GET /map_tracking`` serves it, plain Python values (protocol, section 1).
    """

    name: str
    sequence: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a stream is doing.

    Attributes:
        url: without credentials.
        state: ``idle`` (not begun), ``probing`` (connecting), ``online``, ``degraded`` (pictures come, but slow,
            frozen, stalled or with a clock that was set anew), ``backoff`` (waits before it connects again), ``failed``
            (waits for somebody to mend it), ``ended`` (a file that is over).
        reason: why it is not online.
        next_try_s: seconds until it connects again, None where it does not wait.
        changes: (state, cause, how often it began) for all that have been.
        left_behind: decoders that hang and were left to themselves.
        fps: frames analysed a second.
        offered_fps: frames that come a second.
    """

    stream_uuid: str
    name: str
    url: str
    state: str
    reason: str
    frames: int
    dropped: int
    fps: float
    image_size: tuple[int, int] | None
    offered_fps: float = 0.0
    next_try_s: float | None = None
    changes: tuple[tuple[str, str, int], ...] = ()
    left_behind: int = 0


@dataclass(frozen=True, slots=True)
class StreamChange:
    """A stream is doing something else than before.

    Attributes:
        stream_uuid, name: the stream.
        timestamp: Unix epoch seconds.
        state: as in ``StreamStatus``.
        cause: what is the matter, a word for programs; empty when all is well.
        reason: the same for people.
        next_try_s: seconds until it connects again, None where it does not wait.
    """

    stream_uuid: str
    name: str
    timestamp: float
    state: str
    cause: str
    reason: str
    next_try_s: float | None


@dataclass(frozen=True, slots=True)
class ProcessMessage:
    """Processes of one stream that go out together, and why.

    Attributes:
        reason: ``begin``, ``end``, ``match``, ``roi``, ``line`` or ``ongoing``; ``stream``: of the stream itself.
        stream_uuid: the stream all of them belong to.
        timestamp: Unix epoch seconds, that of the frame that caused it.
        processes: the records, plain Python values after the JSON Schema (protocol, section 3), without pictures.
        best_shots: process id -> picture (H, W, 3) uint8 BGR of those that have one; encoded only when somebody
            receives it.
        events: what subscribers of type ``events`` get, one object a POST; of reason ``stream`` those of type
            ``streams``.
    """

    reason: str
    stream_uuid: str
    timestamp: float
    processes: tuple[dict[str, Any], ...]
    best_shots: Mapping[str, UInt8] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
