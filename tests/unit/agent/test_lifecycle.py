"""An agent begins once and ends once, whoever asks for it, and in the midst of what."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from omni.agent.lifecycle import Lifecycle

Work = Callable[[], None]


def nothing() -> None:
    """Done at once."""


class Agent:
    """Writes down what happens to it; ``begin`` and ``end`` are done meanwhile."""

    def __init__(self, begin: Work = nothing, end: Work = nothing) -> None:
        self.told: list[str] = []
        self.in_callback = False
        self.begin, self.end = begin, end
        self.life = Lifecycle(
            lambda: self._do("begin", self.begin), lambda: self._do("end", self.end), lambda: self.in_callback
        )

    def _do(self, what: str, work: Work) -> None:
        self.told.append(what)
        work()
        self.told.append(f"{what} done")


def test_it_begins_once_and_ends_once() -> None:
    agent = Agent()
    agent.life.stop()  # of what has not begun
    agent.life.start()
    with pytest.raises(RuntimeError, match="started once"):
        agent.life.start()
    agent.life.stop()
    agent.life.stop()
    assert agent.told == ["begin", "begin done", "end", "end done"]


def test_a_begin_that_fails_is_ended() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    agent = Agent(begin=fails)
    with pytest.raises(ZeroDivisionError):
        agent.life.start()
    assert agent.told == ["begin", "end", "end done"]


@pytest.mark.timeout(10)
def test_a_signals_handler_stops_it_in_the_midst_of_all_it_does() -> None:
    """The handler runs in the thread that is interrupted: what that is at is brought to its end first."""
    agent = Agent()
    agent.begin = agent.life.stop
    agent.life.start()
    assert agent.told == ["begin", "begin done", "end", "end done"]

    agent = Agent()
    agent.end = agent.life.stop
    agent.life.start()
    agent.life.stop()
    assert agent.told == ["begin", "begin done", "end", "end done"]

    agent = Agent()
    agent.life.start()
    with agent.life.change():
        agent.life.stop()
        agent.told.append("changed")
    assert agent.told == ["begin", "begin done", "changed", "end", "end done"]
    with pytest.raises(RuntimeError, match="is stopping"), agent.life.change():
        raise AssertionError


def test_a_callback_changes_nothing_and_stops_it_behind_itself() -> None:
    ended = threading.Event()
    agent = Agent(end=ended.set)
    agent.life.start()
    agent.in_callback = True
    with pytest.raises(RuntimeError, match="callback"), agent.life.change():
        raise AssertionError
    here = threading.get_ident()
    agent.life = Lifecycle(nothing, ended.set, lambda: threading.get_ident() == here)
    agent.life.start()
    agent.life.stop()
    assert ended.wait(5)


def test_others_wait_for_a_change_or_give_up() -> None:
    agent, inside, go_on = Agent(), threading.Event(), threading.Event()
    agent.life.start()

    def change() -> None:
        with agent.life.change():
            inside.set()
            go_on.wait(5)

    changing = threading.Thread(target=change)
    changing.start()
    assert inside.wait(5)
    with agent.life.unchanged(0.01) as unchanged:
        assert not unchanged
    go_on.set()
    with agent.life.unchanged(5) as unchanged:
        assert unchanged
    changing.join()
    agent.life.stop()
