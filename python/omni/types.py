"""The values that flow between the parts. Siblings speak through these and through nothing else.

Boxes are ``xyxy`` in pixels of the frame, x to the right, y down. Time is data: ``timestamp`` is Unix epoch
seconds (float64), ``video_timestamp`` seconds from the start of the video. Nothing here asks a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]

TENTATIVE, CONFIRMED, LOST, REMOVED = 0, 1, 2, 3
"""Track states, as in ``Tracks.state``."""

FACE_CLASS = -1
"""``Tracks.class_id`` of somebody of whom only the face is seen: the box is the face's."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the agent: seed of everything that must be unique to it.

    The same seed and the same frames give the same bytes.

    Attributes:
        run_id: random for a real run, fixed for a replay.
        started_at: Unix epoch seconds; files are dated from here.
    """

    run_id: UUID
    started_at: float

    def uuid(self, *names: object) -> str:
        """A UUID (version 5) for the thing that these names tell from all others of this run."""
        return str(uuid5(self.run_id, "/".join(map(str, names))))


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of one stream.

    Attributes:
        stream_uuid: the stream it belongs to.
        index: number of the frame in the stream, from 0.
        timestamp: Unix epoch seconds at which the picture was taken.
        video_timestamp: seconds from the start of the video.
        image: (H, W, 3) uint8 BGR, read-only.
        segment: counts the restarts of the source (a file that loops, a camera that came back). Nobody is carried
            over from one segment to the next; timestamps go on.
    """

    stream_uuid: str
    index: int
    timestamp: float
    video_timestamp: float
    image: UInt8
    segment: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector saw in a frame: ``xyxy`` (N, 4) float32, ``confidence`` (N,) float32, ``class_id`` (N,) int32."""

    xyxy: Float32
    confidence: Float32
    class_id: Int32

    def __len__(self) -> int:
        return len(self.confidence)

    @classmethod
    def empty(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))


@dataclass(frozen=True, slots=True)
class Faces:
    """What a face detector saw in a picture, N faces, the surest first.

    Attributes:
        xyxy: (N, 4) float32 pixels.
        confidence: (N,) float32.
        landmarks: (N, 5, 2) float32 x, y in pixels: left eye, right eye, nose, left and right corner of the mouth, as
            the picture shows them.
    """

    xyxy: Float32
    confidence: Float32
    landmarks: Float32

    def __len__(self) -> int:
        return len(self.confidence)

    def __getitem__(self, chosen: Any) -> Faces:
        """Those faces that an index array or slice names."""
        return Faces(self.xyxy[chosen], self.confidence[chosen], self.landmarks[chosen])

    @classmethod
    def empty(cls) -> Faces:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))


@dataclass(slots=True, eq=False)  # not frozen: that takes as long as following ten people does
class Tracks:
    """Tracks of one stream at one time, M of them.

    Attributes:
        timestamp: seconds, that of the update.
        track_id: (M,) int64, from 1, never used twice by one tracker.
        xyxy: (M, 4) float32 pixels.
        confidence: (M,) float32.
        class_id: (M,) int32.
        state: (M,) uint8, ``TENTATIVE`` .. ``REMOVED``.
        detection_index: (M,) int32 into the detections of the update, -1 where the box is predicted.
        first_timestamp: (M,) float64 seconds at which the track was first detected, before it was confirmed.
    """

    timestamp: float
    track_id: Int64
    xyxy: Float32
    confidence: Float32
    class_id: Int32
    state: UInt8
    detection_index: Int32
    first_timestamp: Float64

    def __len__(self) -> int:
        return len(self.track_id)

    @classmethod
    def of(cls, detections: Detections, track_id: Int64, timestamp: float) -> Tracks:
        """Detections with ids that are known from elsewhere; below 0: none."""
        n = len(detections)
        return cls(
            timestamp=timestamp,
            track_id=track_id,
            xyxy=detections.xyxy,
            confidence=detections.confidence,
            class_id=detections.class_id,
            state=np.full(n, CONFIRMED, np.uint8),
            detection_index=np.arange(n, dtype=np.int32),
            first_timestamp=np.full(n, timestamp),
        )

    def named(self, detections: Detections) -> Tracks:
        """The detections of the update with the ids of their tracks, -1 where they have none (yet).

        A map is told more by these than by the tracks: also of first frames, and nothing smoothed or predicted.
        """
        track_id = np.full(len(detections), -1, np.int64)
        seen = self.detection_index >= 0
        track_id[self.detection_index[seen]] = self.track_id[seen]
        return Tracks.of(detections, track_id, self.timestamp)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Tracks:
        """Those tracks for which ``chosen`` (M,) is true."""
        return Tracks(
            timestamp=self.timestamp,
            track_id=self.track_id[chosen],
            xyxy=self.xyxy[chosen],
            confidence=self.confidence[chosen],
            class_id=self.class_id[chosen],
            state=self.state[chosen],
            detection_index=self.detection_index[chosen],
            first_timestamp=self.first_timestamp[chosen],
        )


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """A profile of the gallery that a face was matched with (protocol, section 3).

    Attributes:
        id: its UUID.
        groups: UUIDs of its groups.
        score: 0..1.
        distance: of the two vectors, 0..2.
        far: false accept rate of one comparison at this distance.
        frr: false reject rate at this distance.
    """

    id: str
    groups: tuple[str, ...]
    score: float
    distance: float
    far: float
    frr: float


Gender = Literal["MALE", "FEMALE"]
Emotion = Literal["ANGRY", "DISGUSTED", "SCARED", "HAPPY", "SAD", "SURPRISED", "NEUTRAL"]
EMOTIONS: tuple[Emotion, ...] = ("ANGRY", "DISGUSTED", "SCARED", "HAPPY", "SAD", "SURPRISED", "NEUTRAL")
"""In the order of the network."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Whether a face is turned to the camera; by the head, the eyes are not looked at.

    Attributes:
        looking: whether it is.
        yaw, pitch: degrees to the line of sight, above 0 to the picture's right and down.
        looking_s: seconds so far.
    """

    looking: bool
    yaw: float
    pitch: float
    looking_s: float


@dataclass(frozen=True, slots=True)
class FaceTraits:
    """What a person's face tells, smoothed over its track; None: not asked for, or not known (yet)."""

    age: float | None = None
    gender: Gender | None = None
    emotion: Emotion | None = None
    attention: Attention | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FaceSight:
    """A person's face in one frame.

    Attributes:
        xyxy: (4,) float32 pixels.
        confidence: 0..1.
        picture: (h, w, 3) uint8 BGR, where faces may be shown and it is the best so far.
        traits: what it tells.
    """

    xyxy: Float32
    confidence: float
    picture: UInt8 | None = None
    traits: FaceTraits = field(default_factory=FaceTraits)


VerdictKind = Literal["identified", "unknown", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gallery says of a person, told when it changes.

    Attributes:
        track_id: whose.
        kind: ``identified``: as ``profiles``, the nearest first; ``unknown``: nobody of the gallery, after a fair
            chance; ``withdrawn``: no longer as was told.
        profiles: empty unless identified.
    """

    track_id: int
    kind: VerdictKind
    profiles: tuple[ProfileMatch, ...]


@dataclass(frozen=True, slots=True)
class FaceReport:
    """What the faces of one frame tell.

    Attributes:
        faces: all that were found.
        sights: by track, the face of each person who shows it.
        people: everybody who is seen once, by the body, or where only the face is seen by that (``FACE_CLASS``).
        gone: ids of the people who are gone with this frame.
        verdicts: what is new, in order.
        looked: whether the frame was searched for faces; else all that comes from faces is empty, and no picture of it
            may be shown where faces must be hidden.
    """

    faces: Faces
    sights: Mapping[int, FaceSight]
    people: Tracks
    gone: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    looked: bool = True


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
