from __future__ import annotations

import numpy as np
import pytest

from omni.agent import flow
from omni.agent.flow import FlowMap
from omni.types import MapState


def moment(timestamp: float, *people: tuple[float, float, float, float], seen: bool = True) -> MapState:
    """People as x, y and their velocity, map units."""
    values = np.array(people, np.float64).reshape(-1, 4)
    count = len(values)
    sources = ({"camera": 0} if seen else {},) * count
    covariance = np.tile(np.eye(2), (count, 1, 1))
    ids = np.arange(1, count + 1, dtype=np.int64)
    return MapState(timestamp, ids, values[:, :2], values[:, 2:], covariance, np.ones(count), sources, np.ones(count))


def test_time_and_way_add_up_in_the_cell_where_somebody_is() -> None:
    paths = FlowMap(metres_per_unit=0.05)  # cells of 10 units
    for i in range(11):
        paths.add(moment(1000 + i / 10, (12.0, 3.0, 5.0, -2.0)))
    [cell] = paths.document()["cells"]
    assert paths.document()["cell"] == 10.0
    assert (cell["x"], cell["y"], cell["seconds"]) == (15.0, 5.0, 1.0)
    assert (cell["dx"], cell["dy"]) == pytest.approx((5.0, -2.0))


def test_the_window_is_of_whole_minutes_and_an_hour_is_kept() -> None:
    paths = FlowMap(metres_per_unit=0.5)
    for minute in range(90):
        for i in range(2):
            paths.add(moment(60.0 * minute + 30 + i / 2, (float(minute), 0.5, 0.0, 0.0)))
    assert [cell["x"] for cell in paths.document()["cells"]] == [minute + 0.5 for minute in range(29, 90)]
    assert [cell["x"] for cell in paths.document(window_s=60)["cells"]] == [88.5, 89.5]


def test_who_is_only_predicted_and_what_comes_late_or_after_a_gap_counts_for_nothing() -> None:
    paths = FlowMap(metres_per_unit=0.5)
    paths.add(moment(100.0, (0.5, 0.5, 1.0, 0.0)))
    paths.add(moment(100.1, (0.5, 0.5, 1.0, 0.0), seen=False))
    paths.add(moment(100.05, (0.5, 0.5, 1.0, 0.0)))
    paths.add(moment(160.0, (0.5, 0.5, 1.0, 0.0)))
    assert paths.document()["cells"] == []


def test_the_size_is_bounded_by_giving_up_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MOST_CELLS", 5)
    paths = FlowMap(metres_per_unit=0.5)
    for minute in range(4):
        for i in range(4):
            paths.add(moment(60.0 * minute + i / 2, (10.0 * minute + i, 0.5, 0.0, 0.0)))
    assert {cell["x"] // 10 for cell in paths.document()["cells"]} == {3.0}


def test_a_snapshot_stays_as_it_was_while_the_minute_goes_on() -> None:
    paths = FlowMap(metres_per_unit=0.5)
    for i in range(70):
        paths.add(moment(1000 + i, (0.5, 0.5, 1.0, 0.0)))
    taken = paths.snapshot()
    before = taken.document()
    assert before == paths.document()
    for i in range(70, 200):
        paths.add(moment(1000 + i, (0.5, 0.5, 1.0, 0.0), (9.5, 0.5, 1.0, 0.0)))
    assert taken.document() == before != paths.document()
