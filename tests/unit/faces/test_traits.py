"""What is told of a face over time: few readings, smooth, and not before it is sure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from omni.detect.face_attributes import AgeGender
from omni.faces.pose import yaw_pitch
from omni.faces.traits import AGE_READINGS, Impression, TraitReader
from omni.types import EMOTIONS, Emotion, Faces, FaceTraits

IMAGE = np.zeros((100, 100, 3), np.uint8)
BOX = np.array([[20, 20, 60, 70]], np.float32)
FACE = np.array([(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.57, 0.55), (-0.43, 1.1, 0.12), (0.43, 1.1, 0.12)])


class Networks:
    """Read what the test says for a time; the picture tells nothing."""

    def __init__(self, feels: Callable[[float], Emotion], age: Callable[[int], AgeGender]) -> None:
        self.feels, self.age, self.now, self.ages, self.moods = feels, age, 0.0, 0, 0


class Ages(Networks):
    def read(self, image: np.ndarray, boxes: np.ndarray) -> list[AgeGender]:
        del image
        self.ages += len(boxes)
        return [self.age(self.ages)] * len(boxes)


class Moods(Networks):
    def read(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        del image
        self.moods += len(boxes)
        likely = np.full((len(boxes), len(EMOTIONS)), 0.05, np.float32)
        likely[:, EMOTIONS.index(self.feels(self.now))] = 0.7
        return likely


def turned(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Landmarks of a face 40 pixels between the eyes."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    in_plane = np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]])
    return (40 * (FACE @ (about_x @ about_y).T)[:, :2] @ in_plane.T + 200).astype(np.float32)


def watch(
    *,
    feels: Callable[[float], Emotion] = lambda _: "NEUTRAL",
    age: Callable[[int], AgeGender] = lambda _: AgeGender(40.0, 0.9),
    yaw: Callable[[float], float] = lambda _: 0.0,
    seconds: float = 10.0,
    seen: Callable[[float], bool] = lambda _: True,
    quality: float = 0.8,
) -> tuple[list[tuple[float, FaceTraits]], Ages, Moods]:
    ages, moods, impression, told = Ages(feels, age), Moods(feels, age), Impression(), []
    reader = TraitReader(ages, moods, attention=True)  # type: ignore[arg-type]
    for at in np.arange(0.0, seconds, 0.1).round(1).tolist():
        ages.now = moods.now = at
        if seen(at):
            face = Faces(BOX, np.ones(1, np.float32), turned(yaw(at))[None])
            told.append((at, *reader.look([impression], IMAGE, face, [quality], at)))
    assert impression.readings == ages.ages + moods.moods
    return told, ages, moods


def emotions(told: list[tuple[float, FaceTraits]]) -> list[Emotion | None]:
    values = [traits.emotion for _, traits in told]
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]


def test_age_and_gender_are_a_mean_of_few_readings_and_left_open_where_they_are_even() -> None:
    told, ages, _ = watch(age=lambda i: AgeGender(30.0 + 10 * (i % 2), 0.9), seconds=20.0)
    assert ages.ages == AGE_READINGS
    assert told[0][1].age is None
    assert (told[-1][1].age, told[-1][1].gender) == (35.0, "MALE")
    told, _, _ = watch(age=lambda _: AgeGender(30.0, 0.55))
    assert (told[-1][1].age, told[-1][1].gender) == (30.0, None)
    told, _, _ = watch(age=lambda _: AgeGender(30.0, 0.1))
    assert told[-1][1].gender == "FEMALE"


def test_a_change_of_emotion_is_told_once_and_a_flicker_never() -> None:
    told, _, moods = watch(feels=lambda t: "HAPPY" if t >= 5 else "NEUTRAL")
    assert emotions(told) == [None, "NEUTRAL", "HAPPY"]
    assert next(at for at, traits in told if traits.emotion == "HAPPY") - 5.0 <= 1.5
    assert moods.moods <= 10 / 0.25
    told, _, _ = watch(feels=lambda t: "ANGRY" if 5.0 <= t < 5.3 else "NEUTRAL")
    assert emotions(told) == [None, "NEUTRAL"]
    told, _, _ = watch(feels=lambda t: "SAD" if int(t * 4) % 2 else "NEUTRAL")
    assert len(emotions(told)) <= 2


def test_a_face_that_is_hardly_seen_is_not_asked_about() -> None:
    told, ages, moods = watch(quality=0.1)
    assert (ages.ages, moods.moods) == (0, 0)
    assert told[-1][1] == FaceTraits(attention=told[-1][1].attention)


def test_after_a_pause_the_emotion_is_looked_at_anew_and_the_age_stays() -> None:
    told, _, _ = watch(seen=lambda t: not 4 <= t < 8)
    after = next(traits for at, traits in told if at >= 8)
    assert (after.emotion, after.age) == (None, 40.0)


def test_looking_at_the_camera_has_a_dead_band_and_adds_up() -> None:
    told, _, _ = watch(yaw=lambda t: 0.0 if t < 3 else 24.0 if t < 5 else 45.0 if t < 7 else 24.0)
    looking = {at: traits.attention.looking for at, traits in told if traits.attention}
    assert (looking[2.0], looking[4.9], looking[6.5], looking[9.9]) == (True, True, False, False)
    last = told[-1][1].attention
    assert last is not None
    assert last.looking_s == pytest.approx(5.0, abs=0.6)
    assert last.yaw == pytest.approx(24.0, abs=1.0)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-45, 0, 20), (0, 25, 0), (20, -15, -30)])
def test_the_pose_of_a_turned_head_is_found(yaw: float, pitch: float, roll: float) -> None:
    found = yaw_pitch(turned(yaw, pitch))
    assert found == pytest.approx((yaw, pitch), abs=3.0)
    if yaw == 0 or pitch == 0:
        tilted = yaw_pitch(turned(yaw, pitch, roll))
        across = np.hypot(*found)
        assert np.hypot(*tilted) == pytest.approx(across, abs=6.0)
