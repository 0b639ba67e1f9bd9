"""What faces tell: whose they are, and how somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from omni.types.seen import Faces, Float32, Tracks, UInt8


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
