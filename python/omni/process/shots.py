"""The best shots of the people of one stream, improved while they are in view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from omni.anonymity import hide_heads
from omni.process.best_shot import IMPROVEMENT, LOOK_S, BestShot, Promise, cut_out, promises, sharpness_of
from omni.process.person import Person
from omni.types import Float32, Frame, Tracks, UInt8


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """What is kept.

    Attributes:
        anonymous: heads are made unrecognisable before a picture is kept.
        whole_frame: the whole picture is kept as well.
    """

    anonymous: bool
    whole_frame: bool


class BestShots:
    """Takes them. ``settings``: what is kept."""

    def __init__(self, settings: ShotSettings) -> None:
        self._settings = settings

    def update(self, frame: Frame, tracks: Tracks, bodies: Float32, people: Mapping[int, Person]) -> None:
        """Look at one frame.

        Args:
            frame: the frame.
            tracks: those seen in it.
            bodies: (N, 4) everybody whose head must not be seen in anonymous mode.
            people: by track, all that are seen in it.
        """
        found = promises(tracks.xyxy, tracks.confidence, frame.size)
        whole: UInt8 | None = None
        for i, track_id in enumerate(tracks.track_id.tolist()):
            person, promise = people[track_id], found[i]
            if not _worth_a_look(person, promise, frame.timestamp):
                continue
            person.looked_at = frame.timestamp
            cut = cut_out(frame.image, tracks.xyxy[i])
            if cut is None:
                continue
            crop, corner = cut
            sharpness = sharpness_of(crop)
            if person.best is not None and promise.value * sharpness < person.best.value * IMPROVEMENT:
                continue
            if self._settings.anonymous:
                hide_heads(crop, bodies - np.array(corner * 2, np.float32))
            if self._settings.whole_frame and whole is None:
                whole = self._whole(frame, bodies)
            person.best = BestShot(promise, sharpness, crop, whole)

    def _whole(self, frame: Frame, bodies: Float32) -> UInt8:
        if not self._settings.anonymous:
            return frame.image
        image = frame.image.copy()
        hide_heads(image, bodies)
        return image


def _worth_a_look(person: Person, promise: Promise, timestamp: float) -> bool:
    """Whether this frame can be better: at once where it promises more, now and then where it may be sharper."""
    best = person.best
    if best is None or promise.value >= best.promise.value * IMPROVEMENT:
        return True
    return promise.value >= best.value * IMPROVEMENT and timestamp - person.looked_at >= LOOK_S
