"""Receivers that misbehave, and an agent's delivery in a process of its own that can be killed."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import orjson
import pytest

LONG = bool(os.environ.get("OMNI_CHAOS_LONG"))
"""``make chaos``: more of everything."""


@dataclass
class Told:
    """One POST: its id, epoch, sequence, attempt, and the ``numerical_id`` of its process."""

    webhook_id: str
    epoch: str
    sequence: int
    attempt: int
    number: int


@dataclass
class Ledger:
    """All that a receiver answered 200."""

    told: list[Told] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> None:
        [process] = orjson.loads(body)["processes"]
        self.told.append(
            Told(
                headers["webhook-id"],
                headers["omni-epoch"],
                int(headers["omni-sequence"]),
                int(headers["omni-attempt"]),
                process["numerical_id"],
            )
        )

    def first_arrivals(self) -> list[int]:
        """Numbers in the order in which each came first."""
        return list(dict.fromkeys(told.number for told in self.told))

    def check_order(self) -> None:
        """Nothing overtook, and whatever came twice came under one id and said so."""
        arrivals = self.first_arrivals()
        assert arrivals == sorted(arrivals)
        ids: dict[int, str] = {}
        for told in self.told:
            if told.number in ids:
                assert told.webhook_id == ids[told.number]
                assert told.attempt > 1
            ids[told.number] = told.webhook_id

    def check_sequences(self) -> None:
        """Within each epoch from 1 without holes; a number may come again."""
        highest: dict[str, int] = {}
        for told in self.told:
            seen = highest.get(told.epoch, 0)
            assert told.sequence <= seen + 1
            highest[told.epoch] = max(seen, told.sequence)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server on loopback whose whole behaviour is one coroutine a connection.

    Args:
        talk: the behaviour.
        port: 0: a free one.
        tls: a certificate.
    """

    def __init__(self, talk: Talk, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        sock = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = int(sock.getsockname()[1])
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=sock, ssl=tls))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _close(self) -> None:
        for sock in self._server.sockets:
            self._loop.remove_reader(sock.fileno())
        await _turns()  # a server that is closed while it accepts would leave the connection behind
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _turns()


async def _turns() -> None:
    """Let the loop finish what it has begun."""
    for _ in range(20):
        await asyncio.sleep(0)


async def read_post(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """One request: its headers in lower case, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
    return headers, await reader.readexactly(int(headers["content-length"]))


def keeps(ledger: Ledger) -> Talk:
    """A good receiver: answers 200 when it has written it down."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            ledger.take(*await read_post(reader))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()

    return talk


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def make(talk: Talk, port: int = 0, tls: ssl.SSLContext | None = None) -> Peer:
        made.append(Peer(talk, port, tls))
        return made[-1]

    yield make
    for peer in made:
        if not peer._loop.is_closed():
            peer.close()
