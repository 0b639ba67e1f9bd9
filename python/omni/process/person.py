"""One person in one camera: the human process and its body and face (protocol, section 3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from omni.process.best_shot import BestShot
from omni.process.record import Moment, base_record
from omni.types import Emotion, FaceTraits, ProfileMatch, UInt8

BORDER_SHARE = 0.02
"""A box that ends within this share of the picture's side touches its border."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What never changes: the names under which a person is told of."""

    human_id: str
    human_number: int
    body_id: str
    body_number: int
    object_id: str
    body_object_id: str
    stream_uuid: str
    track_id: int


@dataclass(slots=True)
class Mood:
    """An emotion that a face shows: the names under which it is told of, and since and until when."""

    id: str
    number: int
    emotion: Emotion
    first: Moment
    last: Moment


@dataclass(slots=True)
class Face:
    """The face of a person: the names under which it is told of, when it was seen, and where last.

    ``box`` is x1, y1, x2, y2 relative to the picture; ``picture`` the best so far, where faces may be shown;
    ``mood`` the emotion that it shows now, the ``moods``-th.
    """

    id: str
    number: int
    object_id: str
    first: Moment
    last: Moment
    box: list[float]
    confidence: float
    picture: UInt8 | None = None
    traits: FaceTraits = field(default_factory=FaceTraits)
    mood: Mood | None = None
    moods: int = 0


@dataclass(slots=True)
class BodySight:
    """The body of a person: when it was seen, and where last, as :class:`Person` has it."""

    first: Moment
    last: Moment
    box: list[float]
    confidence: float


@dataclass(slots=True)
class Person:
    """A person who is, or was, in view: by a body, by a face alone (``body`` is None), or now so, now so.

    ``first`` and ``last`` are when; ``box`` is the latest: x1, y1, x2, y2 relative to the picture, 0..1; ``looked_at``:
    when (seconds) a picture was looked at last for the best shot; ``profiles``: whom the gallery
    says it is, the nearest first.
    """

    identity: Identity
    first: Moment
    last: Moment
    box: list[float]
    confidence: float
    best: BestShot | None = None
    looked_at: float = 0.0
    body: BodySight | None = None
    face: Face | None = None
    profiles: tuple[ProfileMatch, ...] = ()

    @property
    def at_border(self) -> bool:
        """Whether the latest box touches the picture's border: who is gone after that has left."""
        return min(self.box[:2]) <= BORDER_SHARE or max(self.box[2:]) >= 1 - BORDER_SHARE

    @property
    def end_reason(self) -> str:
        """Why somebody whose track ended is gone: ``left`` over the border, or ``lost``."""
        return "left" if self.at_border else "lost"

    def documents(self, end_reason: str | None = None) -> list[dict[str, Any]]:
        """The human process and its body and face; with ``end_reason`` all are finalized."""
        who = self.identity
        documents = [self._human(end_reason)]
        if self.body is not None:
            object_ = {"id": who.body_object_id, "class": "body"}
            body = self._base(self.body, who.body_id, who.body_number, object_, end_reason)
            body["parent"] = who.human_id
            if self.best is not None:
                body["omni"]["quality"] = self.best.quality
            documents.append(body)
        if self.face is not None:
            documents.append(self._face(self.face, end_reason))
            if self.face.mood is not None:
                documents.append(self.emotion(self.face, self.face.mood, end_reason))
        return documents

    def pictures(self) -> dict[str, UInt8]:
        """The best shots, by process."""
        found: dict[str, UInt8] = {}
        if self.best is not None:
            found[self.identity.body_id] = self.best.image
            if self.best.frame is not None:
                found[self.identity.human_id] = self.best.frame
        if self.face is not None and self.face.picture is not None:
            found[self.face.id] = self.face.picture
        return found

    def forget_pictures(self) -> None:
        """From here on there are none."""
        self.best = None
        if self.face is not None:
            self.face.picture = None

    def _human(self, end_reason: str | None) -> dict[str, Any]:
        who = self.identity
        object_: dict[str, Any] = {"id": who.object_id, "class": "human"}
        if self.profiles:
            known = asdict(self.profiles[0])
            object_ |= {"groups": list(known.pop("groups")), "profile": known}
        return self._base(self, who.human_id, who.human_number, object_, end_reason)

    def _face(self, face: Face, end_reason: str | None) -> dict[str, Any]:
        who = self.identity
        object_: dict[str, Any] = {"id": face.object_id, "class": "face"}
        record = base_record(face.id, "track", face.number, who.stream_uuid, object_, face.first, face.last, end_reason)
        record["parent"] = who.human_id
        record["omni"] |= {"track_id": who.track_id, "bbox": face.box, "confidence": face.confidence}
        told = {"age": face.traits.age, "gender": face.traits.gender}
        attributes = {name: value for name, value in told.items() if value is not None}
        if attributes:
            object_["attributes"] = attributes
        if face.traits.attention is not None:
            record["omni"]["attention"] = asdict(face.traits.attention)
        return record

    def emotion(self, face: Face, mood: Mood, end_reason: str | None = None) -> dict[str, Any]:
        """The process of an emotion; with ``end_reason`` it is finalized."""
        who, object_ = self.identity, {"id": face.object_id, "class": "face"}
        record = base_record(
            mood.id, "emotion", mood.number, who.stream_uuid, object_, mood.first, mood.last, end_reason
        )
        record["parent"] = who.human_id
        record["emotion"] = mood.emotion
        return record

    def _base(
        self, seen: Person | BodySight, id_: str, number: int, object_: dict[str, Any], end_reason: str | None
    ) -> dict[str, Any]:
        source = self.identity.stream_uuid
        record = base_record(id_, "track", number, source, object_, seen.first, seen.last, end_reason)
        record["omni"] |= {"track_id": self.identity.track_id, "bbox": seen.box, "confidence": seen.confidence}
        return record
