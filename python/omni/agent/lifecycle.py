"""When an agent begins, is changed and ends: in whatever thread it is asked for, and none in the midst of another."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from omni.errors import StoppedError


class Lifecycle:
    """Has an agent begin once and end once. Not stopped by then, it ends with the program.

    Args:
        begin: starts all of it.
        end: ends all of it, also what began only in part.
        telling: whether the thread that asks is in a callback of the agent: then the end would wait for itself.
    """

    def __init__(self, begin: Callable[[], None], end: Callable[[], None], telling: Callable[[], bool]) -> None:
        self._begin = begin
        self._end = end
        self._telling = telling
        self._changing = threading.RLock()  # a signal's handler interrupts the thread that has it
        self._depth = 0
        self._ending = threading.RLock()
        self._begun = self._stopped = self._over = False
        self._pid = os.getpid()

    @property
    def begun(self) -> bool:
        """Whether it was started; that it has ended since does not matter."""
        return self._begun

    def start(self) -> None:
        """Begin, or leave nothing running.

        Raises:
            RuntimeError: it has begun before.
        """
        with self._held():
            if self._begun:
                raise RuntimeError("an Agent is started once; make a new one")
            self._begun, self._stopped, self._pid = True, False, os.getpid()
            atexit.register(self.stop)  # threads inside OpenCV or onnxruntime abort a process that ends without them
            try:
                self._begin()
            except BaseException:
                self._stopped = True
                raise

    def stop(self) -> None:
        """End, unless it has ended. Waits for the end, but for where that waits for this: see ``Agent.stop``."""
        if self._pid != os.getpid():
            return
        if not self._telling():
            with self._held():
                self._stopped = True
        elif not self._stopped:
            threading.Thread(target=self.stop, name="agent stop").start()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Nothing else changes meanwhile.

        Raises:
            RuntimeError: it has not begun, or this is a callback.
            StoppedError: it ends.
        """
        if self._telling():
            raise RuntimeError("a callback of the agent cannot change it: have another thread do so")
        with self._held():
            if not self._begun:
                raise RuntimeError("prepare the configuration again, with an agent that runs")
            self.check_not_stopped()
            yield

    def check_not_stopped(self) -> None:
        """Refuse what would not be done any more.

        Raises:
            StoppedError: it ends, or has ended.
        """
        if self._stopped:
            raise StoppedError("the agent is stopping; try again with the next one")

    @contextmanager
    def unchanged(self, timeout_s: float) -> Iterator[bool]:
        """Nothing changes meanwhile; False where something went on changing for so long."""
        with self._held(timeout_s) as held:
            yield held

    @contextmanager
    def _held(self, timeout_s: float = -1.0) -> Iterator[bool]:
        held = self._changing.acquire(timeout=timeout_s)
        self._depth += held
        try:
            yield held
        finally:
            if held:
                self._depth -= 1
                outermost = self._depth == 0
                self._changing.release()
                if outermost and self._stopped:
                    self._end_once()

    def _end_once(self) -> None:
        with self._ending:
            if self._begun and not self._over:
                self._over = True
                atexit.unregister(self.stop)
                self._end()
