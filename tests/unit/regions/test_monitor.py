from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from omni.config import RegionConfig
from omni.errors import ConfigError
from omni.regions import RegionMonitor
from omni.types import CONFIRMED, Frame, Tracks

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SQUARE = [{"x": 0.25, "y": 0.5}, {"x": 0.75, "y": 0.5}, {"x": 0.75, "y": 0.75}, {"x": 0.25, "y": 0.75}]
LINE = {"trigger_settings": {"direction": {"x": 0, "y": 1}}}


def region(**more: Any) -> RegionConfig:
    return RegionConfig.model_validate({"name": "door", "uuid": UUID(int=5), "points": SQUARE, **more})


def frame(index: int) -> Frame:
    return Frame(STREAM, index, 1000 + index / 10, index / 10, np.zeros((100, 200, 3), np.uint8))


def standing_at(of: Frame, feet: dict[int, tuple[float, float]], *, predicted: bool = False) -> Tracks:
    """People 20 pixels high with their feet there."""
    n = len(feet)
    return Tracks(
        timestamp=of.timestamp,
        track_id=np.array(list(feet), np.int64),
        xyxy=np.array([(x - 5, y - 20, x + 5, y) for x, y in feet.values()], np.float32).reshape(-1, 4),
        confidence=np.full(n, 0.8, np.float32),
        class_id=np.zeros(n, np.int32),
        state=np.full(n, CONFIRMED, np.uint8),
        detection_index=np.full(n, -1 if predicted else 0, np.int32),
        first_timestamp=np.full(n, of.timestamp - 1),
    )


def test_the_feet_count_and_the_frames_are_named() -> None:
    monitor = RegionMonitor([region()], 3)
    happened = []
    for i, y in enumerate([45, 52, 55, 60, 70, 80, 85, 90]):
        happened += monitor.update(frame(i), standing_at(frame(i), {7: (100, y)}), [])
    entry, exit_ = happened
    assert (entry.kind, exit_.kind, entry.track_id, entry.region_name) == ("entry", "exit", 7, "door")
    assert entry.before is not None
    assert (entry.before.frame, entry.entered.frame, entry.last.frame, entry.after) == (0, 1, 3, None)
    assert exit_.after is not None
    assert (exit_.entered.frame, exit_.last.frame, exit_.after.frame) == (1, 4, 5)
    assert (entry.entered.x, entry.entered.y, entry.entered.timestamp) == (0.5, pytest.approx(0.52), 1000.1)


def test_feet_below_the_picture_are_in_a_region_drawn_to_its_edge() -> None:
    corners = [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}, {"x": 0, "y": 1}]
    monitor = RegionMonitor([region(points=corners)], 1)
    kinds = [
        event.kind
        for i, y in enumerate([99, 100, 100.1, 103, 99.9, 100])
        for event in monitor.update(frame(i), standing_at(frame(i), {7: (100, y)}), [])
    ]
    assert kinds == ["entry"]
    [stay] = monitor.stays()
    assert (stay.entered.frame, stay.last.frame, stay.after) == (0, 5, None)


def test_predicted_boxes_are_no_evidence() -> None:
    monitor = RegionMonitor([region()], 1)
    assert monitor.update(frame(0), standing_at(frame(0), {7: (100, 60)}, predicted=True), []) == []


def test_who_is_gone_has_left_and_a_number_used_again_is_somebody_else() -> None:
    monitor = RegionMonitor([region(**LINE), region(uuid=UUID(int=6), name="till")], 1)
    kinds = [e.kind for e in monitor.update(frame(0), standing_at(frame(0), {7: (100, 45)}), [])]
    kinds += [e.kind for e in monitor.update(frame(1), standing_at(frame(1), {7: (100, 55)}), [])]
    kinds += [e.kind for e in monitor.update(frame(2), standing_at(frame(2), {}), [7])]
    assert kinds == ["entry", "exit"]
    assert monitor.update(frame(3), standing_at(frame(3), {7: (100, 80)}), []) == []
    assert monitor.finish() == []


def test_a_line_tells_of_presence_only_when_asked() -> None:
    told = {}
    for is_roi in (False, True):
        trigger = {"is_roi": is_roi, "direction": {"x": 0, "y": 1}}
        monitor = RegionMonitor([region(trigger_settings=trigger)], 1)
        told[is_roi] = []
        for i, y in enumerate([45, 55, 70, 80]):
            told[is_roi] += [e.kind for e in monitor.update(frame(i), standing_at(frame(i), {7: (100, y)}), [])]
    assert told == {False: ["forward"], True: ["entry", "exit", "forward"]}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"points": [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]},
            "region 'door': points: expected edges that neither",
        ),
        ({"trigger_settings": {"direction": {"x": 0, "y": 0}}}, "region 'door': direction: expected a finite vector"),
    ],
)
def test_what_is_no_region_is_refused_by_name(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RegionMonitor([region(**more)], 3)
