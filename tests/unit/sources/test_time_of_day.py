"""The time of day follows a machine's clock that is set, on clocks of the test."""

from __future__ import annotations

import pytest
from tests.unit.clocks import DAY_S, Clocks

from omni.sources.time_of_day import TimeOfDay


def test_the_time_of_day_goes_on_evenly_until_it_is_set() -> None:
    clocks = Clocks()
    time_of_day = TimeOfDay(clocks.wall, clocks.monotonic)
    assert time_of_day.now() == time_of_day.of(100.0) == 1_700_000_100.0
    clocks.ahead += 0.5  # slewed
    assert time_of_day.follow() == 0.0
    assert time_of_day.now() == 1_700_000_100.0
    for step in (DAY_S, -2 * DAY_S):
        clocks.ahead += step
        assert time_of_day.now() == pytest.approx(clocks.wall())
        assert time_of_day.follow() == pytest.approx(step, abs=1.0)
        assert time_of_day.of(clocks.at) == pytest.approx(clocks.wall())
        assert time_of_day.follow() == 0.0


def test_a_thread_that_is_held_up_between_two_clocks_sees_no_set_clock() -> None:
    clocks = Clocks()
    time_of_day = TimeOfDay(clocks.wall, clocks.monotonic)
    held_up = iter([5.0, 0.0, 7.0])

    def slow() -> float:
        wall = clocks.wall()
        clocks.at += next(held_up, 0.0)
        return wall

    time_of_day._wall = slow
    assert time_of_day.follow() == 0.0
