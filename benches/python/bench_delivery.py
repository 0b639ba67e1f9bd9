"""Webhooks: throughput, latency and isolation, beside a bare loop of aiohttp posts in the same run. Prints JSON rows.

The receiver is a process of its own on loopback that reads the body and answers 200; the outbox lies in the folder of
TMPDIR, with synchronous=FULL. The bare loop keeps the order of a stream, as ours does, and nothing else: what it holds
is lost when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from omni.config import load_config
from omni.delivery import Delivery
from omni.delivery.body import bodies
from omni.types import ProcessMessage, Run

RUNS = 3
MESSAGES = 3000
"""Of one measurement of the throughput."""

SECONDS = 2.0
"""Of one measurement at a fixed rate."""

STREAMS = 4
JSON = {"content-type": "application/json"}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--brief", action="store_true", help="one short turn of each, to see that it works")
    brief = parser.parse_args().brief
    runs, messages, seconds = (1, 60, 0.3) if brief else (RUNS, MESSAGES, SECONDS)
    print(json.dumps([*throughput(runs, messages), *latency(runs, seconds), *isolation(runs, seconds)]))
    return 0


def throughput(runs: int = RUNS, messages: int = MESSAGES) -> list[dict[str, Any]]:
    """Messages of 4 kB a second to one endpoint; the best run of each."""
    rows = []
    with receiver() as address:
        for streams, name in ((1, "one stream"), (STREAMS, "four streams")):
            ours, bare = [], []
            for _ in range(runs):
                bare.append(asyncio.run(_bare(address, messages, streams)))
                ours.append(_durable(address, messages, streams))
            rows.append(_row(f"throughput, 4 kB, {name}", "messages/s", max(ours), max(bare), 0))
    return rows


def latency(runs: int = RUNS, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """From the event to its 2xx, at 200 messages of 20 kB a second over four streams; medians of the runs."""
    ours, bare = [], []
    with receiver() as address:
        for _ in range(runs):
            bare.append(asyncio.run(_bare_at_rate([address], {0}, 200, seconds, 20_000)))
            ours.append(_durable_at_rate([address], {0}, 200, seconds, 20_000))
    return [
        _row(f"latency, 20 kB at 200/s, {name}", "ms", *(median(run[name] for run in found) for found in (ours, bare)))
        for name in ("p50", "p99")
    ]


def isolation(runs: int = RUNS, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """p99 of three endpoints at 100 messages of 4 kB a second, without and with a black hole as the fourth; medians."""
    rows = []
    with receiver() as address, black_hole() as hole:
        cases = {"four that answer": address, "one a black hole": hole}
        ours: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
        bare: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
        for _ in range(runs):
            for name, fourth in cases.items():
                addresses, watched = [fourth, address, address, address], {1, 2, 3}
                bare[name].append(asyncio.run(_bare_at_rate(addresses, watched, 100, seconds, 4_000)))
                ours[name].append(_durable_at_rate(addresses, watched, 100, seconds, 4_000))
    for name in cases:
        p99 = (median(run["p99"] for run in found[name]) for found in (ours, bare))
        rows.append(_row(f"p99 of three at 100/s, {name}", "ms", *p99))
    for name in cases:
        published = median(run["published_us"] for run in ours[name])
        rows.append(_row(f"p99 of publishing, {name}", "us", published, None))
    return rows


def _row(case: str, unit: str, ours: float, bare: float | None, digits: int = 1) -> dict[str, Any]:
    return {
        "case": case,
        "unit": unit,
        "omni": round(ours, digits),
        "bare_aiohttp": None if bare is None else round(bare, digits),
        "omni_to_bare": None if bare is None else round(ours / bare, 2),
    }


def _durable(address: str, count: int, streams: int) -> float:
    with running([address]) as delivery:
        begun = time.perf_counter()
        for number in range(count):
            delivery.publish(message(number, 4000, stream(number % streams)))
        wait_until(lambda: delivered(delivery) >= count)
        return count / (time.perf_counter() - begun)


async def _bare(address: str, count: int, streams: int) -> float:
    async with aiohttp.ClientSession() as session:

        async def post(first: int) -> None:
            for number in range(first, count, streams):
                body = bodies(message(number, 4000, stream(first)), None)[0].data
                async with session.post(address, data=body, headers=JSON):
                    pass

        begun = time.perf_counter()
        await asyncio.gather(*(post(first) for first in range(streams)))
        return count / (time.perf_counter() - begun)


def _durable_at_rate(
    addresses: list[str], watched: Collection[int], rate: float, seconds: float, size: int
) -> dict[str, float]:
    """p50 and p99 of the slowest of the watched endpoints, ms; p99 of what publishing takes, us."""
    count, took = int(rate * seconds), []
    with running(addresses) as delivery:
        begun = time.monotonic()
        for number in range(count):
            one = message(number, size, stream(number % STREAMS))
            time.sleep(max(begun + number / rate - time.monotonic(), 0))
            before = time.perf_counter()
            delivery.publish(one)
            took.append(time.perf_counter() - before)
        wait_until(lambda: all(delivered(delivery, endpoint) >= count for endpoint in watched))
        told = [delivery.stats()["endpoints"][endpoint]["latency"] for endpoint in watched]
    return {
        **{name: max(latency[f"{name}_ms"] for latency in told) for name in ("p50", "p99")},
        "published_us": _percentile(took, 0.99) * 1e6,
    }


async def _bare_at_rate(
    addresses: list[str], watched: Collection[int], rate: float, seconds: float, size: int
) -> dict[str, float]:
    """The same of posts that wait in memory, a queue for each stream of an endpoint."""
    count = int(rate * seconds)
    took: list[list[float]] = [[] for _ in addresses]
    lanes: list[list[asyncio.Queue[tuple[float, bytes]]]] = [[asyncio.Queue() for _ in range(STREAMS)] for _ in took]
    async with aiohttp.ClientSession() as session:

        async def lane(endpoint: int, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
            while True:
                published, body = await queue.get()
                async with session.post(addresses[endpoint], data=body, headers=JSON):
                    pass
                took[endpoint].append(time.perf_counter() - published)
                queue.task_done()

        tasks = [asyncio.create_task(lane(e, queue)) for e, queues in enumerate(lanes) for queue in queues]
        begun = time.perf_counter()
        for number in range(count):
            one = message(number, size, stream(number % STREAMS))
            await asyncio.sleep(begun + number / rate - time.perf_counter())
            published = time.perf_counter()
            body = bodies(one, None)[0].data
            for queues in lanes:
                queues[number % STREAMS].put_nowait((published, body))
        for endpoint in watched:
            for queue in lanes[endpoint]:
                await queue.join()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {
        name: max(_percentile(took[endpoint], share) for endpoint in watched) * 1e3
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def stream(number: int) -> str:
    return str(UUID(int=number + 1))


def message(number: int, size: int, stream_uuid: str, reason: str = "end") -> ProcessMessage:
    """One external process of about so many bytes as JSON."""
    record = {
        "id": str(UUID(int=number + 1)),
        "type": "external",
        "time_interval": ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"],
        "frame_interval": [0, 10],
        "finalized": True,
        "numerical_id": number + 1,
        "source": stream_uuid,
        "object": {"id": str(UUID(int=1)), "class": "media"},
        "name": "x" * max(size - 450, 1),
        "repeats": False,
        "duration": 0,
        "internal_time_interval": [0, 0],
        "omni": {"end_reason": "ended"},
    }
    return ProcessMessage(reason, stream_uuid, 0.0, (record,))


def receive(pipe: Connection) -> None:
    """A minimal HTTP/1.1 server: reads the body, answers 200, counts."""

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport
            self.buffer = b""

        def data_received(self, data: bytes) -> None:
            self.buffer += data
            while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
                head = self.buffer[:end].lower()
                length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
                if len(self.buffer) < end + 4 + length:
                    return
                self.buffer = self.buffer[end + 4 + length :]
                self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def receiver() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{ours.recv()}/"
    process.kill()
    process.join()


@contextmanager
def black_hole() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@contextmanager
def running(addresses: list[str], **settings: Any) -> Iterator[Delivery]:
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            {
                "webhook_tracking_subscribers": [{"id": f"e{i}", "url": url} for i, url in enumerate(addresses)],
                "delivery": {"directory": folder, **settings},
            }
        )
        delivery = Delivery(
            config.webhook_tracking_subscribers, Run(uuid4(), time.time()), encode=None, settings=config.delivery
        )
        delivery.start()
        try:
            yield delivery
        finally:  # at the end nobody is waited for, as a stop would for the black hole
            delivery.reconfigure((), encode=None, settings=config.delivery, mqtt=config.mqtt_settings)
            delivery.stop()


def wait_until(true: Callable[[], bool], timeout_s: float = 600.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            sys.exit("bench: it does not come to an end")
        time.sleep(0.01)


def delivered(delivery: Delivery, endpoint: int = 0) -> int:
    return sum(delivery._endpoints[f"e{endpoint}"]._delivered.values())


if __name__ == "__main__":
    sys.exit(main())
