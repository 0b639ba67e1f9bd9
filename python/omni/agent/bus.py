"""Callbacks of users: told in order, never able to harm who tells them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

from omni.types import ProcessMessage

logger = logging.getLogger(__name__)

Message = TypeVar("Message")


class Bus(Generic[Message]):
    """Passes messages to whoever subscribed, in the publishing thread."""

    def __init__(self) -> None:
        self._callbacks: tuple[Callable[[Message], None], ...] = ()
        self._lock = threading.Lock()
        self._here = threading.local()

    @property
    def telling(self) -> bool:
        """Whether the thread that asks is in one of the callbacks."""
        return getattr(self._here, "depth", 0) > 0

    def subscribe(self, callback: Callable[[Message], None]) -> Callable[[], None]:
        """Add a callback, also one that is there already. Returns the function that takes it off again.

        Raises:
            TypeError: it cannot be called.
        """
        if not callable(callback):
            raise TypeError(f"callback: expected a function, got {type(callback).__name__}")

        def tell(message: Message) -> None:  # known by itself: a callback may be there twice
            callback(message)

        with self._lock:
            self._callbacks = (*self._callbacks, tell)

        def unsubscribe() -> None:
            with self._lock:
                self._callbacks = tuple(c for c in self._callbacks if c is not tell)

        return unsubscribe

    def publish(self, message: Message) -> None:
        """Tell everybody. A callback that raises is logged and stays subscribed."""
        self._here.depth = getattr(self._here, "depth", 0) + 1
        try:
            for callback in self._callbacks:
                try:
                    callback(message)
                except Exception:
                    logger.exception("a subscriber's callback failed on a %s", type(message).__name__)
        finally:
            self._here.depth -= 1


async def records(
    subscribe: Callable[[Callable[[ProcessMessage], None]], Callable[[], None]], ended: Callable[[], bool]
) -> AsyncIterator[dict[str, Any]]:
    """The records of processes one at a time, for a coroutine, as they are told.

    Args:
        subscribe: as ``Bus.subscribe``.
        ended: whether nothing more will be told.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[dict[str, Any], ...]] = asyncio.Queue()

    def hand_over(message: ProcessMessage) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, message.processes)  # its pictures are not kept

    unsubscribe = subscribe(hand_over)
    try:
        while True:
            all_told = ended()  # asked first: what was handed over before the end comes within the wait
            try:
                processes = await asyncio.wait_for(queue.get(), 0.2)
            except TimeoutError:
                if all_told:
                    return
                continue
            for process in processes:
                yield process
    finally:
        unsubscribe()
