"""Age, mood and attention, as they are told; the networks say what the test decides."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.agent.face_scene import ANN, FACE, STANDS, records, scene

from omni.detect.face_attributes import AgeGender
from omni.faces import Gallery
from omni.faces.traits import TraitReader
from omni.types import EMOTIONS


class Moods:
    """Feels what the test says, by the number of the reading (four a second)."""

    def __init__(self, *emotions: str) -> None:
        self.emotions, self.read_so_far = emotions, 0

    def read(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        del image
        emotion = self.emotions[min(self.read_so_far // 12, len(self.emotions) - 1)]
        self.read_so_far += len(boxes)
        likely = np.full((len(boxes), len(EMOTIONS)), 0.05, np.float32)
        likely[:, EMOTIONS.index(emotion)] = 0.7  # type: ignore[arg-type]
        return likely


class Ages:
    def read(self, image: np.ndarray, boxes: np.ndarray) -> list[AgeGender]:
        del image
        return [AgeGender(33.0, 0.1)] * len(boxes)


def test_an_emotion_is_a_process_and_a_change_ends_it_and_begins_the_next(gallery: Gallery) -> None:
    reader = TraitReader(Ages(), Moods("NEUTRAL", "HAPPY"), attention=True)  # type: ignore[arg-type]
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery, frames=100, traits=reader)
    told.play()
    [human], [face] = records(told, "human"), [r for r in records(told, "face") if r["type"] == "track"]
    moods = [r for r in records(told, "face") if r["type"] == "emotion"]
    assert [m["emotion"] for m in moods] == ["NEUTRAL", "HAPPY"]
    assert all(m["finalized"] and m["parent"] == human["id"] for m in moods)
    assert [m["omni"]["end_reason"] for m in moods] == ["ended", "end_of_file"]
    assert moods[0]["frame_interval"][1] + 1 == moods[1]["frame_interval"][0]
    assert moods[1]["time_interval"][1] == face["time_interval"][1]
    change = [m for m in told.told if m.processes[0]["type"] == "emotion"]
    assert [m.reason for m in change] == ["begin", "end", "begin"]
    assert face["object"]["attributes"] == {"age": 33.0, "gender": "FEMALE"}
    assert face["omni"]["attention"]["looking"]
    assert told.pipeline.face_counts["attributes"] <= 8 + 100 / 10 * 4
    cost = told.pipeline.face_cost_s
    assert cost["person_s"] == pytest.approx(9.8, abs=0.2)
    assert set(cost) == {"detect_s", "embed_s", "attributes_s", "person_s"}


def test_an_emotion_ends_with_the_sight_of_the_face(gallery: Gallery) -> None:
    reader = TraitReader(None, Moods("HAPPY"), attention=False)  # type: ignore[arg-type]
    told = scene(
        lambda i: [(*FACE, ANN)] if i < 30 or i >= 70 else [], lambda _: STANDS, gallery, frames=100, traits=reader
    )
    told.play()
    moods = [r for r in records(told, "face") if r["type"] == "emotion"]
    assert [(m["emotion"], m["finalized"]) for m in moods] == [("HAPPY", True)] * 2
    assert moods[0]["frame_interval"][1] == 29
    assert moods[1]["frame_interval"][0] > 70


def test_what_was_not_asked_for_is_not_told(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
    told.play()
    [face] = records(told, "face")
    assert "attributes" not in face["object"]
    assert "attention" not in face["omni"]
