"""Listening: the port is ours before anything starts, or one line says why not."""

from __future__ import annotations

import errno
import os
import socket

from omni.errors import ConfigError, PortInUseError
from omni.service.context import App

SEND_BUFFER_BYTES = 256 * 1024
"""What the system holds for a slow reader. Small, so that live pictures wait here, where a newer one replaces them."""


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

    Raises:
        PortInUseError: the address is taken; nothing was started.
        ConfigError: the address cannot be listened on at all; nothing was started.
    """
    sock = listen(host, port)
    os.environ.setdefault("SANIC_IGNORE_PRODUCTION_WARNING", "true")
    app.run(sock=sock, single_process=True, motd=False)


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
