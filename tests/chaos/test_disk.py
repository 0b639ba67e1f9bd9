"""The disk at its worst (delivery, lines 6 and 16)."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.chaos.conftest import LONG, Ledger, Peer, keeps
from tests.unit.delivery.conftest import eventually, message, new_delivery

from omni.delivery.store import FILE_NAME

Make = Callable[..., Peer]
BACKLOG = 100_000 if LONG else 20_000
IN_TURN = 5_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB: more than the messages of the test take, however many commits they come in."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_messages_wait_in_memory_until_there_is_room(
    small_disk: Path, ledger: Ledger, peers: Make
) -> None:
    receiver = peers(keeps(ledger))
    delivery = new_delivery([{"id": "site", "url": receiver.address}], directory=str(small_disk / "outbox"))
    delivery.start()
    for number in range(1, 11):
        delivery.publish(message("end", number))
    eventually(lambda: len(ledger.told) == 10)
    filler = small_disk / "filler"
    _fill(filler)
    for number in range(11, 311):
        delivery.publish(message("end", number, padding=4000))
    eventually(lambda: delivery.problems())
    assert "full" in delivery.problems()[0] or "disk" in delivery.problems()[0]
    filler.unlink()
    eventually(lambda: len(ledger.first_arrivals()) == 310)
    eventually(lambda: delivery.problems() == [])
    ledger.check_order()
    assert ledger.first_arrivals() == list(range(1, 311))
    delivery.stop()


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


AS_NOBODY = """
import json, os, sys
from tests.unit.delivery.conftest import eventually, message, new_delivery
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
delivery = new_delivery([{"id": "site", "url": sys.argv[2]}], directory=sys.argv[1])
delivery.start()
delivery.publish(message("end", 1))
eventually(lambda: delivery.stats()["delivered"])
problems = delivery.problems()
delivery.stop()
sys.stdout.write(json.dumps({"problems": problems, "delivered": delivery.stats()["delivered"]}))
"""


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user may reach; pytest's own are its user's alone."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        Path(folder).chmod(0o700)


def test_a_read_only_database_is_replaced_by_memory_and_said(open_to_all: Path, ledger: Ledger, peers: Make) -> None:
    first = new_delivery([], directory=str(open_to_all))
    first.start()
    first.stop()
    for path in (*open_to_all.iterdir(), open_to_all):
        path.chmod(0o555 if path.is_dir() else 0o444)
    receiver = peers(keeps(ledger))
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(open_to_all), receiver.address],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert "cannot be used" in result["problems"][0]
    assert result["delivered"] == {"end": 1}
    assert [told.number for told in ledger.told] == [1]


LOCKS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
sys.stdout.write("locked\\n")
sys.stdout.flush()
sys.stdin.readline()
db.execute("ROLLBACK")
"""


@pytest.mark.parametrize("at_start", [True, False])
def test_a_database_that_another_process_has_locked_is_waited_for(
    at_start: bool, tmp_path: Path, ledger: Ledger, peers: Make
) -> None:
    receiver = peers(keeps(ledger))

    delivery = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path))
    delivery.start()
    if at_start:
        delivery.stop()
    other = subprocess.Popen(
        [sys.executable, "-c", LOCKS, str(tmp_path / FILE_NAME)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"locked\n"
    if at_start:
        delivery = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path))
        delivery.start()
    for number in range(1, 101):
        delivery.publish(message("end", number))
    eventually(lambda: delivery.problems())
    assert ledger.told == []
    other.communicate(b"\n", timeout=10)
    eventually(lambda: len(ledger.told) == 100)
    assert ledger.first_arrivals() == list(range(1, 101))
    eventually(lambda: delivery.problems() == [])
    delivery.stop()


def test_a_database_that_is_damaged_under_way_is_put_aside(tmp_path: Path, ledger: Ledger, peers: Make) -> None:
    receiver = peers(keeps(ledger))
    delivery = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path))
    delivery.start()
    for number in range(1, 101):
        delivery.publish(message("end", number))
    eventually(lambda: len(ledger.told) == 100)
    eventually(lambda: not delivery.log.backlog())
    numbers = itertools.count(101)

    def overwritten_and_noticed() -> bool:
        """SQLite goes on for a while with the pages that it remembers."""
        for path in tmp_path.glob(f"{FILE_NAME}*"):
            path.write_bytes(bytes(range(256)) * (path.stat().st_size // 256))
        for number in itertools.islice(numbers, 20):
            delivery.publish(message("end", number, padding=5000))
        delivery._outbox.flush(0.1)
        return bool(delivery.problems())

    eventually(overwritten_and_noticed)
    eventually(lambda: delivery.problems() == [])
    assert list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))
    last = [next(numbers) for _ in range(20)]
    for number in last:
        delivery.publish(message("end", number))
    eventually(lambda: ledger.first_arrivals()[-20:] == last)
    assert any(d["cause"] == "database damaged" for d in delivery.stats()["dropped"])
    delivery.stop()


def test_a_backlog_is_drained_in_order_after_a_restart(tmp_path: Path, ledger: Ledger, peers: Make) -> None:
    count = BACKLOG
    away = new_delivery([{"id": "site", "url": "http://127.0.0.1:9/"}], directory=str(tmp_path))
    away.start()
    streams = [f"6f1c7c1e-0000-4000-8000-00000000000{n}" for n in range(8)]
    for number in range(1, count + 1):
        away.publish(message("end", number, streams[number % 8]))
        if number % IN_TURN == 0:
            assert away._outbox.flush(60)
    assert away._outbox.flush(60)
    assert away.log.backlog()["site"][0] == count
    away.stop()
    receiver = peers(keeps(ledger))
    back = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path))
    back.start()
    eventually(lambda: len(ledger.told) >= count, 300.0)
    back.stop()
    by_stream: dict[int, list[int]] = {}
    for told in ledger.told:
        by_stream.setdefault(told.number % 8, []).append(told.number)
    assert sum(map(len, by_stream.values())) == count
    assert all(numbers == sorted(numbers) for numbers in by_stream.values())
