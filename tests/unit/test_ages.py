"""A machine's clock that is set makes nothing older, on clocks of the test."""

from __future__ import annotations

from tests.unit.clocks import DAY_S, Clocks

from omni.ages import BELIEVED_AFTER_S, Ages


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
