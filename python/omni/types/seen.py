"""What cameras and detectors see: pictures, boxes, faces, tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
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
    """One run of the agent, from which all its identifiers and the dates of files are derived.

    The same run with the same frames gives the same bytes.

    Attributes:
        run_id: random for a real run, fixed for a replay.
        started_at: Unix epoch seconds; the first frame of a file has this time.
    """

    run_id: UUID
    started_at: float

    def uuid(self, *names: object) -> str:
        """A UUID (version 5) made from the run and these names, which must be unique within the run."""
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
        segment: counts the restarts of the source (a file that loops, a camera that came back). Tracks end with their
            segment; timestamps go on.
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
    """The N faces that a detector found in a picture, in descending order of confidence.

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
        """The faces that an index array or a slice selects."""
        return Faces(self.xyxy[chosen], self.confidence[chosen], self.landmarks[chosen])

    @classmethod
    def empty(cls) -> Faces:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))


@dataclass(slots=True, eq=False)  # not frozen: that takes as long as following ten people does
class Tracks:
    """M tracks of one stream at one time.

    Attributes:
        timestamp: seconds, that of the update.
        track_id: (M,) int64, from 1; a tracker never uses one twice.
        xyxy: (M, 4) float32 pixels.
        confidence: (M,) float32.
        class_id: (M,) int32.
        state: (M,) uint8, ``TENTATIVE``, ``CONFIRMED``, ``LOST`` or ``REMOVED``.
        detection_index: (M,) int32, row of the update's detections; -1 where the box is predicted.
        first_timestamp: (M,) float64, seconds at which the track was first detected, before it was confirmed.
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
        """Detections as tracks, with ids that come from elsewhere; an id below 0 means none."""
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
        """The detections of the update with the ids of their tracks; -1 for those that have no track (yet).

        A map fuser learns more from these than from the tracks themselves: they include the frames before a track is
        confirmed, and nothing in them is smoothed or predicted.
        """
        track_id = np.full(len(detections), -1, np.int64)
        seen = self.detection_index >= 0
        track_id[self.detection_index[seen]] = self.track_id[seen]
        return Tracks.of(detections, track_id, self.timestamp)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Tracks:
        """The tracks for which ``chosen``, (M,) bool, is true."""
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
