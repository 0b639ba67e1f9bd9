"""One person, one number: bodies and faces are tracked apart; who shows now this, now that stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from omni.faces.association import owners
from omni.types import FACE_CLASS, Float32, Tracks

JOIN_S = 1.0
"""A face that was seen so long ago at most may be the one that is seen now."""

SURE = 0.25
"""Who is taken for whom by their place has the face so near to the middle of the head, in widths of the body."""

JUMP = 0.75
"""It may have moved so many of its widths: heads jerk more than the tracker believes."""

SAME_SIZE = 1.4
"""And be so many times as wide, or as narrow."""


class People:
    """Numbers the people of one stream. Not thread-safe.

    A person has the number of the track that showed them first, and is gone with the last of their tracks. Who is taken
    for whom is decided by the face where one was seen just now, and only else by where a body has its head: people who
    pass each other have their heads in each other's.
    """

    def __init__(self) -> None:
        self._number: dict[int, int] = {}  # of the person, by track
        self._bodies: dict[int, Float32] = {}  # latest box, by track
        self._face_tracks: set[int] = set()
        self._faces: dict[int, tuple[float, Float32]] = {}  # when and where last, by person

    def update(
        self,
        bodies: Tracks,
        bodies_gone: Iterable[int],
        own_faces: Mapping[int, Float32],
        faces: Tracks,
        faces_gone: Iterable[int],
    ) -> tuple[Tracks, list[int]]:
        """Take one frame.

        Args:
            bodies, bodies_gone: tracks of bodies seen in it, and ids of those that ended with it.
            own_faces: (4,) pixels, the face that was found in the head of each of these bodies, by its track.
            faces, faces_gone: tracks of faces without a body, likewise; ids are none of those of bodies.

        Returns:
            Each person once, by the body where it is seen, under their number; and the numbers of those who are gone.
        """
        self._number_bodies(bodies, own_faces)
        self._number_faces(bodies, faces)
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
        self._face_tracks.clear()
        self._faces.clear()

    def _number_bodies(self, bodies: Tracks, own_faces: Mapping[int, Float32]) -> None:
        """A new body may be of somebody whose face was followed on its own."""
        with_body = {self._number[i] for i in self._bodies}
        waiting = {
            number: box
            for number, (at, box) in self._faces.items()
            if bodies.timestamp - at <= JOIN_S and number not in with_body
        }
        places = owners(_boxes(waiting), bodies.xyxy, within=SURE).tolist()
        by_place = {body: number for number, body in zip(waiting, places, strict=True) if body >= 0}
        for i, (track_id, box) in enumerate(zip(bodies.track_id.tolist(), bodies.xyxy, strict=True)):
            if track_id not in self._bodies:
                face = own_faces.get(track_id)
                if face is None:
                    known = by_place.get(i)
                else:
                    known = _nearest(face, waiting) if owners(face[None], box[None], within=SURE)[0] >= 0 else None
                if known is not None and waiting.pop(known, None) is not None:
                    self._number[track_id] = known
            number = self._number.setdefault(track_id, track_id)
            self._bodies[track_id] = box
            if track_id in own_faces:
                self._faces[number] = bodies.timestamp, own_faces[track_id]

    def _number_faces(self, bodies: Tracks, faces: Tracks) -> None:
        """A new face without a body may be of somebody whose body or face was lost from sight."""
        shown = {self._number[i] for i in bodies.track_id.tolist()}
        shown |= {self._number[i] for i in faces.track_id.tolist() if i in self._face_tracks}
        for track_id, box in zip(faces.track_id.tolist(), faces.xyxy, strict=True):
            if track_id not in self._face_tracks:
                known = self._lost(box, faces.timestamp, shown)
                self._number[track_id] = track_id if known is None else known
                self._face_tracks.add(track_id)
                shown.add(self._number[track_id])
            self._faces[self._number[track_id]] = faces.timestamp, box

    def _lost(self, face: Float32, timestamp: float, shown: set[int]) -> int | None:
        """The person, none of those ``shown``, whose face this may be: their own was about here, or their head was."""
        recent = {
            number: box for number, (at, box) in self._faces.items() if timestamp - at <= JOIN_S and number not in shown
        }
        known = _nearest(face, recent)
        if known is not None:
            return known
        heads = {
            number: box
            for i, box in self._bodies.items()
            if (number := self._number[i]) not in shown and number not in recent
        }
        owner = int(owners(face[None], _boxes(heads), within=SURE)[0])
        return list(heads)[owner] if owner >= 0 else None

    def _end(self, gone: Iterable[int]) -> list[int]:
        ended = []
        for track_id in gone:
            number = self._number.pop(track_id, track_id)
            self._bodies.pop(track_id, None)
            self._face_tracks.discard(track_id)
            if number not in self._number.values():
                self._faces.pop(number, None)
                ended.append(number)
        return ended


def _nearest(face: Float32, others: Mapping[int, Float32]) -> int | None:
    """Whose face this one may have been just now."""
    away = [(_jump(face, box), number) for number, box in others.items()]
    distance, number = min(away, default=(np.inf, -1))
    return number if distance <= JUMP else None


def _boxes(by_person: Mapping[int, Float32]) -> Float32:
    return np.array([*by_person.values()], np.float32).reshape(-1, 4)


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
