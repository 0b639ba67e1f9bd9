"""Listening: the port is ours before anything starts, or one line says why not."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import time
from types import FrameType

from omni.errors import ConfigError, PortInUseError
from omni.service.context import App

SEND_BUFFER_BYTES = 256 * 1024
"""What the system holds for a slow reader. Small, so that live pictures wait here, where a newer one replaces them."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)

SAME_REQUEST_S = 1.0
"""A signal this soon after the first is the same request: some supervisors signal a process and then its group."""

ASK_AGAIN_S = 0.2
INTERRUPTED = 130


def free_port(host: str, port: int) -> int:
    """The port to listen on: the one asked for, or with 0 one that is free now.

    Raises:
        PortInUseError: the address is taken.
        ConfigError: the address cannot be listened on at all.
    """
    with listen(host, port) as sock:
        return int(sock.getsockname()[1])


def serve(app: App, host: str, port: int) -> None:
    """Serve until SIGTERM, SIGINT or ``app.stop()``. To be called in the main thread.

    The first signal stops in good order: processes end, what waits is delivered. A second one exits at once.

    Raises:
        PortInUseError: the address is taken; nothing was started.
        ConfigError: the address cannot be listened on at all; nothing was started.
    """
    sock = listen(host, port)
    signals = _Signals(app)
    signals.take_over()
    app.register_listener(signals.keep, "before_server_start")
    app.register_listener(signals.started, "after_server_start")
    app.register_listener(signals.stopping_has_begun, "before_server_stop")
    app.config.TOUCHUP = True  # one app in this process: else events nobody listens to take half of an answer's time
    os.environ.setdefault("SANIC_IGNORE_PRODUCTION_WARNING", "true")
    app.run(sock=sock, single_process=True, motd=False, register_sys_signals=False)
    for number in SIGNALS:  # all is done; an interpreter that ends would go back to the default, which kills
        signal.signal(number, signal.SIG_IGN)


class _Signals:
    """SIGTERM and SIGINT, in place of Sanic's own handling.

    Sanic gives the signals up when stopping begins, so that a second one cuts the stopping short; and it misses one
    that comes after the first answer but before its loop runs for good: even told to leave the signals alone, it has
    them ignored from when it listens to when it has started.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = False
        self._first: float | None = None
        self._stopping = False

    def take_over(self) -> None:
        """Handle signals from here to the end of the process."""
        for number in SIGNALS:
            signal.signal(number, self._signalled)

    async def keep(self, _: App) -> None:
        """Take the signals back as often as the loop runs, before it answers anybody, until the server has started."""
        self._loop = asyncio.get_running_loop()
        self._take_back()

    def _take_back(self) -> None:
        if self._loop is not None and not self._started:
            self.take_over()
            self._loop.call_soon(self._take_back)

    async def started(self, _: App) -> None:
        """The server can be stopped from now on; do so if it was asked for before."""
        self._started = True
        if self._first is not None and self._loop is not None:
            self._loop.call_soon(self._stop)

    async def stopping_has_begun(self, _: App) -> None:
        self._stopping = True

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._first is None:
            self._first = time.monotonic()
            if self._loop is not None and self._started:
                self._loop.call_soon_threadsafe(self._stop)
        elif time.monotonic() - self._first > SAME_REQUEST_S:
            os._exit(INTERRUPTED)

    def _stop(self) -> None:
        if not self._stopping and self._loop is not None:
            self._app.stop(terminate=False)
            self._loop.call_later(ASK_AGAIN_S, self._stop)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises as ``free_port``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"{host}:{port} is in use by another program; stop it or choose another port with --port"
            ) from None
        reason = str(error.strerror).partition(" (while")[0]
        raise ConfigError(f"cannot listen on {host}:{port}: {reason}; check --host and --port") from None
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return sock
