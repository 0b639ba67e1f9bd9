"""One person in one camera: the human process and its body child (protocol, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omni.process.best_shot import BestShot
from omni.process.record import Moment, base_record

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
class Person:
    """A person who is, or was, in view.

    ``first`` and ``last`` are when; ``box`` is the latest: x1, y1, x2, y2 relative to the picture, 0..1; ``looked_at``:
    when (seconds) a picture was looked at last for the best shot.
    """

    identity: Identity
    first: Moment
    last: Moment
    box: list[float]
    confidence: float
    best: BestShot | None = None
    looked_at: float = 0.0

    @property
    def at_border(self) -> bool:
        """Whether the latest box touches the picture's border: who is gone after that has left."""
        return min(self.box[:2]) <= BORDER_SHARE or max(self.box[2:]) >= 1 - BORDER_SHARE

    @property
    def end_reason(self) -> str:
        """Why somebody whose track ended is gone: ``left`` over the border, or ``lost``."""
        return "left" if self.at_border else "lost"

    def documents(self, end_reason: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The human and the body process; with ``end_reason`` both are finalized."""
        who = self.identity
        human = self._base(who.human_id, who.human_number, {"id": who.object_id, "class": "human"}, end_reason)
        body = self._base(who.body_id, who.body_number, {"id": who.body_object_id, "class": "body"}, end_reason)
        body["parent"] = who.human_id
        if self.best is not None:
            body["omni"]["quality"] = self.best.quality
        return human, body

    def _base(self, id_: str, number: int, object_: dict[str, Any], end_reason: str | None) -> dict[str, Any]:
        source = self.identity.stream_uuid
        record = base_record(id_, "track", number, source, object_, self.first, self.last, end_reason)
        record["omni"] |= {"track_id": self.identity.track_id, "bbox": self.box, "confidence": self.confidence}
        return record
