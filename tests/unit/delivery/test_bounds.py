"""What gives way where there is too much, and what may not leave any more (delivery, lines 6 and 12)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pytest
from tests.unit.delivery.conftest import (
    RUN,
    STREAMS,
    FakeClock,
    Inbox,
    Scripted,
    eventually,
    message,
    new_delivery,
    record,
)

from omni.config import load_config
from omni.delivery import Delivery
from omni.delivery.outbox import MOST_HANDED_OVER
from omni.delivery.store import FILE_NAME, Store, numbers_used
from omni.types import ProcessMessage, Run

pytestmark = pytest.mark.usefixtures("often")

NEXT_RUN = Run(UUID(int=2), 2000.0)
NOWHERE = "http://127.0.0.1:9/x"


def filled(tmp_path: Path, count: int, size: int, clock: FakeClock, **settings: Any) -> Delivery:
    """An outbox with so many messages of that size, half of them pictures, that nobody takes."""
    config = load_config(
        {
            "webhook_tracking_subscribers": [{"id": "site", "url": NOWHERE}],
            "delivery": {"directory": str(tmp_path), **settings},
        }
    )
    delivery = Delivery(
        config.webhook_tracking_subscribers, RUN, encode=lambda _: "A" * size, settings=config.delivery, clock=clock
    )
    delivery.start()
    for number in range(1, count + 1):
        picture = {str(UUID(int=number)): np.zeros((2, 2, 3), np.uint8)}
        delivery.publish(replace(message("end", number, padding=size), best_shots=picture))
        if number % 50 == 0:
            delivery._outbox.flush(10)
    return delivery


def _counted(apply: Callable[..., Any], looked: list[int]) -> Callable[..., Any]:
    def counting(*of: Any) -> Any:
        looked.append(1)
        return apply(*of)

    return counting


def pictured(number: int) -> ProcessMessage:
    return replace(message("end", number), best_shots={str(UUID(int=number)): np.zeros((2, 2, 3), np.uint8)})


def kept_pictures(delivery: Delivery) -> list[int]:
    kept = [event["body"]["processes"][0] for event in delivery.log.events(limit=1000).events]
    return [process["numerical_id"] for process in kept if "best_shot" in process]


def test_publishing_never_waits_and_is_bounded(tmp_path: Path) -> None:
    delivery = new_delivery([], directory=str(tmp_path))
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.log.events().events)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    delivery.publish(message("begin", 2))
    eventually(lambda: delivery.problems())
    picture = {record(1)["id"]: np.zeros((4, 4, 3), np.uint8)}
    for number in range(MOST_HANDED_OVER + 7):
        delivery.publish(replace(message("begin", number + 3), best_shots=picture))
    dropped = {(d["class"], d["cause"]): d["count"] for d in delivery.stats()["dropped"]}
    other.execute("ROLLBACK")
    other.close()
    assert dropped["durable", "not written in time"] == 7
    assert dropped["image", "not written in time"] > MOST_HANDED_OVER - 200
    delivery.stop()


def test_a_full_outbox_gives_up_pictures_first_then_the_oldest(tmp_path: Path, clock: FakeClock) -> None:
    delivery = filled(tmp_path, 100, 10_000, clock, max_bytes=1 << 20)
    eventually(lambda: delivery.stats()["outbox"]["bytes"] <= 1 << 20)
    assert delivery.log.backlog()["site"][0] >= 60
    dropped = {(d["class"], d["cause"]): d["count"] for d in delivery.stats()["dropped"]}
    assert dropped["image", "outbox full"] > 0
    for number in range(200, 300):
        delivery.publish(message("end", number, padding=10_000))
    delivery._outbox.flush(10)
    eventually(lambda: delivery.stats()["outbox"]["bytes"] <= 1 << 20)
    kept = [event["body"]["processes"][0] for event in delivery.log.events(limit=1000).events]
    assert [process for process in kept if "best_shot" in process] == []
    numbers = [process["numerical_id"] for process in kept]
    assert (numbers[0], numbers[-1]) == (1, 299)  # the first is being tried, the last came last
    assert numbers == sorted(numbers)
    [lost] = [d["count"] for d in delivery.stats()["dropped"] if (d["class"], d["cause"]) == ("durable", "outbox full")]
    assert lost == 200 - len(numbers)
    delivery.stop()


def test_what_was_lost_is_told_with_the_next_message(tmp_path: Path, clock: FakeClock, scripted: Any) -> None:
    delivery = filled(tmp_path, 20, 10, clock)
    delivery._outbox.flush(10)
    delivery.stop()
    receiver: Scripted = scripted(lambda _: 200)
    clock.jump(73 * 3600)
    late = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path), run=NEXT_RUN, clock=clock)
    late._outbox.open()
    eventually(lambda: any(d["cause"] == "too old" for d in late.stats()["dropped"]))
    late._outbox.close(5)
    last = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path), run=RUN, clock=clock)
    last.start()
    last.publish(message("begin", 99))
    eventually(lambda: any(b'"numerical_id":99,' in body for _, body in receiver.requests))
    last.stop()
    assert receiver.header("omni-gap")[0] == "19"
    assert receiver.header("omni-gap")[1:] == [None] * (len(receiver.requests) - 1)


def test_what_is_too_old_at_a_start_is_told_as_gone_and_not_sent(
    tmp_path: Path, clock: FakeClock, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.delivery.retention.CHUNK", 5)
    subscribers = [{"id": "site", "url": "http://127.0.0.1:9/nobody"}]
    first = new_delivery(subscribers, directory=str(tmp_path), clock=clock)
    first.start()
    for number in range(1, 301):
        first.publish(message("end", number))
    first.stop()
    clock.advance(80 * 3600)
    receiver: Scripted = scripted(lambda _: 200)
    subscribers = [{"id": "site", "url": receiver.address}]
    last = new_delivery(subscribers, directory=str(tmp_path), run=NEXT_RUN, clock=clock)
    last.start()
    last.publish(message("end", 301))
    eventually(lambda: any(b'"numerical_id":301,' in body for _, body in receiver.requests))
    last.stop()
    assert [int(gap) for gap in receiver.header("omni-gap") if gap] == [299]
    assert len(receiver.requests) == 2  # the one that was being tried, and the new one


def test_the_log_keeps_what_was_delivered_for_those_who_pull(tmp_path: Path, inbox: Inbox, clock: FakeClock) -> None:
    delivery = new_delivery([{"url": inbox.address}], directory=str(tmp_path), clock=clock, max_age_hours=1)
    delivery.start()
    for number in range(1, 6):
        delivery.publish(message("begin", number))
    eventually(lambda: len(inbox.messages) == 5)
    page = delivery.log.events(limit=3)
    assert [event["body"]["processes"][0]["numerical_id"] for event in page.events] == [1, 2, 3]
    rest = delivery.log.events(page.next)
    assert [event["body"]["processes"][0]["numerical_id"] for event in rest.events] == [4, 5]
    assert not rest.gap
    assert delivery.log.events(rest.next).events == []
    assert delivery.log.events("00000000-3").gap
    with pytest.raises(ValueError, match="cursor"):
        delivery.log.events("x")
    clock.advance(3601)
    eventually(lambda: delivery.log.events(page.next).gap)
    delivery.stop()
    assert numbers_used(tmp_path) == 5


def test_who_pulls_is_told_of_what_went_between_others(tmp_path: Path, inbox: Inbox, clock: FakeClock) -> None:
    """The next message of a webhook that is paused stays for as long as it takes; what is behind it does not."""
    subscribers = [{"url": inbox.address}, {"url": inbox.address, "paused": True, "streams": [STREAMS[0]]}]
    delivery = new_delivery(subscribers, directory=str(tmp_path), clock=clock, max_age_hours=1)
    delivery.start()
    delivery.publish(message("begin", 1))
    for number in (2, 3, 4):
        delivery.publish(message("begin", number, STREAMS[1]))
    eventually(lambda: len(inbox.messages) == 4)
    had = delivery.log.events(limit=2).next
    clock.advance(3601)
    eventually(lambda: len(delivery.log.events().events) == 1)
    delivery.publish(message("begin", 5))
    eventually(lambda: len(inbox.messages) == 5)
    page = delivery.log.events(had)
    assert [event["body"]["processes"][0]["numerical_id"] for event in page.events] == [5]
    assert page.gap
    assert not delivery.log.events(page.next).gap
    delivery.stop()


def test_a_writer_that_is_held_up_takes_no_clock_for_set(
    tmp_path: Path, inbox: Inbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would be old enough to go for an hour."""
    delivery = new_delivery([{"url": inbox.address}], directory=str(tmp_path), clock=clock, max_age_hours=1)
    delivery.start()
    for number in (1, 2):
        delivery.publish(message("begin", number))
    eventually(lambda: len(inbox.messages) == 2)
    first = delivery.log.events(limit=1).next
    hold_up, newest = [3601.0], Store.newest

    def late(store: Store) -> int:
        if hold_up and threading.current_thread() is not threading.main_thread():
            clock.advance(hold_up.pop())
        return newest(store)

    monkeypatch.setattr(Store, "newest", late)
    eventually(lambda: delivery.log.events(first).gap)


def test_with_neither_subscriber_nor_folder_nothing_is_kept() -> None:
    idle = new_delivery([])
    idle.start()
    idle.publish(message("begin", 1))
    assert idle.stats()["endpoints"] == []
    idle.stop()


def test_a_running_agent_tells_of_what_it_had_no_room_for(tmp_path: Path, clock: FakeClock, scripted: Any) -> None:
    well = threading.Event()
    receiver: Scripted = scripted(lambda _: 200 if well.is_set() else 500)
    delivery = new_delivery(
        [{"id": "site", "url": receiver.address}], directory=str(tmp_path), clock=clock, max_bytes=1 << 20
    )
    delivery.start()
    for number in range(1, 201):
        delivery.publish(message("end", number, padding=10_000))
    eventually(lambda: delivery.stats()["dropped"] and delivery.stats()["outbox"]["bytes"] <= 1 << 20)
    [lost] = [d["count"] for d in delivery.stats()["dropped"] if d["class"] == "durable"]
    well.set()
    eventually(lambda: clock.advance(10) or not delivery.log.backlog())
    delivery.stop()
    told = [int(gap) for gap in receiver.header("omni-gap") if gap]
    arrived = [body for _, body in receiver.requests if b"numerical_id" in body]
    assert told[-1:] == [lost]
    assert len(set(arrived)) == 200 - lost
    assert receiver.header("omni-sequence")[-1] == str(200 - lost)


@pytest.mark.parametrize("step", [80 * 3600.0, -80 * 3600.0])
def test_what_waits_grows_no_older_when_the_clock_is_set(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    monkeypatch.setattr("omni.delivery.outbox.RETAIN_EVERY_S", 0.01)
    delivery = filled(tmp_path, 19, 10, clock)
    assert delivery._outbox.flush(60)
    clock.jump(step)
    for number in range(20, 40):
        delivery.publish(message("end", number))
    assert delivery._outbox.flush(60)
    clock.advance(3 * 3600)  # it is believed by then
    looked = list[int]()
    monkeypatch.setattr(delivery._outbox._retention, "apply", _counted(delivery._outbox._retention.apply, looked))
    eventually(lambda: len(looked) > 3)
    kept = [event["body"]["processes"][0]["numerical_id"] for event in delivery.log.events(limit=1000).events]
    assert kept == list(range(1, 40))
    assert delivery.stats()["dropped"] == []
    delivery.stop()


def test_pictures_that_may_not_leave_any_more_do_not(tmp_path: Path, scripted: Any, clock: FakeClock) -> None:
    receiver: Scripted = scripted(lambda n: 500 if n == 1 else 200)

    def made(run: Run, *, anonymous: bool) -> Delivery:
        subscribers, delivery = config.webhook_tracking_subscribers, config.delivery
        return Delivery(
            subscribers, run, encode=lambda _: "A" * 100, anonymous=anonymous, settings=delivery, clock=clock
        )

    subscribers = [{"id": "site", "url": receiver.address}]
    config = load_config({"webhook_tracking_subscribers": subscribers, "delivery": {"directory": str(tmp_path)}})
    first = made(RUN, anonymous=False)
    first.start()
    for number in (1, 2, 3):
        first.publish(pictured(number))
    first._outbox.flush(10)
    eventually(lambda: len(receiver.requests) == 1 and clock.longest_sleep() >= 4)  # and waits, with what is read ahead
    assert kept_pictures(first) == [1, 2, 3]
    first.reconfigure(
        config.webhook_tracking_subscribers,
        encode=lambda _: "B" * 100,
        anonymous=True,
        settings=config.delivery,
        mqtt=config.mqtt_settings,
    )
    first.publish(pictured(4))
    first._outbox.flush(10)
    assert kept_pictures(first) == [4]
    clock.advance(10)
    eventually(lambda: len(receiver.requests) == 5)
    first.stop()
    sent = [orjson.loads(body)["processes"][0].get("best_shot", "")[:1] for _, body in receiver.requests]
    assert sent == ["A", "", "", "", "B"]


@pytest.mark.parametrize(("anonymous", "kept"), [(False, [1]), (True, [])])
def test_pictures_of_an_earlier_run_that_may_not_leave_any_more_do_not(
    tmp_path: Path, anonymous: bool, kept: list[int]
) -> None:
    config = load_config({"delivery": {"directory": str(tmp_path)}})
    for run, hidden in ((RUN, False), (NEXT_RUN, anonymous)):
        delivery = Delivery([], run, encode=lambda _: "A", anonymous=hidden, settings=config.delivery)
        delivery.start()
        if run is RUN:
            delivery.publish(pictured(1))
            delivery._outbox.flush(10)
            assert kept_pictures(delivery) == [1]
        else:
            assert kept_pictures(delivery) == kept
        delivery.stop()
