"""From what a detector sees to what is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from tests.unit.agent.scene import RUN, STREAM, Boxes, Scene, standing

from omni.detect.lookout import MASK
from omni.process import Position
from omni.types import Detections, Frame

DOOR = {
    "name": "door",
    "uuid": str(UUID(int=5)),
    "points": [{"x": 0.4, "y": 0.0}, {"x": 0.6, "y": 0.0}, {"x": 0.6, "y": 1.0}, {"x": 0.4, "y": 1.0}],
    "trigger_settings": {"is_roi": True, "direction": {"x": 1, "y": 0}},
}


def humans(scene: Scene) -> list[dict[str, object]]:
    return [r for r in scene.records().values() if r["object"]["class"] == "human" and r["type"] == "track"]


def walk(i: int) -> Boxes:
    """From left to right, 4 pixels a frame of 10 a second, then gone."""
    return [standing(40 + 4 * i, 200)] if i < 60 else []


def test_a_false_alarm_of_one_frame_makes_no_process_at_any_time() -> None:
    for seen in (0, 1, 20):
        scene = Scene(lambda i, seen=seen: [standing(100, 200)] if i == seen else [], 60)
        assert scene.play() == [], seen


def test_a_begin_carries_the_time_first_seen_at_the_streams_start_as_well() -> None:
    for first in (0, 5):
        scene = Scene(lambda i, first=first: [standing(100, 200)] if i >= first else [], 20)
        begin = scene.play()[0]
        assert begin.reason == "begin"
        assert begin.processes[0]["frame_interval"] == [first, first + 1]


def test_who_is_hidden_for_a_second_is_one_person() -> None:
    scene = Scene(lambda i: walk(i) if not 20 <= i < 30 else [], 110)
    scene.play()
    [human] = humans(scene)
    assert human["frame_interval"] == [0, 59]
    assert human["omni"]["end_reason"] == "lost"  # type: ignore[index]


def test_two_who_pass_each_other_stay_two() -> None:
    def meet(i: int) -> Boxes:
        left, right = standing(60 + 5 * i, 200), standing(260 - 5 * i, 206)
        return [right] if 17 <= i < 23 else [left, right]  # the nearer one covers the other

    scene = Scene(meet, 40)
    scene.play()
    assert [h["frame_interval"] for h in humans(scene)] == [[0, 39], [0, 39]]


def test_one_human_has_at_most_one_open_body() -> None:
    scene = Scene(walk, 110)
    scene.play()
    [human] = humans(scene)
    [body] = [r for r in scene.records().values() if r["object"]["class"] == "body"]
    assert body["parent"] == human["id"]
    assert body["finalized"]


@pytest.mark.parametrize("fps", [10.0, 5.0, 2.0])
def test_a_walk_through_a_line_is_told_at_once_and_in_order(fps: float) -> None:
    step = 40 / fps
    scene = Scene(
        lambda i: [standing(41 + step * i, 200)] if 41 + step * i < 300 else [],
        int(12 * fps),
        fps=fps,
        regions=[DOOR],
    )
    told = [m for m in scene.play() if m.reason != "ongoing"]
    assert [m.reason for m in told] == ["begin", "roi", "end", "line", "end"]
    begin, came, left, line, end = (m.processes[0] for m in told)
    human = begin["id"]
    assert {p["parent"] for p in (came, left, line)} == {human}
    assert (came["id"], came["finalized"], left["finalized"]) == (left["id"], False, True)
    assert left["omni"]["end_reason"] == "left"
    assert left["omni"]["dwell_s"] == pytest.approx(64 / 40, abs=1.5 / fps)
    assert (line["direction"], line["line"]["name"]) == ("forward", "door")
    explain = line["omni"]["explain"]
    assert (explain["side_in"], explain["side_out"]) == ("near", "far")
    assert explain["before"]["point"][0] < 0.4 <= explain["entered"]["point"][0]
    assert explain["last"]["point"][0] < 0.6 <= explain["after"]["point"][0]
    assert line["time_interval"] == [explain["entered"]["time"], explain["after"]["time"]]
    assert end["id"] == human
    assert [event.kind for event in scene.crossed if event.kind in ("forward", "reverse")] == ["forward"]


def test_a_presence_goes_along_with_the_periodic_message_and_ends_with_the_person() -> None:
    scene = Scene(lambda _: [standing(160, 200)], 45, regions=[DOOR])
    told = scene.play()
    ongoing = [m for m in told if m.reason == "ongoing"]
    assert all([p["type"] for p in m.processes] == ["track", "track", "action"] for m in ongoing)
    assert [m.processes[2]["omni"]["dwell_s"] for m in ongoing] == [pytest.approx(0.9 + i) for i in range(4)]
    presence, human = told[-2].processes[0], told[-1].processes[0]
    assert (presence["finalized"], presence["omni"]["end_reason"]) == (True, "end_of_file")
    assert presence["parent"] == human["id"]


def test_a_presence_is_told_up_to_the_latest_sight_inside_and_never_goes_back() -> None:
    """Out of the region for 2 s that are not believed yet: the time outside is none inside."""
    scene = Scene(
        lambda i: [standing(160 if i < 25 else min(160 + 8 * (i - 24), 220), 200)],
        60,
        regions=[DOOR],
        inertia_frames=21,
    )
    told = [p for m in scene.play() for p in m.processes if p["type"] == "action"]
    ends = [p["time_interval"][1] for p in told]
    assert [p["finalized"] for p in told] == [False, False, False, True]
    assert ends == sorted(ends)
    assert ends[1:] == [p["omni"]["explain"]["last"]["time"] for p in told[1:]]
    assert ends[2] == ends[3], "outside since then"
    assert told[2]["omni"]["dwell_s"] == told[3]["omni"]["dwell_s"]


def test_events_name_their_processes() -> None:
    scene = Scene(walk, 110, regions=[DOOR])
    scene.play()
    events = [event for message in scene.told for event in message.events]
    assert [(e["type"], e.get("state"), e.get("direction")) for e in events] == [
        ("roi", "in", None),
        ("roi", "out", None),
        ("crossing", None, "forward"),
    ]
    records = scene.records()
    for event in events:
        human, action = (parent["id"] for parent in event["parents"])
        assert records[action]["parent"] == human
    assert len({event["id"] for event in events}) == 3


def test_with_termination_on_lost_a_person_ends_at_once_and_comes_back_as_another() -> None:
    scene = Scene(lambda i: walk(i) if not 20 <= i < 25 else [], 100, end_lost=True)
    told = [m for m in scene.play() if m.reason != "ongoing"]
    assert [m.reason for m in told] == ["begin", "end", "begin", "end"]
    intervals = [h["frame_interval"] for h in humans(scene)]
    assert intervals == [[0, 19], [25, 59]]
    assert [m.timestamp - 1_000_000_000 for m in told if m.reason == "end"] == pytest.approx([2.0, 6.0])


def test_a_picture_that_changes_its_size_keeps_people_and_where_they_are() -> None:
    """Twice as large from the 15th frame on: somebody walks on through the door, whose corners are relative."""

    def scale(frame: int) -> int:
        return 1 if frame < 15 else 2

    def larger(frame: int) -> Boxes:
        return [tuple(scale(frame) * value for value in box) for box in walk(frame)]  # type: ignore[misc]

    def picture(frame: int) -> np.ndarray:
        return np.full((240 * scale(frame), 320 * scale(frame), 3), frame, np.uint8)

    as_ever, changed = (
        Scene(people, 110, regions=[DOOR], picture=p) for people, p in ((walk, None), (larger, picture))
    )
    for scene in (as_ever, changed):
        scene.play()
        [human] = humans(scene)
        assert human["frame_interval"] == [0, 59]
    told = [[(m.reason, [p["frame_interval"] for p in m.processes]) for m in s.told] for s in (as_ever, changed)]
    assert told[0] == told[1]


class Looking(Scene):
    """Nobody is there; what the detector is shown is written down."""

    def __init__(self, **options: object) -> None:
        self.shown: list[np.ndarray] = []
        super().__init__(lambda _: [], 20, picture=lambda _: np.full((240, 320, 3), 200, np.uint8), options=options)

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        self.shown += images
        return [Detections.empty() for _ in images]


def test_what_a_stream_ignores_is_masked_before_detection() -> None:
    scene = Looking(ignore=[[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]])
    scene.play()
    assert len(scene.shown) == 20
    assert all((image[:, :160] == MASK).all() and (image[:, 162:] == 200).all() for image in scene.shown)


def test_a_stream_with_tiles_is_looked_at_whole_and_in_pieces() -> None:
    scene = Looking(tiles=(2, 1))
    scene.play()
    widths = [image.shape[1] for image in scene.shown]
    assert (len(widths), max(widths), min(widths)) == (60, 320, 183)


def test_a_still_stream_with_a_motion_gate_is_looked_at_once() -> None:
    scene = Looking(motion_gate=True)
    scene.play()
    assert len(scene.shown) == 1
    assert scene.pipeline.status().frames == 20


def test_time_does_not_go_back_to_the_last_picture_when_a_camera_is_back() -> None:
    """What is told of external processes in between is dated by the time that has passed."""
    at = RUN.started_at

    class Camera(Scene):
        def now(self) -> float:  # type: ignore[override]
            return at + 7.0

        def __iter__(self) -> Iterator[Frame]:
            condition, self._shown = self.pipeline._condition, [self.picture(i) for i in range(2)]
            condition.set("online")
            yield Frame(STREAM, 0, at, 0.0, self._shown[0])
            condition.set("backoff", "lost")
            yield None  # type: ignore[misc]
            condition.set("online")
            positions.append(self.pipeline.position)
            yield Frame(STREAM, 1, at + 8.0, 8.0, self._shown[1])

    def others() -> list[dict[str, Any]]:
        positions.append(camera.pipeline.position)
        return []

    positions: list[Position | None] = []
    camera = Camera(lambda _: [], 2)
    camera.pipeline._builder._also_open = others
    camera.play()
    told = [(position.timestamp - at, position.frame) for position in positions if position]
    assert told == [(7.0, 0), (7.0, 0), (8.0, 1)]
