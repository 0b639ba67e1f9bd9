"""Callbacks of users: told in order, never able to harm the pipeline."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from omni.types import ProcessMessage

logger = logging.getLogger(__name__)

Callback = Callable[[ProcessMessage], None]


class Bus:
    """Passes messages to whoever subscribed, in the publishing thread."""

    def __init__(self) -> None:
        self._callbacks: tuple[Callback, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Add a callback. Returns the function that takes it off again."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._callbacks = tuple(c for c in self._callbacks if c is not callback)

        return unsubscribe

    def publish(self, message: ProcessMessage) -> None:
        """Tell everybody. A callback that raises is logged and stays subscribed."""
        for callback in self._callbacks:
            try:
                callback(message)
            except Exception:
                logger.exception("a subscriber's callback failed on a message of reason %s", message.reason)
