"""Webhooks: latency, throughput, isolation, memory, drain; beside a bare loop of aiohttp posts in the same run.

    python benches/system/delivery.py [SUITE ...] [--json] [--backlog 100000] [--down 360000]

Suites: throughput, latency, isolation, memory, drain. The receiver is a process of its own on loopback that reads the
body and answers 200; the outbox lies in the folder of TMPDIR, with synchronous=FULL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from omni.config import load_config
from omni.delivery import Delivery
from omni.types import ProcessMessage, Run

RUNS = 3
IN_TURN = 2000


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
        finally:
            delivery.stop()


def wait_until(true: Callable[[], bool], timeout_s: float = 600.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            sys.exit("bench: it does not come to an end")
        time.sleep(0.01)


def delivered(delivery: Delivery, endpoint: int = 0) -> int:
    return sum(delivery._endpoints[f"e{endpoint}"]._delivered.values())


def throughput(_: argparse.Namespace) -> dict[str, Any]:
    """Messages of 4 kB a second to one endpoint, beside posts of the same bodies without persistence."""
    count, rows = 3000, {}
    with receiver() as address:
        for streams in (1, 4):
            ours, bare = [], []
            for _ in range(RUNS):
                bare.append(asyncio.run(_bare(address, count, streams)))
                ours.append(_durable(address, count, streams))
            best, peer = max(ours), max(bare)
            rows[f"{streams} streams"] = {
                "durable_per_s": round(best),
                "bare_aiohttp_per_s": round(peer),
                "ratio": round(best / peer, 2),
            }
    return rows


def _durable(address: str, count: int, streams: int) -> float:
    with running([address]) as delivery:
        begun = time.perf_counter()
        for number in range(count):
            delivery.publish(message(number, 4000, stream(number % streams)))
        wait_until(lambda: delivered(delivery) >= count)
        return count / (time.perf_counter() - begun)


async def _bare(address: str, count: int, streams: int) -> float:
    from omni.delivery.body import bodies

    async with aiohttp.ClientSession() as session:

        async def post(first: int) -> None:
            for number in range(first, count, streams):
                body = bodies(message(number, 4000, stream(first)), None)[0].data
                async with session.post(address, data=body, headers={"content-type": "application/json"}):
                    pass

        begun = time.perf_counter()
        await asyncio.gather(*(post(first) for first in range(streams)))
        return count / (time.perf_counter() - begun)


def latency(_: argparse.Namespace) -> dict[str, Any]:
    """From the event to its 2xx, at 200 messages of 20 kB a second over 4 streams, for 10 s."""
    with receiver() as address, running([address]) as delivery:
        _at_rate(delivery, 200, 10.0, 20_000)
        wait_until(lambda: delivered(delivery) >= 2000)
        return _latency(delivery, 0)


def isolation(_: argparse.Namespace) -> dict[str, Any]:
    """p99 of three endpoints at 100 messages of 4 kB a second, without and with a black hole as the fourth; medians."""
    found: dict[str, list[dict[str, float]]] = {"four well": [], "one black hole": []}
    with receiver() as address, black_hole() as hole:
        for _run in range(RUNS):
            for name, fourth in (("four well", address), ("one black hole", hole)):
                found[name].append(_beside(fourth, address))
    rows: dict[str, Any] = {
        name: {key: median(row[key] for row in runs) for key in runs[0]} for name, runs in found.items()
    }
    rows["added_p99_ms"] = round(rows["one black hole"]["p99_ms"] - rows["four well"]["p99_ms"], 1)
    return rows


def _beside(fourth: str, address: str) -> dict[str, float]:
    with running([fourth, address, address, address]) as delivery:
        _at_rate(delivery, 100, 10.0, 4_000)
        wait_until(lambda: all(delivered(delivery, e) >= 1000 for e in (1, 2, 3)))
        latencies = [_latency(delivery, e) for e in (1, 2, 3)]
        return {
            "p50_ms": max(row["p50_ms"] for row in latencies),
            "p99_ms": max(row["p99_ms"] for row in latencies),
            "publish_p99_us": _publish_us(delivery),
        }


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """Growth with a receiver down: the messages of an hour at 100 of 4 kB a second over 8 streams, in a rush."""
    with running(["http://127.0.0.1:9/"]) as delivery:
        _publish_all(delivery, range(1000))
        before, most = _rss_mb(), 0.0
        begun = time.perf_counter()
        for first in range(1000, 1000 + options.down, IN_TURN):
            _publish_all(delivery, range(first, first + IN_TURN))
            most = max(most, _rss_mb())
        stats = delivery.stats()
        return {
            "messages": options.down,
            "seconds": round(time.perf_counter() - begun, 1),
            "waiting": stats["endpoints"][0]["waiting"],
            "dropped": sum(d["count"] for d in stats["dropped"]),
            "outbox_mb": round(stats["outbox"]["bytes"] / 1e6),
            "grown_mb": round(most - before, 1),
        }


def drain(options: argparse.Namespace) -> dict[str, Any]:
    """A backlog of 4 kB messages over 8 streams, that waits for a receiver to come back."""
    with receiver() as address, tempfile.TemporaryDirectory() as folder:
        run = Run(uuid4(), 0.0)
        for url, subscribers in (("http://127.0.0.1:9/", 1), (address, 1)):
            config = load_config(
                {
                    "webhook_tracking_subscribers": [{"id": "e0", "url": url}] * subscribers,
                    "delivery": {"directory": folder},
                }
            )
            delivery = Delivery(config.webhook_tracking_subscribers, run, encode=None, settings=config.delivery)
            delivery.start()
            begun = time.perf_counter()
            if url != address:
                for first in range(0, options.backlog, IN_TURN):
                    _publish_all(delivery, range(first, min(first + IN_TURN, options.backlog)))
                filled = time.perf_counter() - begun
            else:
                wait_until(lambda d=delivery: delivered(d) >= options.backlog, 1800)  # type: ignore[misc]
                drained = time.perf_counter() - begun
            delivery.stop()
    return {
        "messages": options.backlog,
        "committed_per_s": round(options.backlog / filled),
        "drained_per_s": round(options.backlog / drained),
        "drained_s": round(drained, 1),
    }


def _publish_all(delivery: Delivery, numbers: range) -> None:
    """As fast as the disk takes it: what is handed over is bounded."""
    for number in numbers:
        delivery.publish(message(number, 4000, stream(number % 8)))
    if not delivery._outbox.flush(60):
        sys.exit("bench: the disk does not keep up")


def _at_rate(delivery: Delivery, rate: float, seconds: float, size: int, streams: int = 4) -> None:
    took = []
    begun = time.monotonic()
    for number in range(int(rate * seconds)):
        one = message(number, size, stream(number % streams))
        time.sleep(max(begun + number / rate - time.monotonic(), 0))
        before = time.perf_counter()
        delivery.publish(one)
        took.append(time.perf_counter() - before)
    _TOOK[id(delivery)] = sorted(took)


_TOOK: dict[int, list[float]] = {}


def _publish_us(delivery: Delivery) -> float:
    took = _TOOK[id(delivery)]
    return round(took[int(len(took) * 0.99)] * 1e6, 1)


def _latency(delivery: Delivery, endpoint: int) -> dict[str, Any]:
    found: dict[str, Any] = delivery.stats()["endpoints"][endpoint]["latency"]
    return {name: found[name] for name in ("p50_ms", "p99_ms")}


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


SUITES = {f.__name__: f for f in (throughput, latency, isolation, memory, drain)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}; all without any")
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--down", type=int, default=360_000, help="messages published while the receiver is down")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = {}
    for name in options.suites or SUITES:
        result[name] = SUITES[name](options)
        print(f"{name}: {json.dumps(result[name])}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
