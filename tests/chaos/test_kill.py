"""kill -9 at random instants: nothing that was committed is lost, nothing overtakes (delivery, lines 1 to 3)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.chaos.conftest import LONG, Ledger, Peer, keeps

KILLS = 1000 if LONG else 100
SEED = 20261124


def sacrifice(folder: Path, address: str) -> list[int]:
    """Returns the numbers that are known to have been committed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.sacrifice", str(folder), address, str(KILLS), str(SEED)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["left"] == 0
    committed: list[int] = result["committed"]
    return committed


def test_the_agent_is_killed_and_the_receiver_comes_and_goes(
    tmp_path: Path, ledger: Ledger, peers: Callable[..., Peer]
) -> None:
    receiver = peers(keeps(ledger))
    stop = threading.Event()

    def come_and_go() -> None:
        current = receiver
        while not stop.wait(1.0):
            current.close()
            if stop.wait(0.3):
                break
            current = peers(keeps(ledger), receiver.port)
        if current._loop.is_closed():
            peers(keeps(ledger), receiver.port)

    troublemaker = threading.Thread(target=come_and_go)
    troublemaker.start()
    try:
        committed = sacrifice(tmp_path, receiver.address)
    finally:
        stop.set()
        troublemaker.join()
    arrived = {told.number for told in ledger.told}
    assert len(committed) > KILLS
    assert set(committed) - arrived == set()
    ledger.check_order()
    ledger.check_sequences()
