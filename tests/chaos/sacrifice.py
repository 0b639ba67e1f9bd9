"""A process that is killed again and again while it publishes numbered messages. Run by test_kill.

    python -m tests.chaos.sacrifice FOLDER ADDRESS KILLS SEED

Each life is a fork that publishes as fast as it can and tells through a pipe what it knows to be on disk; it gets
SIGKILL at a random instant. A last life is allowed to deliver what is left. Prints, as JSON, the numbers known to be
committed, and how many messages are left.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from pathlib import Path
from uuid import uuid4

from tests.unit.delivery.conftest import message

from omni.config import load_config
from omni.delivery import Delivery
from omni.types import Run

A_LIFE = 100_000
LONGEST_LIFE_S = 0.12


def new_delivery(folder: Path, address: str) -> Delivery:
    config = load_config(
        {
            "webhook_tracking_subscribers": [{"id": "site", "url": address}],
            "delivery": {"directory": str(folder), "retry_s": [0, 0.05, 0.1, 0.2] + [0.5] * 90},
        }
    )
    return Delivery(
        config.webhook_tracking_subscribers, Run(uuid4(), time.time()), encode=None, settings=config.delivery
    )


def live(folder: Path, address: str, first: int, pipe: int) -> None:
    """Publish until killed."""
    delivery = new_delivery(folder, address)
    delivery.start()
    os.write(pipe, b"0\n")
    number = first
    while True:
        for _ in range(5):
            delivery.publish(message("end", number))
            number += 1
        last = number - 1
        delivery._outbox.change(lambda _: None, lambda last=last: os.write(pipe, f"{last}\n".encode()))
        time.sleep(0.002)


def one_life(folder: Path, address: str, first: int, life_s: float) -> int:
    """Fork, let live, kill. Returns the last number that was told to be on disk; 0: none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            live(folder, address, first, writing)
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().split(b"\n")[:-1]
    return int(told[-1]) if told else 0


def main(folder: Path, address: str, kills: int, seed: int) -> None:
    logging.disable()
    chance = random.Random(seed)
    committed: list[int] = []
    for life in range(1, kills + 1):
        first = life * A_LIFE
        last = one_life(folder, address, first, chance.uniform(0.005, LONGEST_LIFE_S))
        committed += range(first, last + 1)
    delivery = new_delivery(folder, address)
    delivery.start()
    deadline = time.monotonic() + 60
    while delivery.log.backlog() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = sum(count for count, _ in delivery.log.backlog().values())
    delivery.stop()
    sys.stdout.write(json.dumps({"committed": committed, "left": left}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
