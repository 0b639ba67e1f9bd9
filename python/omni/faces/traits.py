"""Age, gender, emotion and attention of a person, smoothed over the track of the face; each only where it is wanted.

Liveness is not among them: no network here tells a face from a picture of one, and it is not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from omni.config import AttributesConfig
from omni.detect import AgeGender, AgeGenderReader, EmotionReader, open_age_gender, open_emotion
from omni.faces.pose import yaw_pitch
from omni.types import EMOTIONS, Attention, Emotion, Faces, FaceTraits, Float32, Gender, UInt8

LEAST_QUALITY = 0.2
"""Of a face that a network is asked about."""

AGE_PAUSE_S = 0.5
"""Age and gender are read so often at most,"""

AGE_READINGS = 8
"""and so many times; these decide,"""

AGE_LEAST = 3
"""from so many on."""

GENDER_MARGIN = 0.1
"""Nearer to even than this it is left open."""

EMOTION_PAUSE_S = 0.25
"""An emotion is read so often at most."""

EMOTION_MEMORY_S = 0.75
"""Time constant over which readings are averaged."""

EMOTION_MARGIN = 0.1
"""Another emotion must lead by so much,"""

EMOTION_HOLD_S = 0.5
"""for so long; the first one must be the likeliest for so long."""

LOOKING_DEG = 20.0
"""Who turns the face to the camera by yaw and pitch of no more looks at it,"""

NOT_LOOKING_DEG = 28.0
"""and by more no longer."""

POSE_MEMORY_S = 0.3
"""Time constant over which the pose is averaged."""

UNSEEN_S = 2.0
"""A face that was not seen for so long is looked at anew: only age and gender stay."""


@dataclass(frozen=True, slots=True)
class TraitReader:
    """The networks, shared by all streams; None: not wanted.

    Attributes:
        age_gender, emotion: the networks.
        attention: whether it is told who looks at the camera.
    """

    age_gender: AgeGenderReader | None
    emotion: EmotionReader | None
    attention: bool

    def look(
        self,
        impressions: Sequence[Impression],
        image: UInt8,
        faces: Faces,
        qualities: Sequence[float],
        timestamp: float,
    ) -> list[FaceTraits]:
        """Take what one frame shows of N people; those who are due go through the networks at once.

        Args:
            impressions: of each.
            image: (H, W, 3) uint8 BGR.
            faces: of each.
            qualities: of each face, 0..1.
            timestamp: seconds.

        Returns:
            What is told of each from now on.
        """
        ages: dict[int, AgeGender] = {}
        moods: dict[int, Float32] = {}
        if self.age_gender is not None:
            due = [i for i, known in enumerate(impressions) if known.wants_age(qualities[i], timestamp)]
            ages = dict(zip(due, self.age_gender.read(image, faces.xyxy[due]), strict=True))
        if self.emotion is not None:
            due = [i for i, known in enumerate(impressions) if known.wants_emotion(qualities[i], timestamp)]
            moods = dict(zip(due, self.emotion.read(image, faces.xyxy[due]), strict=True))
        return [
            known.look(
                timestamp,
                quality=qualities[i],
                age=ages.get(i),
                mood=moods.get(i),
                landmarks=faces.landmarks[i] if self.attention else None,
            )
            for i, known in enumerate(impressions)
        ]


def open_trait_reader(
    wanted: AttributesConfig, *, providers: Sequence[str], threads: int, allow_fallback: bool
) -> TraitReader:
    """Open what is wanted.

    Raises:
        ModelError: a network is missing, damaged, or does not run where it was asked to.
    """
    where = {"providers": providers, "threads": threads, "allow_fallback": allow_fallback}
    return TraitReader(
        open_age_gender(**where) if wanted.age_gender else None,  # type: ignore[arg-type]
        open_emotion(**where) if wanted.emotion else None,  # type: ignore[arg-type]
        wanted.attention,
    )


@dataclass(slots=True)
class Impression:
    """What is known of one track so far.

    Attributes:
        readings: of the networks so far.
    """

    readings: int = 0
    _seen: float | None = None
    _ages: int = 0
    _aged: float = -math.inf
    _sums: Float32 = field(default_factory=lambda: np.zeros(3, np.float32))  # weight, of years, of being male
    _felt: float | None = None
    _mood: Float32 | None = None
    _emotion: Emotion | None = None
    _rival: tuple[str, float] | None = None
    _pose: Float32 | None = None
    _looking: bool = False
    _looking_s: float = 0.0

    def wants_age(self, quality: float, timestamp: float) -> bool:
        """Whether a face of this quality (0..1) is worth a reading of age and gender now."""
        return quality >= LEAST_QUALITY and self._ages < AGE_READINGS and timestamp - self._aged >= AGE_PAUSE_S

    def wants_emotion(self, quality: float, timestamp: float) -> bool:
        """Whether it is worth a reading of the emotion now."""
        return quality >= LEAST_QUALITY and (self._felt is None or timestamp - self._felt >= EMOTION_PAUSE_S)

    def look(
        self,
        timestamp: float,
        *,
        quality: float,
        age: AgeGender | None,
        mood: Float32 | None,
        landmarks: Float32 | None,
    ) -> FaceTraits:
        """Take what one frame shows of the face.

        Args:
            timestamp: seconds.
            quality: of the face, 0..1.
            age: what was read of age and gender; None: nothing in this frame.
            mood: how likely each of ``EMOTIONS`` is (7,); None: nothing was read.
            landmarks: (5, 2) pixels; None: nobody asks where the head is turned to.
        """
        pause = math.inf if self._seen is None else timestamp - self._seen
        if pause > UNSEEN_S:
            self._forget()
        self._seen = timestamp
        if age is not None:
            self._sums += quality * np.array([1.0, age.age, age.male], np.float32)
            self._ages, self._aged = self._ages + 1, timestamp
            self.readings += 1
        if mood is not None:
            self._feel(mood, timestamp)
            self.readings += 1
        if landmarks is not None:
            self._turn(landmarks, pause)
        return self.traits

    @property
    def traits(self) -> FaceTraits:
        """As they stand."""
        age: float | None = None
        gender: Gender | None = None
        if self._ages >= AGE_LEAST:
            weight, years, male = self._sums.tolist()
            age = round(years / weight, 1)
            if abs(male / weight - 0.5) >= GENDER_MARGIN:
                gender = "MALE" if male / weight > 0.5 else "FEMALE"
        attention = None
        if self._pose is not None:
            yaw, pitch = self._pose.tolist()
            attention = Attention(self._looking, round(yaw, 1), round(pitch, 1), round(self._looking_s, 3))
        return FaceTraits(age, gender, self._emotion, attention)

    def _forget(self) -> None:
        self._felt = self._mood = self._emotion = self._rival = self._pose = None
        self._looking = False

    def _feel(self, likely: Float32, timestamp: float) -> None:
        """Average, and change over only to what leads clearly and for a while."""
        if self._mood is None or self._felt is None:
            self._mood = likely
        else:
            self._mood = self._mood + _share(timestamp - self._felt, EMOTION_MEMORY_S) * (likely - self._mood)
        self._felt = timestamp
        leader = EMOTIONS[int(self._mood.argmax())]
        lead = self._mood.max() - (self._mood[EMOTIONS.index(self._emotion)] if self._emotion else 0.0)
        if leader == self._emotion or lead < EMOTION_MARGIN:
            self._rival = None
            return
        if self._rival is None or self._rival[0] != leader:
            self._rival = leader, timestamp
        if timestamp - self._rival[1] >= EMOTION_HOLD_S:
            self._emotion, self._rival = leader, None

    def _turn(self, landmarks: Float32, pause: float) -> None:
        pose = np.array(yaw_pitch(landmarks), np.float32)
        if self._looking:
            self._looking_s += pause
        self._pose = pose if self._pose is None else self._pose + _share(pause, POSE_MEMORY_S) * (pose - self._pose)
        limit = NOT_LOOKING_DEG if self._looking else LOOKING_DEG
        self._looking = bool((np.abs(self._pose) <= limit).all())


def _share(pause: float, memory_s: float) -> float:
    """Of what is new after a pause, under exponential forgetting."""
    return 1.0 - math.exp(-pause / memory_s)
