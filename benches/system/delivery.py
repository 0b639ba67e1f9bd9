"""Webhooks: latency, throughput, isolation, memory, drain; beside a bare loop of aiohttp posts in the same run.

    python -m benches.system.delivery [SUITE ...] [--json] [--backlog 100000] [--down 360000]

Suites: throughput, latency, isolation (``omni bench delivery``, for longer), memory, drain.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from benches.python.bench_delivery import (
    delivered,
    isolation,
    latency,
    message,
    receiver,
    running,
    stream,
    throughput,
    wait_until,
)

from omni.config import load_config
from omni.delivery import Delivery
from omni.types import Run

IN_TURN = 2000
SECONDS = 10.0
"""Of one measurement at a fixed rate."""


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


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


SUITES = {
    "throughput": lambda _: throughput(),
    "latency": lambda _: latency(seconds=SECONDS),
    "isolation": lambda _: isolation(seconds=SECONDS),
    "memory": memory,
    "drain": drain,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}; all without any")
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--down", type=int, default=360_000, help="messages published while the receiver is down")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.suites) - SUITES.keys():
        parser.error(f"no suite {sorted(unknown)}")
    result = {}
    for name in options.suites or SUITES:
        result[name] = SUITES[name](options)
        told = sys.stderr if options.json else sys.stdout
        print(f"{name}: {json.dumps(result[name])}", file=told, flush=True)
    if options.json:
        print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
