"""What the agent reports: region events, the map, the state of streams, processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from omni.types.seen import Detections, Float32, Float64, Frame, Int64, Tracks, UInt8

RegionEventKind = Literal["entry", "exit", "forward", "reverse"]


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a person stood in one frame.

    Attributes:
        x, y: the ground point (of a face alone its middle), relative to the picture.
        timestamp: seconds, that of the frame.
        frame: number of the frame.
    """

    x: float
    y: float
    timestamp: float
    frame: int


@dataclass(frozen=True, slots=True)
class RegionEvent:
    """Somebody entered or left a region, or crossed a line.

    Attributes:
        kind: ``entry`` or ``exit`` of a region; ``forward`` (in its direction) or ``reverse`` through a line.
        region_uuid: the region or line.
        region_name: its name.
        track_id: the person's track.
        before: the last sight before the person came in; None if the track began inside.
        entered: the first sight inside.
        last: the last sight inside; for an entry the latest one.
        after: the first sight outside again; None while the person is inside, and if the track ended inside.
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
        object_id: (M,) int64, from 1, the same for one person over time; unrelated to track ids.
        position: (M, 2) float64 in map units.
        velocity: (M, 2) float64 in map units per second.
        covariance: (M, 2, 2) float64, of the position, map units squared.
        score: (M,) float64, mean confidence of the sources.
        sources: for each object the cameras that see it: ``{stream_uuid: row of that stream's input}``; empty while the
            object is only predicted.
        age_s: (M,) float64, seconds since the object was first seen.
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
    """A frame with what was found in it.

    Attributes:
        frame: the picture.
        tracks: the confirmed tracks that this frame supports.
        object_uuid: for each track the UUID of its human process.
        stage_s: seconds that each stage took for this frame, by the name of the stage.
        bodies: (N, 4) float32 pixels, everybody who may be in the picture and whose head must be hidden.
        detections: what the detector found; of tracks of bodies, ``tracks.detection_index`` is a row of this.
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
        sequence: counts the updates of this view; can be the key of a cache.
        document: the view as ``GET /map_tracking`` answers it, in plain Python values (protocol, section 1).
    """

    name: str
    sequence: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The state of a stream.

    Attributes:
        stream_uuid, name: the stream.
        url: its address without credentials.
        state: ``idle`` (not started), ``probing`` (connecting), ``online``, ``degraded`` (pictures come, but slow,
            frozen, stalled or with a clock that was reset), ``backoff`` (waits before it connects again), ``failed``
            (somebody must repair it), ``ended`` (the file is over).
        reason: why it is not online, for people.
        frames: frames analysed so far.
        dropped: frames so far that came and were not analysed.
        fps: frames analysed a second.
        image_size: (width, height) of the pictures in pixels; None before the first.
        offered_fps: frames received a second.
        next_try_s: seconds until it connects again; None while it is not waiting for that.
        changes: (state, cause, how often it began) of each state so far.
        left_behind: decoders that hang and were abandoned.
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
    """The state of a stream has changed.

    Attributes:
        stream_uuid, name: the stream.
        timestamp: Unix epoch seconds of the change.
        state: the new state, as in ``StreamStatus``.
        cause: the cause as a word for programs; empty when all is well.
        reason: the cause as a sentence for people.
        next_try_s: seconds until it connects again; None while it is not waiting for that.
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
    """Processes of one stream that are sent together, and why.

    Attributes:
        reason: ``begin``, ``end``, ``match``, ``roi``, ``line`` or ``ongoing``; ``stream`` for a change of the stream
            itself.
        stream_uuid: the stream that all of them belong to.
        timestamp: Unix epoch seconds of the frame that caused the message.
        processes: their records without pictures, in plain Python values as the JSON Schema has them (protocol,
            section 3).
        best_shots: process id -> picture, (H, W, 3) uint8 BGR, of the processes that have one. It is encoded only if
            somebody receives it.
        events: what subscribers of type ``events`` get, one POST for each; with reason ``stream``: subscribers of type
            ``streams``.
    """

    reason: str
    stream_uuid: str
    timestamp: float
    processes: tuple[dict[str, Any], ...]
    best_shots: Mapping[str, UInt8] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
