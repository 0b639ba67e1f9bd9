"""From the tracks of one stream to its processes: who came, who is still there, who is gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from omni.process.action import Actions
from omni.process.events import identification_event, non_identification_event
from omni.process.person import BodySight, Face, Identity, Mood, Person
from omni.process.record import Moment
from omni.process.shots import BestShots, ShotSettings
from omni.types import (
    FACE_CLASS,
    FaceReport,
    FaceSight,
    Float32,
    Frame,
    ProcessMessage,
    RegionEvent,
    Run,
    Tracks,
    UInt8,
    Verdict,
)

EMOTION_UNSEEN_S = 2.0
"""The emotion of a face that was not seen for so long has ended when it was seen last."""

FRAMES_REMEMBERED = 256
"""Enough to find the frame in which a track was first seen, before it was confirmed."""

Ground = Callable[[list[float]], list[float] | None]
"""Box, x1, y1, x2, y2 relative to the picture -> x, y on a map where it stands; None: nowhere that the map shows."""


class ProcessBuilder:
    """Keeps the open processes of one stream. Not thread-safe: one stream, one thread.

    Args:
        stream_uuid: the stream.
        run: where identifiers come from.
        numbers: small numbers for ``numerical_id``, unique in the run.
        ongoings_interval_s: seconds of the stream's own time between two periodic messages.
        best_shots: what pictures are kept; None keeps none in memory.
        also_open: open processes of this stream that are kept elsewhere (external ones); they go along with the
            periodic message.
        stays: who is inside which region now, with the latest sight inside.
    """

    def __init__(
        self,
        stream_uuid: str,
        run: Run,
        numbers: Iterator[int],
        *,
        ongoings_interval_s: float,
        best_shots: ShotSettings | None,
        also_open: Callable[[], list[dict[str, Any]]] = list,
        stays: Callable[[], Iterable[RegionEvent]] = tuple,
    ) -> None:
        self._stream_uuid = stream_uuid
        self._run = run
        self._numbers = numbers
        self._interval_s = ongoings_interval_s
        self._shot_settings = best_shots
        self._shots = BestShots(best_shots) if best_shots else None
        self._also_open = also_open
        self._stays = stays
        self._grounds: Mapping[str, Ground] = {}
        self._open: dict[int, Person] = {}
        self._actions = Actions(stream_uuid, run, numbers)
        self._people_seen = 0
        self._verdicts = 0
        self._seen_at: deque[Moment] = deque(maxlen=FRAMES_REMEMBERED)
        self._next_ongoing: float | None = None

    @property
    def people_seen(self) -> int:
        """How many people have begun so far."""
        return self._people_seen

    @property
    def people_open(self) -> int:
        return len(self._open)

    def update(
        self,
        frame: Frame,
        tracks: Tracks,
        gone: Iterable[int],
        in_regions: Iterable[RegionEvent] = (),
        bodies: Float32 | None = None,
        faces: FaceReport | None = None,
    ) -> list[ProcessMessage]:
        """Take what one frame showed.

        Args:
            frame: the frame.
            tracks: the people seen in it: confirmed tracks, with ``FACE_CLASS`` of a face alone.
            gone: ids of those who ended with this frame.
            in_regions: what happened in regions and at lines, of those that are gone as well.
            bodies: (N, 4) everybody whose head a picture must not show in anonymous mode; who is tracked, if left out.
            faces: what the faces of this frame tell, where they are looked for.

        Returns:
            Messages in the order in which they must go out: begin, emotions, match, roi, line, end, ongoing.
        """
        now = Moment.at(frame.timestamp, frame.index)
        self._seen_at.append(now)
        begun = self._see(now, frame, tracks)
        if self._shots is not None and (faces is None or faces.looked):
            shown = tracks.where(tracks.class_id != FACE_CLASS)
            self._shots.update(frame, shown, shown.xyxy if bodies is None else bodies, self._open)
        if faces is not None:
            self._see_faces(now, frame, faces.sights)
        messages = [self._message("begin", frame.timestamp, [person]) for person in begun]
        if faces is not None:
            messages += self._feel(now, faces.sights)
            messages += self._recognise(frame.timestamp, faces.verdicts)
        messages += self.act(frame.timestamp, in_regions)
        messages += self._end(frame.timestamp, gone)
        messages += self.ongoing(frame.timestamp)
        return messages

    def finish(
        self,
        timestamp: float,
        end_reason: str,
        in_regions: Iterable[RegionEvent] = (),
        verdicts: Iterable[Verdict] = (),
    ) -> list[ProcessMessage]:
        """End every open process with one reason (``end_of_file``, ``camera_down``, ``agent_stopped``).

        ``in_regions``: what the end brought in regions and at lines; ``verdicts``: what the gallery says at last.
        """
        messages = self._recognise(timestamp, verdicts)
        messages += self.act(timestamp, in_regions, end_reason)
        ended = list(self._open.values())
        self._open.clear()
        return messages + [self._message("end", timestamp, [person], end_reason) for person in ended]

    def ongoing(self, timestamp: float) -> list[ProcessMessage]:
        """The periodic message, if it is due and anything is open. With a frame ``update`` gives it."""
        if self._next_ongoing is None or timestamp < self._next_ongoing - 2 * self._interval_s:
            self._next_ongoing = timestamp + self._interval_s
        if timestamp < self._next_ongoing:
            return []
        self._next_ongoing += self._interval_s
        if self._next_ongoing <= timestamp:  # a long gap: one message, not one for each interval missed
            self._next_ongoing = timestamp + self._interval_s
        message = self._message("ongoing", timestamp, self._open.values())
        message = replace(
            message, processes=(*message.processes, *self._actions.ongoing(self._stays()), *self._also_open())
        )
        return [message] if message.processes else []

    def change(self, *, ongoings_interval_s: float, best_shots: ShotSettings | None) -> None:
        """Go on with other settings, see the class. Pictures that were kept under others are forgotten."""
        if ongoings_interval_s != self._interval_s:
            self._interval_s, self._next_ongoing = ongoings_interval_s, None
        if best_shots != self._shot_settings:
            self._shot_settings = best_shots
            self._shots = BestShots(best_shots) if best_shots else None
            for person in self._open.values():
                person.forget_pictures()

    def stand_on(self, grounds: Mapping[str, Ground]) -> None:
        """Tell of people where they stand, on each of these maps; by its name."""
        self._grounds = grounds

    def act(
        self, timestamp: float, in_regions: Iterable[RegionEvent], end_reason: str | None = None
    ) -> list[ProcessMessage]:
        """Tell of what happened in regions; presences that end do so with this reason, else with the person's own."""
        people = [(event, self._open[event.track_id]) for event in in_regions]
        return [
            self._actions.take(event, person, timestamp, end_reason or person.end_reason) for event, person in people
        ]

    def object_uuids(self, tracks: Tracks) -> tuple[str, ...]:
        """The UUID of the human of each track."""
        return tuple(self._open[track_id].identity.object_id for track_id in tracks.track_id.tolist())

    def _see(self, now: Moment, frame: Frame, tracks: Tracks) -> list[Person]:
        boxes = _relative(tracks.xyxy, frame)
        confidences = tracks.confidence.astype(np.float64).round(4).tolist()
        is_face = (tracks.class_id == FACE_CLASS).tolist()
        begun = []
        for i, track_id in enumerate(tracks.track_id.tolist()):
            person = self._open.get(track_id)
            if person is None:
                first = self._first_seen(float(tracks.first_timestamp[i]), now)
                person = Person(self._identity(track_id), first, now, boxes[i], confidences[i])
                self._open[track_id] = person
                begun.append(person)
            person.last, person.box, person.confidence = now, boxes[i], confidences[i]
            if is_face[i]:
                continue
            if person.body is None:
                since = self._first_seen(float(tracks.first_timestamp[i]), now)
                person.body = BodySight(since, now, boxes[i], confidences[i])
                if person.first.frame < since.frame:  # known by the face so far: the body begins
                    begun.append(person)
            person.body.last, person.body.box, person.body.confidence = now, boxes[i], confidences[i]
        return begun

    def _see_faces(self, now: Moment, frame: Frame, sights: Mapping[int, FaceSight]) -> None:
        for track_id, sight in sights.items():
            person = self._open[track_id]
            [box], confidence = _relative(sight.xyxy[None], frame), round(sight.confidence, 4)
            if person.face is None:
                id_, object_id = (self._run.uuid(name, person.identity.human_id) for name in ("face", "person-face"))
                person.face = Face(id_, next(self._numbers), object_id, now, now, box, confidence)
            face = person.face
            face.last, face.box, face.confidence = now, box, confidence
            face.picture = face.picture if sight.picture is None else sight.picture
            face.traits = sight.traits

    def _feel(self, now: Moment, sights: Mapping[int, FaceSight]) -> list[ProcessMessage]:
        """A change of emotion ends one process and begins the next."""
        messages = []
        for track_id, person in self._open.items():
            face, seen = person.face, track_id in sights
            if face is None:
                continue
            mood = face.mood
            if mood is not None:
                away = not seen and now.timestamp - face.last.timestamp > EMOTION_UNSEEN_S
                if away or (seen and face.traits.emotion != mood.emotion):
                    face.mood = None
                    messages.append(self._emotion("end", now, person.emotion(face, mood, "ended")))
                elif seen:
                    mood.last = now
            if seen and face.mood is None and face.traits.emotion is not None:
                face.moods += 1
                id_ = self._run.uuid("emotion", face.id, face.moods)
                face.mood = Mood(id_, next(self._numbers), face.traits.emotion, now, now)
                messages.append(self._emotion("begin", now, person.emotion(face, face.mood)))
        return messages

    def _emotion(self, reason: str, now: Moment, record: dict[str, Any]) -> ProcessMessage:
        return ProcessMessage(reason, self._stream_uuid, now.timestamp, (record,))

    def _recognise(self, timestamp: float, verdicts: Iterable[Verdict]) -> list[ProcessMessage]:
        """A message for each verdict: whom the gallery knows, whom it does not, whom it does no longer."""
        messages = []
        for verdict in verdicts:
            person = self._open[verdict.track_id]
            person.profiles = verdict.profiles
            self._verdicts += 1
            id_ = self._run.uuid("verdict", self._stream_uuid, self._verdicts)
            message = self._message("match", timestamp, [person])
            human = message.processes[0]
            if verdict.kind == "identified":
                profiles = [{**asdict(profile), "groups": list(profile.groups)} for profile in verdict.profiles]
                message = replace(message, events=(identification_event(id_, timestamp, human, profiles),))
            elif verdict.kind == "unknown":
                message = replace(message, events=(non_identification_event(id_, timestamp, human),))
            messages.append(message)
        return messages

    def _identity(self, track_id: int) -> Identity:
        self._people_seen += 1
        name = (self._stream_uuid, self._people_seen)
        person = (self._stream_uuid, track_id)  # who comes back under the old number is the same, in a new process
        return Identity(
            human_id=self._run.uuid("human", *name),
            human_number=next(self._numbers),
            body_id=self._run.uuid("body", *name),
            body_number=next(self._numbers),
            object_id=self._run.uuid("person", *person),
            body_object_id=self._run.uuid("person-body", *person),
            stream_uuid=self._stream_uuid,
            track_id=track_id,
        )

    def _first_seen(self, timestamp: float, now: Moment) -> Moment:
        return next((seen for seen in reversed(self._seen_at) if seen.timestamp <= timestamp + 1e-6), now)

    def _end(self, timestamp: float, gone: Iterable[int]) -> list[ProcessMessage]:
        people = [self._open.pop(track_id) for track_id in gone if track_id in self._open]
        return [self._message("end", timestamp, [person], person.end_reason) for person in people]

    def _places(self, box: list[float]) -> dict[str, list[float]]:
        found = {name: ground(box) for name, ground in self._grounds.items()}
        return {name: place for name, place in found.items() if place is not None}

    def _message(
        self, reason: str, timestamp: float, people: Iterable[Person], end_reason: str | None = None
    ) -> ProcessMessage:
        processes: list[dict[str, Any]] = []
        shots: dict[str, UInt8] = {}
        for person in people:
            human, *children = person.documents(end_reason)
            if person.body is not None and (places := self._places(person.body.box)):
                human["omni"]["map"] = places
            processes += [human, *children]
            shots |= person.pictures()
        return ProcessMessage(reason, self._stream_uuid, timestamp, tuple(processes), shots)


def _relative(xyxy: Float32, frame: Frame) -> list[list[float]]:
    boxes: list[list[float]] = np.clip(xyxy / np.array(frame.size * 2, np.float64), 0.0, 1.0).round(5).tolist()
    return boxes
