"""One stream, its people scripted, goes on under other settings: what ends, what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
from tests.unit.agent.scene import Scene, standing

from omni.agent.pipeline import Change
from omni.config import RegionConfig, StreamConfig
from omni.process import ShotSettings

DOOR = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
WHOLE = [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}, {"x": 0, "y": 1}]


def region(number: int, name: str = "room", **more: Any) -> dict[str, Any]:
    return {"name": name, "uuid": str(UUID(int=number)), "points": WHOLE, **more}


def changed(scene: Scene, at: int, *regions: dict[str, Any], shots: ShotSettings | None = None) -> Callable[[int], Any]:
    """Somebody who stands; from frame ``at`` on the stream has these regions."""

    def people(i: int) -> list[tuple[float, float, float, float]]:
        if i == at:
            configs = [RegionConfig.model_validate(r) for r in regions]
            stream = StreamConfig.model_validate({"stream_uuid": DOOR, "url": "scene.avi"})
            scene.pipeline.change(Change(stream, scene, None, [], configs, 3, 1.0, shots, False))  # type: ignore[arg-type]
        return [standing(160, 200)]

    return people


def play(at: int, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """What is told of one person who stands there, when regions change: reason, and why a presence or person ended."""
    scene = Scene(lambda _: [], 40, regions=before)
    scene.people = changed(scene, at, *after)
    told = [m for m in scene.play() if m.reason != "ongoing"]
    return [(m.reason, m.processes[0]["omni"].get("end_reason")) for m in told]


def test_a_region_that_is_added_meets_who_is_there_and_breaks_nothing() -> None:
    assert play(20, [], [region(1)]) == [
        ("begin", None), ("roi", None), ("end", "end_of_file"), ("end", "end_of_file")]  # fmt: skip


def test_a_region_that_goes_ends_its_presence_and_no_person() -> None:
    assert play(20, [region(1)], []) == [
        ("begin", None), ("roi", None), ("end", "config_changed"), ("end", "end_of_file")]  # fmt: skip


def test_a_region_that_stays_is_unbroken_also_under_another_name() -> None:
    unbroken = [("begin", None), ("roi", None), ("end", "end_of_file"), ("end", "end_of_file")]
    assert play(20, [region(1)], [region(1, "hall")]) == unbroken
    told = play(20, [region(1)], [region(2), region(1)])
    assert told == [*unbroken[:2], ("roi", None), *[("end", "end_of_file")] * 3]


def test_who_is_in_view_when_people_are_looked_for_no_more_ends_and_comes_back_as_a_new_process() -> None:
    stream = StreamConfig.model_validate({"stream_uuid": DOOR, "url": "scene.avi", "motion_gate": True})
    looks_from = {20: False, 50: True}

    def picture(i: int) -> np.ndarray:
        if i in looks_from:
            detector: Any = scene if looks_from[i] else None
            room = [RegionConfig.model_validate(region(1))]
            scene.pipeline.change(Change(stream, detector, None, [], room, 3, 1.0, None, False))
        return np.full((240, 320, 3), 90, np.uint8)

    options = {"motion_gate": True}
    scene = Scene(lambda _: [standing(160, 200)], 80, regions=[region(1)], picture=picture, options=options)
    told = [
        (m.reason, m.processes[0]["omni"].get("end_reason"), m.processes[0]["frame_interval"]) for m in scene.play()
    ]
    assert [one for one in told if one[0] == "end"] == [
        ("end", "config_changed", [1, 19]), ("end", "config_changed", [0, 19]),
        ("end", "end_of_file", [51, 79]), ("end", "end_of_file", [50, 79]),
    ]  # fmt: skip
    assert not any(reason == "ongoing" and 20 <= seen[1] < 50 for reason, _, seen in told)


def test_pictures_that_were_kept_under_other_rules_are_forgotten() -> None:
    bare, hidden = ShotSettings(anonymous=False, whole_frame=False), ShotSettings(anonymous=True, whole_frame=False)
    scene = Scene(lambda _: [], 30, best_shots=bare, picture=lambda _: np.full((240, 320, 3), 90, np.uint8))
    scene.people = changed(scene, 29, shots=hidden)  # the last frame is taken under the old rules
    assert scene.play()[-1].best_shots
    scene = Scene(lambda _: [], 30, best_shots=bare, picture=lambda _: np.full((240, 320, 3), 90, np.uint8))
    scene.people = changed(scene, 10, shots=None)
    assert scene.play()[-1].best_shots == {}
