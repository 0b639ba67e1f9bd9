"""What streams do, told as it changes: to users of the library, to the history, to subscribers of type ``streams``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from omni.agent.bus import Bus
from omni.config import StreamConfig
from omni.delivery import Delivery
from omni.history import History
from omni.process import stream_event
from omni.sources import Condition, ConditionLog
from omni.types import ProcessMessage, Run, StreamChange


class StreamChanges:
    """Makes the logs of streams' conditions, and passes on what is written to them.

    Args:
        delivery: who is told from outside.
        history: where it is kept; None: nowhere.
    """

    def __init__(self, delivery: Delivery, history: History | None) -> None:
        self._delivery = delivery
        self._history = history
        self._bus = Bus[StreamChange]()

    def subscribe(self, callback: Callable[[StreamChange], None]) -> Callable[[], None]:
        """Add a callback. Returns the function that takes it off again."""
        return self._bus.subscribe(callback)

    @property
    def telling(self) -> bool:
        """Whether the thread that asks is in one of the callbacks."""
        return self._bus.telling

    def log(self, stream: StreamConfig, run: Run) -> ConditionLog:
        """The log of a stream; ``run`` names its events."""
        return ConditionLog(stream.label, partial(self._tell, stream, run, count(1)))

    def _tell(self, stream: StreamConfig, run: Run, number: Iterator[int], now: Condition) -> None:
        change = StreamChange(stream.uuid, stream.label, time.time(), now.state, now.cause, now.reason, now.next_try_s)
        event = stream_event(run.uuid("stream", stream.uuid, next(number)), change)
        message = ProcessMessage("stream", stream.uuid, change.timestamp, (), events=(event,))
        if self._history is not None:
            self._history.record(message)
        self._delivery.publish(message)
        self._bus.publish(change)
