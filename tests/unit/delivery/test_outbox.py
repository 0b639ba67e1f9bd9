"""What is kept, in which order, and what gives way (delivery, lines 1, 2, 3, 6 and 12)."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.unit.delivery.conftest import (
    RUN,
    STREAMS,
    FakeClock,
    Inbox,
    Scripted,
    deliver,
    eventually,
    message,
    new_delivery,
    record,
)

from omni.delivery import Chosen
from omni.delivery.store import FILE_NAME, Store
from omni.errors import ConfigError
from omni.types import ProcessMessage, Run

pytestmark = pytest.mark.usefixtures("often")

NEXT_RUN = Run(UUID(int=2), 2000.0)
NOWHERE = "http://127.0.0.1:9/x"


def test_what_was_not_delivered_goes_out_after_the_next_start_with_its_id(tmp_path: Path, inbox: Inbox) -> None:
    first = new_delivery([{"id": "site", "url": NOWHERE}], directory=str(tmp_path))
    first.start()
    for number in range(1, 31):
        first.publish(message("begin", number))
    eventually(lambda: first.log.backlog().get("site", (0,))[0] == 30)
    eventually(lambda: first.stats()["endpoints"][0]["attempts"])
    ids = [event["webhook_id"] for event in first.log.events().events]
    first.stop()
    second = new_delivery([{"id": "site", "url": inbox.address}], directory=str(tmp_path), run=NEXT_RUN)
    second.start()
    second.publish(message("begin", 31))
    eventually(lambda: 31 in inbox.numbers())
    second.stop()
    begun = [m for m in inbox.messages if m.reason == "begin"]
    assert [m.processes[0]["numerical_id"] for m in begun] == list(range(1, 32))
    assert [m.webhook_id for m in begun[:30]] == ids
    assert [int(m.attempt) > 1 for m in begun] == [True] * 30 + [False]
    assert [m.sequence for m in inbox.messages] == [str(n) for n in range(1, len(inbox.messages) + 1)]
    assert {m.epoch for m in inbox.messages} == {str(NEXT_RUN.run_id)}


@pytest.mark.parametrize("folder_too", [False, True])
def test_an_outbox_that_is_taken_away_is_put_back_with_all_that_waits(
    tmp_path: Path, inbox: Inbox, folder_too: bool
) -> None:
    directory = tmp_path / "outbox"
    first = new_delivery([{"id": "site", "url": NOWHERE}], directory=str(directory))
    first.start()
    first.publish(message("begin", 1))
    eventually(lambda: first.log.backlog().get("site", (0,))[0] == 1)
    for file in directory.iterdir():
        if folder_too or file.name.startswith(FILE_NAME):
            file.unlink()
    if folder_too:
        directory.rmdir()
    eventually((directory / FILE_NAME).exists)
    with pytest.raises(ConfigError, match="another agent"):
        new_delivery([], directory=str(directory))
    first.publish(message("begin", 2))
    eventually(lambda: first.log.backlog().get("site", (0,))[0] == 2)
    assert first.problems() == []
    first.stop()
    assert stat.S_IMODE((directory / FILE_NAME).stat().st_mode) == 0o600
    second = new_delivery([{"id": "site", "url": inbox.address}], directory=str(directory), run=NEXT_RUN)
    second.start()
    eventually(lambda: [n for n in inbox.numbers() if n in (1, 2)][:2] == [1, 2])
    second.stop()


def test_dead_letters_are_purged_also_where_messages_never_cease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = new_delivery([], directory=str(tmp_path))
    delivery.start()
    told = delivery._outbox._committed

    def more(committed: Any) -> None:
        told(committed)
        delivery.publish(message("begin", 1))

    monkeypatch.setattr(delivery._outbox, "_committed", more)
    delivery.publish(message("begin", 1))
    assert delivery.log.purge(Chosen()) == 0
    monkeypatch.setattr(delivery._outbox, "_committed", told)
    delivery.stop()


def test_what_was_open_at_a_crash_is_ended_by_the_next_start(tmp_path: Path, inbox: Inbox) -> None:
    first = new_delivery([], directory=str(tmp_path))
    first.start()
    for one in (message("begin", 1), message("begin", 2), message("begin", 3, STREAMS[1]), message("end", 1)):
        first.publish(one)
    later = {**record(2), "frame_interval": [0, 99]}
    first.publish(ProcessMessage("ongoing", STREAMS[0], 1001.0, (later,)))
    act = {**record(4, STREAMS[1], finalized=True), "frame_interval": [7, 50], "parent": record(3)["id"]}
    first.publish(ProcessMessage("line", STREAMS[1], 1001.0, (act,)))
    first.stop()  # nothing ended 2 and 3: the log is as a killed process leaves it
    second = new_delivery([{"url": inbox.address}], directory=str(tmp_path), run=NEXT_RUN)
    assert second.numbers_used() == 4
    second.start()
    eventually(lambda: len(inbox.messages) == 2)
    second.stop()
    ended = {m.processes[0]["numerical_id"]: m.processes[0] for m in inbox.messages}
    assert set(ended) == {2, 3}
    assert all(
        process["finalized"] and process["omni"]["end_reason"] == "agent_restarted" for process in ended.values()
    )
    assert ended[2]["frame_interval"] == [0, 99]
    assert ended[3]["frame_interval"] == [0, 50]  # whoever crosses a line then is there
    third = new_delivery([], directory=str(tmp_path), run=RUN)
    third.start()
    third.stop()
    assert len(third.stats()["endpoints"]) == 0


def test_an_ongoing_message_is_not_kept_but_its_number_is_taken_in_turn(scripted: Any, clock: FakeClock) -> None:
    receiver: Scripted = scripted(lambda n: 500 if n == 1 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: clock.longest_sleep() >= 4)
    for number in (2, 3, 4):
        delivery.publish(message("ongoing", number))
    delivery.publish(message("end", 1))
    delivery.publish(message("ongoing", 5))
    eventually(lambda: any(d["count"] == 3 for d in delivery.stats()["endpoints"][0]["dropped"]))
    clock.advance(10)
    eventually(lambda: len(receiver.requests) == 4)
    assert [event["reason"] for event in delivery.log.events().events] == ["begin", "end"]
    delivery.stop()
    assert receiver.header("omni-reason") == ["begin", "begin", "end", "ongoing"]
    assert receiver.header("omni-sequence") == ["1", "1", "2", "3"]
    assert b'"numerical_id":5' in receiver.requests[3][1]


def test_an_ongoing_message_that_failed_gives_way_to_what_came_after_it(scripted: Any, clock: FakeClock) -> None:
    receiver: Scripted = scripted(lambda n: 500 if n == 1 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("ongoing", 1))
    eventually(lambda: clock.longest_sleep() >= 4)
    delivery.publish(message("end", 1))
    eventually(lambda: delivery.log.backlog().get("site", (0,))[0] == 1)
    clock.advance(10)
    eventually(lambda: len(receiver.requests) == 2)
    delivery.stop()
    assert receiver.header("omni-reason") == ["ongoing", "end"]
    assert receiver.header("omni-sequence") == ["1", "1"]


def test_attempts_are_those_at_the_message_itself(scripted: Any, clock: FakeClock) -> None:
    under_way, replaced = threading.Event(), threading.Event()

    def answer(number: int) -> int:
        if number == 1:
            under_way.set()
            replaced.wait(10.0)
        return 500 if number <= 2 else 200

    receiver: Scripted = scripted(answer)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("ongoing", 1))
    assert under_way.wait(10.0)
    delivery.publish(message("ongoing", 2))  # while the first is under way
    eventually(lambda: delivery.stats()["endpoints"][0]["dropped"])
    replaced.set()
    for attempts in (1, 2):
        eventually(lambda attempts=attempts: len(receiver.requests) == attempts and clock.longest_sleep() >= 4)
        if attempts == 2:
            delivery.publish(message("ongoing", 3))  # after the second failed
            eventually(lambda: delivery.stats()["endpoints"][0]["dropped"][0]["count"] == 2)
        clock.advance(10)
    eventually(lambda: len(receiver.requests) == 3)
    delivery.stop()
    assert [orjson.loads(body)["processes"][0]["numerical_id"] for _, body in receiver.requests] == [1, 2, 3]
    assert receiver.header("omni-attempt") == ["1", "1", "1"]
    assert receiver.header("omni-sequence") == ["1", "1", "1"]


def test_a_new_endpoint_is_not_told_of_the_past(tmp_path: Path, inbox: Inbox) -> None:
    deliver([], [message("begin", 1)], directory=str(tmp_path))
    deliver([{"url": inbox.address}], [message("ongoing", 7), message("begin", 2)], directory=str(tmp_path))
    assert 1 not in inbox.numbers()
    assert inbox.numbers()[-1] == 2


def test_the_outbox_is_private_and_belongs_to_one_agent(tmp_path: Path) -> None:
    directory = tmp_path / "outbox"
    first = new_delivery([], directory=str(directory))
    first.start()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / FILE_NAME).stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match=r"\$\.delivery\.directory: .*another agent"):
        new_delivery([], directory=str(directory)).start()
    first.stop()
    second = new_delivery([], directory=str(directory))
    second.start()
    second.stop()


def test_a_damaged_outbox_is_put_aside(tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 1000)
    stats = deliver([{"url": inbox.address}], [message("begin", 1)], directory=str(tmp_path))
    assert inbox.numbers() == [1]
    assert stats["dropped"] == [{"class": "durable", "cause": "database damaged", "count": 1}]
    assert len(list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))) == 1
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600, "in a folder that was there before"


def test_one_that_cannot_be_made_is_replaced_by_memory_and_said(tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / "file").write_text("in the way")
    delivery = new_delivery([{"url": inbox.address}], directory=str(tmp_path / "file" / "outbox"))
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: inbox.numbers() == [1])
    assert "cannot be used" in delivery.problems()[0]
    delivery.stop()


def test_one_of_a_newer_version_is_left_alone_and_replaced_by_memory(tmp_path: Path, inbox: Inbox) -> None:
    Store(tmp_path / FILE_NAME, create=True).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("PRAGMA user_version = 1")
    before = (tmp_path / FILE_NAME).read_bytes()
    delivery = new_delivery([{"url": inbox.address}], directory=str(tmp_path))
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: inbox.numbers() == [1])
    assert "cannot be used (made by a newer version of omni" in delivery.problems()[0]
    delivery.stop()
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_while_it_is_locked_messages_wait_in_memory_and_then_go_out(tmp_path: Path, inbox: Inbox) -> None:
    delivery = new_delivery([{"url": inbox.address}], directory=str(tmp_path))
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: inbox.numbers() == [1])
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(2, 20):
        delivery.publish(message("begin", number))
    eventually(lambda: delivery.problems())
    assert "locked" in delivery.problems()[0]
    assert inbox.numbers() == [1]
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: len(inbox.messages) == 19)
    assert inbox.numbers() == list(range(1, 20))
    assert delivery.problems() == []
    delivery.stop()


def test_an_error_of_ours_costs_no_later_message(tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = new_delivery([{"id": "site", "url": inbox.address}], directory=str(tmp_path))
    delivery.start()
    with monkeypatch.context() as broken:
        broken.setattr(delivery._outbox._writer, "append", lambda *_: 1 // 0)
        delivery.publish(message("begin", 1))
        eventually(lambda: delivery.stats()["dropped"])
    delivery.publish(message("begin", 2))
    eventually(lambda: inbox.numbers() == [2])
    assert [(d["class"], d["cause"]) for d in delivery.stats()["dropped"]] == [("durable", "internal error")]
    delivery.stop()
