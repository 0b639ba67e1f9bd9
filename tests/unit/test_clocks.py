"""What a machine's clock that is set does to dates and ages, on clocks of the test."""

from __future__ import annotations

import pytest

from omni.clocks import BELIEVED_AFTER_S, Ages, TimeOfDay

DAY_S = 86_400.0


class Clocks:
    def __init__(self) -> None:
        self.at = 100.0
        self.ahead = 1_700_000_000.0

    def wall(self) -> float:
        return self.at + self.ahead

    def monotonic(self) -> float:
        return self.at


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


class Kept:
    """Things numbered as they are written, and how many of them are young."""

    def __init__(self, age_s: float) -> None:
        self.clocks, self.age_s = Clocks(), age_s
        self.ages = Ages[int](self.clocks.monotonic)
        self.written: list[float] = []

    def write(self, count: int = 1) -> None:
        self.written += [self.clocks.wall()] * count

    def pass_(self, seconds: float) -> None:
        """Looked at every ten minutes."""
        until = self.clocks.at + seconds
        while self.clocks.at < until:
            self.clocks.at = min(self.clocks.at + 600.0, until)
            self.left()

    def left(self) -> list[int]:
        before, last = self.ages.old(self.age_s, self.clocks.wall(), len(self.written))
        return [n for n, at in enumerate(self.written, 1) if not (at < before and n <= last)]


def test_as_long_as_nobody_sets_the_clock_dates_tell_the_age() -> None:
    kept = Kept(DAY_S)
    kept.left()
    kept.write()
    kept.written.append(kept.clocks.wall() - 2 * DAY_S)  # dated by somebody else
    assert kept.left() == [1]
    kept.pass_(DAY_S - 1)
    assert kept.left() == [1]
    kept.pass_(2)
    assert kept.left() == []


def test_a_clock_that_is_set_forward_and_back_ages_nothing() -> None:
    kept = Kept(DAY_S)
    kept.write(2)  # by an earlier run
    kept.left()
    kept.write()
    for step in (10 * DAY_S, -10 * DAY_S, -DAY_S, DAY_S):
        kept.clocks.ahead += step
        kept.pass_(BELIEVED_AFTER_S / 2)
        assert kept.left() == [1, 2, 3]


def test_a_clock_that_was_set_right_tells_the_age_of_what_was_there_before_this_run() -> None:
    kept = Kept(3 * DAY_S)
    kept.write(2)
    kept.left()
    kept.write()
    kept.clocks.ahead += 20_000 * DAY_S  # no battery: it began in 1970
    kept.pass_(BELIEVED_AFTER_S + 600)
    assert kept.left() == [3]
    kept.pass_(2 * DAY_S)
    kept.write()
    assert kept.left() == [3, 4]
    kept.pass_(1.1 * DAY_S)
    assert kept.left() == [4]
    kept.pass_(3 * DAY_S)
    assert kept.left() == []
