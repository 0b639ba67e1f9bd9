"""Listening: the port is ours before anything starts, or one line says why not."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket

from omni.errors import ConfigError, PortInUseError
from omni.service.context import App

SEND_BUFFER_BYTES = 256 * 1024
"""What the system holds for a slow reader. Small, so that live pictures wait here, where a newer one replaces them."""


SAME_REQUEST_S = 1.0
"""A signal this soon after the first is the same request: some supervisors signal a process and then its group."""

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
    app.register_listener(_obey_signals, "after_server_start")
    os.environ.setdefault("SANIC_IGNORE_PRODUCTION_WARNING", "true")
    app.run(sock=sock, single_process=True, motd=False)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending already; the closed loop left the default, which kills


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


async def _obey_signals(app: App) -> None:
    """In place of Sanic's own handlers, for which a second signal cuts the stopping short and yet does not exit."""
    loop = asyncio.get_running_loop()
    first: float | None = None

    def stop() -> None:
        nonlocal first
        if first is None:
            first = loop.time()
            app.stop(terminate=False)
        elif loop.time() - first > SAME_REQUEST_S:
            os._exit(INTERRUPTED)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
