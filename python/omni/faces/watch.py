"""The faces of one stream: whose they are, and who that is."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from omni.detect import FaceDetector, FaceEmbedder
from omni.errors import StateError
from omni.faces.association import in_heads, owners
from omni.faces.evidence import Evidence, Sample
from omni.faces.people import People
from omni.faces.quality import qualities
from omni.faces.recognition import Recognition
from omni.faces.traits import Impression, TraitReader
from omni.process.best_shot import cut_out
from omni.track import Tracker
from omni.types import FaceReport, Faces, FaceSight, FaceTraits, Float32, Frame, ProfileMatch, Tracks, Verdict

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 1.0
"""Frames further apart do not count as seen between."""

LONE_FROM = 1 << 40
"""Numbers of the tracks of faces without a body begin here."""


class FaceWatch:
    """Watches one stream. Not thread-safe: one stream, one thread.

    A face belongs to the body in whose head region it lies. A face without a body is a track of its own.

    Args:
        detector, embedder, recognition, traits: shared by all streams.
        pictures: whether pictures of faces are handed on; can be changed between frames.
        max_fps: so many frames a second are searched at most; None: every one.
    """

    def __init__(
        self,
        detector: FaceDetector,
        embedder: FaceEmbedder,
        recognition: Recognition,
        traits: TraitReader,
        *,
        pictures: bool,
        max_fps: float | None = None,
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._recognition = recognition
        self._traits = traits
        self.pictures = pictures
        self._pause_s = 0.0 if max_fps is None else 1.0 / max_fps
        self._lone = Tracker()
        self._people = People()
        self._known: dict[int, Evidence] = {}
        self._impressions: defaultdict[int, Impression] = defaultdict(Impression)
        self._seen_at: float | None = None
        self._next_search = -np.inf
        self._generation = recognition.gallery.generation
        self._unrefreshed = False
        self._counts = Counter(searched=0, found=0, embedded=0, attributes=0, identified=0, unknown=0, withdrawn=0)
        self._cost_s = dict.fromkeys(("detect_s", "embed_s", "attributes_s"), 0.0)
        self._person_s = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Frames ``searched``, faces ``found`` and ``embedded``, readings of ``attributes``, verdicts ``identified``,
        ``unknown`` and ``withdrawn`` so far.
        """
        return dict(self._counts)

    @property
    def cost_s(self) -> dict[str, float]:
        """Seconds that looking (``detect_s``), embedding (``embed_s``) and reading of attributes (``attributes_s``)
        took so far, and for how long faces of people were seen (``person_s``, two people count twice).
        """
        return {**self._cost_s, "person_s": self._person_s}

    def update(self, frame: Frame, tracks: Tracks, gone: Iterable[int], bodies: Float32) -> FaceReport:
        """Look at one frame.

        Args:
            frame: the frame.
            tracks: the people who are told of.
            gone: ids of tracks that ended with this frame.
            bodies: (N, 4) pixels, everybody who may be in the picture.
        """
        if not self._due(frame.timestamp):
            people, ended = self._people.update(tracks, gone, {}, tracks.where(np.zeros(len(tracks), bool)), ())
            left = tuple(self._counted(self._end(ended)))
            return FaceReport(Faces.empty(), {}, people, tuple(ended), left, looked=False)
        begun = time.perf_counter()
        faces = self._detector.detect(frame.image)
        self._counts["searched"] += 1
        self._cost_s["detect_s"] += time.perf_counter() - begun
        self._counts["found"] += len(faces)
        lone, lone_gone, of_lone = self._follow_lone(frame, faces, bodies)
        owner = {face: body for face, body in enumerate(owners(faces.xyxy, tracks.xyxy).tolist()) if body >= 0}
        own_faces = {int(tracks.track_id[body]): faces.xyxy[face] for face, body in owner.items()}
        people, ended = self._people.update(tracks, gone, own_faces, lone, lone_gone)
        track_of = {face: int(people.track_id[body]) for face, body in owner.items()}
        with_body = set(track_of.values())
        for face, track_id in of_lone:
            if (number := self._people.number(track_id)) not in with_body:
                track_of[face] = number
        sights = self._sights(frame, faces, track_of)
        if self._seen_at is not None:
            self._person_s += len(sights) * float(np.clip(frame.timestamp - self._seen_at, 0.0, LONGEST_PAUSE_S))
        self._seen_at = frame.timestamp
        verdicts = [*self._judge(frame.timestamp, set(sights)), *self._end(ended)]
        return FaceReport(faces, sights, people, tuple(ended), tuple(self._counted(verdicts)))

    def _due(self, timestamp: float) -> bool:
        """Whether to search this frame. Searches keep to a grid: a rate that does not divide the camera's is met."""
        late = timestamp + 1e-6 - self._next_search
        if late >= 0 or late < -2 * self._pause_s:  # or the clock was set back
            self._next_search = (self._next_search if late < self._pause_s and late >= 0 else timestamp) + self._pause_s
            return True
        return False

    def finish(self) -> tuple[Verdict, ...]:
        """All tracks have ended. What is still to be told of them."""
        verdicts = tuple(self._counted(self._end(list(self._known))))
        self._lone.reset()
        self._people.reset()
        return verdicts

    def _follow_lone(
        self, frame: Frame, faces: Faces, bodies: Float32
    ) -> tuple[Tracks, list[int], list[tuple[int, int]]]:
        """Tracks of faces that no body can own, ids of those that ended, and pairs of face and track."""
        alone = np.flatnonzero(~in_heads(faces.xyxy, bodies))
        xyxy, confidence = faces.xyxy[alone], faces.confidence[alone]
        found = self._lone.update(xyxy, confidence, timestamp=frame.timestamp, image_size=frame.size)
        told = found.where(found.first_timestamp < found.timestamp)
        told = replace(told, track_id=told.track_id + LONE_FROM)
        gone = (self._lone.removed().track_id + LONE_FROM).tolist()
        seen = zip(told.detection_index.tolist(), told.track_id.tolist(), strict=True)
        return told, gone, [(int(alone[index]), track_id) for index, track_id in seen if index >= 0]

    def _sights(self, frame: Frame, faces: Faces, track_of: dict[int, int]) -> dict[int, FaceSight]:
        """Each person's face in this frame; those that are worth it are embedded, all at once."""
        chosen = list(track_of)
        quality = qualities(frame.image, faces[chosen])
        evidence = [self._known.setdefault(track_of[face], Evidence()) for face in chosen]
        for known in evidence:
            known.see(frame.timestamp)
        wanted = [i for i, known in enumerate(evidence) if known.wants(quality[i], frame.timestamp)]
        if wanted:
            begun = time.perf_counter()
            vectors = self._embedder.embed(frame.image, faces.landmarks[[chosen[i] for i in wanted]])
            self._cost_s["embed_s"] += time.perf_counter() - begun
            self._counts["embedded"] += len(wanted)
            for i, vector in zip(wanted, vectors, strict=True):
                evidence[i].add(Sample(vector, quality[i]), frame.timestamp)
        traits = self._look(frame, [track_of[face] for face in chosen], faces[chosen], quality)
        sights = {}
        for i, face in enumerate(chosen):
            better = quality[i] > evidence[i].best_picture
            evidence[i].best_picture = max(quality[i], evidence[i].best_picture)
            cut = cut_out(frame.image, faces.xyxy[face]) if better and self.pictures else None
            picture = None if cut is None else cut[0]
            sights[track_of[face]] = FaceSight(faces.xyxy[face], float(faces.confidence[face]), picture, traits[i])
        return sights

    def keep_up(self) -> None:
        """Have the gallery take in what others changed, and delete what is kept for too long."""
        try:
            # not by the frames: those of a file may be of any time, and what goes is gone
            self._recognition.gallery.refresh(time.time())
        except StateError as error:  # a full disk; who is known stays known meanwhile
            if not self._unrefreshed:
                logger.error("faces: the gallery is not brought up to date: %s", error)
            self._unrefreshed = True
        else:
            self._unrefreshed = False

    def _look(self, frame: Frame, people: list[int], faces: Faces, quality: list[float]) -> list[FaceTraits]:
        """What is told of each person's face with this frame."""
        impressions = [self._impressions[track_id] for track_id in people]
        before, begun = sum(known.readings for known in impressions), time.perf_counter()
        traits = self._traits.look(impressions, frame.image, faces, quality, frame.timestamp)
        self._cost_s["attributes_s"] += time.perf_counter() - begun
        self._counts["attributes"] += sum(known.readings for known in impressions) - before
        return traits

    def _judge(self, timestamp: float, seen: set[int]) -> Iterator[Verdict]:
        """What is new of those who are seen; of everybody when the gallery has changed."""
        self.keep_up()
        generation = self._recognition.gallery.generation  # once: other streams take changes in meanwhile
        changed, self._generation = generation != self._generation, generation
        yield from self._tell_apart(seen)
        for track_id, evidence in self._known.items():
            if not changed and evidence.latest != timestamp:
                if track_id in seen and evidence.is_unknown(timestamp, leaving=False):
                    yield self._unknown(track_id, evidence)
                continue
            profiles = evidence.verdict(self._recognition)
            if profiles:
                news = [profile.id for profile in evidence.profiles[:1]] != [profiles[0].id]
                if news and self._nearer(profiles[0], seen - {track_id}):
                    continue
                evidence.profiles = profiles
                yield from self._tell_apart(seen | {track_id})
                if news:
                    yield Verdict(track_id, "identified", profiles)
            elif evidence.profiles and (changed or evidence.refuted(self._recognition)):
                evidence.profiles = ()
                yield Verdict(track_id, "withdrawn", ())
            elif evidence.is_unknown(timestamp, leaving=False):
                yield self._unknown(track_id, evidence)

    def _nearer(self, profile: ProfileMatch, seen: set[int]) -> bool:
        """Whether one of those who are seen has the profile, and is no further from it."""
        matched = (known.profiles[0] for known in map(self._known.__getitem__, seen) if known.profiles)
        return any(other.id == profile.id and other.distance <= profile.distance for other in matched)

    def _tell_apart(self, seen: set[int]) -> Iterator[Verdict]:
        """One profile is one person in view: the nearest of those who look like it keeps it."""
        for track_id in sorted(seen):
            evidence = self._known[track_id]
            if evidence.profiles and self._nearer(evidence.profiles[0], seen - {track_id}):
                evidence.profiles = ()
                yield Verdict(track_id, "withdrawn", ())

    def _unknown(self, track_id: int, evidence: Evidence) -> Verdict:
        evidence.told_unknown = True
        return Verdict(track_id, "unknown", ())

    def _end(self, gone: Iterable[int]) -> Iterator[Verdict]:
        """Those who leave unmatched though they could be compared are unknown."""
        for track_id in gone:
            self._impressions.pop(track_id, None)
            evidence = self._known.pop(track_id, None)
            if evidence is not None and evidence.is_unknown(np.inf, leaving=True):
                yield Verdict(track_id, "unknown", ())

    def _counted(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        for verdict in verdicts:
            self._counts[verdict.kind] += 1
            yield verdict
