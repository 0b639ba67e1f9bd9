"""A receiver on loopback, and a clock that the test moves."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from omni.config import load_config
from omni.delivery import Delivery
from omni.delivery.clock import Clock
from omni.receiver import Received, Receiver
from omni.types import ProcessMessage, Run

RUN = Run(UUID(int=1), 1000.0)
STREAMS = ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01")


def record(number: int, stream: str = STREAMS[0], *, finalized: bool = False, padding: int = 0) -> dict[str, Any]:
    """An external process, for it has room for any amount of text."""
    return {
        "id": str(UUID(int=number)),
        "type": "external",
        "time_interval": ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"],
        "frame_interval": [0, 10],
        "finalized": finalized,
        "numerical_id": number,
        "source": stream,
        "object": {"id": str(UUID(int=number + 1000)), "class": "media"},
        "name": "x" * (1 + padding),
        "repeats": False,
        "duration": 0,
        "internal_time_interval": [0, 0],
        "omni": {},
    }


def message(reason: str, number: int, stream: str = STREAMS[0], padding: int = 0) -> ProcessMessage:
    records = (record(number, stream, finalized=reason == "end", padding=padding),)
    return ProcessMessage(reason, stream, 1000.0, records)


def eventually(true: Callable[[], Any], timeout_s: float = 60.0) -> None:
    """Wait for it; the time is so long that only what never comes runs out of it."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


class FakeClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._offset = 0.0
        self._sleepers: dict[asyncio.Future[None], tuple[float, asyncio.AbstractEventLoop]] = {}

    def time(self) -> float:
        return self._now + self._offset

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            self._sleepers[future] = (self._now + seconds, loop)
            self._wake()
        try:
            await future
        finally:
            with self._lock:
                del self._sleepers[future]

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            self._wake()

    def jump(self, seconds: float) -> None:
        """Somebody sets the time of day."""
        self._offset += seconds

    def longest_sleep(self) -> float:
        """How long the one who sleeps longest still has to."""
        with self._lock:
            return max((due - self._now for due, _ in self._sleepers.values()), default=0.0)

    def _wake(self) -> None:
        for future, (due, loop) in self._sleepers.items():
            if due <= self._now:
                loop.call_soon_threadsafe(lambda f=future: f.done() or f.set_result(None))


class Inbox:
    """A receiver that keeps what it was told."""

    def __init__(self, secret: str | None = None, port: int = 0) -> None:
        self.messages: list[Received] = []
        self.receiver = Receiver(self.messages.append, secret=secret)
        self.address = self.receiver.start("127.0.0.1", port)

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])

    def numbers(self, stream: str = STREAMS[0]) -> list[int]:
        return [p["numerical_id"] for m in self.messages for p in m.processes if p["source"] == stream]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    yield box
    box.receiver.stop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def new_delivery(
    subscribers: list[dict[str, Any]], *, run: Run = RUN, clock: Clock | None = None, **settings: Any
) -> Delivery:
    config = load_config({"webhook_tracking_subscribers": subscribers, "delivery": settings})
    return Delivery(config.webhook_tracking_subscribers, run, encode=None, settings=config.delivery, clock=clock)


def deliver(subscribers: list[dict[str, Any]], messages: list[ProcessMessage], **settings: Any) -> dict[str, Any]:
    """Publish, stop, and give the figures."""
    delivery = new_delivery(subscribers, **settings)
    delivery.start()
    for one in messages:
        delivery.publish(one)
    delivery.stop()
    return delivery.stats()


class Scripted:
    """A receiver that answers what it is told to.

    Args:
        answer: number of the request, from 1 -> status, or (status, headers, body).
    """

    def __init__(self, answer: Callable[[int], int | tuple[int, dict[str, str], bytes]]) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
                answer_ = answer(len(outer.requests))
                status, headers, data = (answer_, {}, b"") if isinstance(answer_, int) else answer_
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def header(self, name: str) -> list[str | None]:
        return [headers.get(name) for headers, _ in self.requests]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    made: list[Scripted] = []

    def make(answer: Callable[[int], Any]) -> Scripted:
        made.append(Scripted(answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is looked at every five seconds; the tests wait a tenth of one."""
    monkeypatch.setattr("omni.delivery.outbox.RETAIN_EVERY_S", 0.1)
