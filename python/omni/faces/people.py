"""One person, one number: bodies and faces are tracked apart; who shows now this, now that stays the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from omni.faces.association import owners
from omni.types import FACE_CLASS, Float32, Tracks

JOIN_S = 1.0
"""A face that was seen without a body so long ago at most is joined by a body that comes to have its head there."""


JUMP = 0.75
"""A face lost so short a time ago may have moved so many of its widths: heads jerk more than the tracker believes."""

SAME_SIZE = 1.4
"""And be so many times as wide, or as narrow."""


class People:
    """Numbers the people of one stream. Not thread-safe.

    A person has the number of the track that showed them first, and is gone with the last of their tracks.
    """

    def __init__(self) -> None:
        self._number: dict[int, int] = {}  # of the person, by track
        self._bodies: dict[int, Float32] = {}  # latest box, by track
        self._faces: dict[int, tuple[float, Float32]] = {}  # when and where last, by track

    def update(
        self, bodies: Tracks, bodies_gone: Iterable[int], faces: Tracks, faces_gone: Iterable[int]
    ) -> tuple[Tracks, list[int]]:
        """Take one frame.

        Args:
            bodies, bodies_gone: tracks of bodies seen in it, and ids of those that ended with it.
            faces, faces_gone: likewise of faces without a body; ids are none of those of bodies.

        Returns:
            Each person once, by the body where it is seen, under their number; and the numbers of those who are gone.
        """
        self._join_faces(bodies)
        self._join_bodies(bodies, faces)
        numbers = np.array([self._number[i] for i in bodies.track_id.tolist()], np.int64)
        alone = np.array([self._number[i] for i in faces.track_id.tolist()], np.int64)
        once = np.zeros(len(faces), bool)
        once[np.unique(alone, return_index=True)[1]] = True
        people = _together(
            replace(bodies, track_id=numbers),
            replace(faces, track_id=alone, class_id=np.full(len(faces), FACE_CLASS, np.int32)).where(
                once & ~np.isin(alone, numbers)
            ),
        )
        return people, self._end([*bodies_gone, *faces_gone])

    def number(self, track_id: int) -> int:
        """Of the person whom a track shows."""
        return self._number[track_id]

    def reset(self) -> None:
        """All tracks have ended."""
        self._number.clear()
        self._bodies.clear()
        self._faces.clear()

    def _join_faces(self, bodies: Tracks) -> None:
        """Bodies that are new, and of whom the face may be known already."""
        new = bodies.where(np.array([i not in self._bodies for i in bodies.track_id.tolist()], bool))
        with_body = {self._number[i] for i in self._bodies}
        known = [
            (self._number[i], box)
            for i, (at, box) in self._faces.items()
            if bodies.timestamp - at <= JOIN_S and self._number[i] not in with_body
        ]
        if len(new) and known:
            for (number, _), body in zip(
                known, owners(np.stack([b for _, b in known]), new.xyxy).tolist(), strict=True
            ):
                if body >= 0:
                    self._number[int(new.track_id[body])] = number
        for track_id, box in zip(bodies.track_id.tolist(), bodies.xyxy, strict=True):
            self._number.setdefault(track_id, track_id)
            self._bodies[track_id] = box

    def _join_bodies(self, bodies: Tracks, faces: Tracks) -> None:
        """Faces that are new, and whose body may have been lost from sight."""
        new = faces.where(np.array([i not in self._faces for i in faces.track_id.tolist()], bool))
        lost = [i for i in self._bodies if i not in bodies.track_id]
        if len(new) and lost:
            owner = owners(new.xyxy, np.stack([self._bodies[i] for i in lost]))
            for track_id, body in zip(new.track_id.tolist(), owner.tolist(), strict=True):
                if body >= 0:
                    self._number[track_id] = self._number[lost[body]]
        for track_id, box in zip(new.track_id.tolist(), new.xyxy, strict=True):
            before = None if track_id in self._number else self._lost_face(faces, box)
            if before is not None:
                self._number[track_id] = self._number[before]
        for track_id, box in zip(faces.track_id.tolist(), faces.xyxy, strict=True):
            self._number.setdefault(track_id, track_id)
            self._faces[track_id] = faces.timestamp, box

    def _lost_face(self, faces: Tracks, box: Float32) -> int | None:
        """The track of a face that was at about this place just now and is not seen any more; the nearest."""
        shown = {self._number.get(i) for i in faces.track_id.tolist()}
        found = [
            (away, i)
            for i, (at, other) in self._faces.items()
            if faces.timestamp - at <= JOIN_S and self._number[i] not in shown and (away := _jump(box, other)) <= JUMP
        ]
        return min(found)[1] if found else None

    def _end(self, gone: Iterable[int]) -> list[int]:
        ended = []
        for track_id in gone:
            number = self._number.pop(track_id, track_id)
            self._bodies.pop(track_id, None)
            self._faces.pop(track_id, None)
            if number not in self._number.values():
                ended.append(number)
        return ended


def _jump(a: Float32, b: Float32) -> float:
    """Between the middles of two faces (4,), in widths of the second; infinite where their sizes differ."""
    width, before = float(a[2] - a[0]), max(float(b[2] - b[0]), 1e-6)
    if not 1 / SAME_SIZE <= width / before <= SAME_SIZE:
        return float("inf")
    middle = (a[:2] + a[2:] - b[:2] - b[2:]) / 2
    return float(np.hypot(*middle)) / before


def _together(a: Tracks, b: Tracks) -> Tracks:
    if not len(b):
        return a
    return Tracks(
        a.timestamp,
        np.concatenate([a.track_id, b.track_id]),
        np.concatenate([a.xyxy, b.xyxy]),
        np.concatenate([a.confidence, b.confidence]),
        np.concatenate([a.class_id, b.class_id]),
        np.concatenate([a.state, b.state]),
        np.concatenate([a.detection_index, b.detection_index]),
        np.concatenate([a.first_timestamp, b.first_timestamp]),
    )
