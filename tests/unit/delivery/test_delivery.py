"""Webhooks against a real receiver on loopback."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from omni.agent.best_shot import BestShotEncoder
from omni.config import load_config
from omni.delivery import Delivery
from omni.delivery.body import MOST_BYTES, bodies
from omni.delivery.lane import MOST_WAITING, Lane, Waiting
from omni.receiver import Received, Receiver
from omni.types import ProcessMessage, Run

RUN = Run(UUID(int=1), 1000.0)
STREAMS = ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def record(number: int, stream: str = STREAMS[0], padding: int = 0) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "type": "track",
        "time_interval": ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"],
        "frame_interval": [0, 10],
        "finalized": False,
        "numerical_id": number,
        "source": stream,
        "object": {"id": str(UUID(int=number + 1000)), "class": "human" + "x" * padding},
    }


def message(reason: str, number: int, stream: str = STREAMS[0]) -> ProcessMessage:
    return ProcessMessage(reason, stream, 1000.0, (record(number, stream),))


class Inbox:
    def __init__(self, secret: str | None = None) -> None:
        self.messages: list[Received] = []
        self.receiver = Receiver(self.messages.append, secret=secret)
        self.address = self.receiver.start("127.0.0.1", 0)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    yield box
    box.receiver.stop()


def deliver(subscribers: list[dict[str, Any]], messages: list[ProcessMessage]) -> dict[str, Any]:
    config = load_config({"webhook_tracking_subscribers": subscribers})
    delivery = Delivery(config.webhook_tracking_subscribers, RUN, encode=None)
    delivery.start()
    for one in messages:
        delivery.publish(one)
    delivery.stop()
    return delivery.stats()


def test_messages_arrive_in_order_and_are_counted_by_stream(inbox: Inbox) -> None:
    sent = [message("begin", n, STREAMS[n % 2]) for n in range(1, 41)]
    stats = deliver([{"url": inbox.address}], sent)
    assert stats["delivered"] == {"begin": 40}
    for stream in STREAMS:
        mine = [m for m in inbox.messages if m.processes[0]["source"] == stream]
        assert [m.sequence for m in mine] == [str(n) for n in range(1, 21)]
        assert [m.processes[0]["numerical_id"] for m in mine] == sorted(m.processes[0]["numerical_id"] for m in mine)


def test_a_subscriber_of_one_stream_gets_that_one(inbox: Inbox) -> None:
    deliver(
        [{"url": inbox.address, "streams": [STREAMS[1]]}],
        [message("begin", 1), message("begin", 2, STREAMS[1])],
    )
    assert [m.processes[0]["numerical_id"] for m in inbox.messages] == [2]


def test_a_signed_message_is_verified_by_the_receiver() -> None:
    box = Inbox(SECRET)
    try:
        deliver([{"url": box.address, "secret": SECRET}], [message("begin", 1)])
        assert (len(box.messages), box.receiver.wrong) == (1, 0)
    finally:
        box.receiver.stop()


def test_a_dead_endpoint_holds_up_nobody(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.delivery.delivery.DRAIN_S", 0.5)
    stats = deliver([{"url": "http://127.0.0.1:9/x"}, {"url": inbox.address}], [message("begin", 1), message("end", 1)])
    assert [m.reason for m in inbox.messages] == ["begin", "end"]
    dead, alive = stats["endpoints"]
    assert dead["last_failure"].startswith("cannot be reached")
    assert alive["delivered"] == {"begin": 1, "end": 1}


def test_a_message_that_cannot_be_made_is_counted_and_the_next_goes_out(inbox: Inbox) -> None:
    config = load_config({"webhook_tracking_subscribers": [{"url": inbox.address}]})
    delivery = Delivery(config.webhook_tracking_subscribers, RUN, encode=BestShotEncoder(512, 85))
    delivery.start()
    broken = ProcessMessage("begin", STREAMS[0], 0.0, (record(1),), {record(1)["id"]: np.zeros((0, 5, 3), np.uint8)})
    for one in (broken, message("end", 2)):
        delivery.publish(one)
    delivery.stop()
    assert [m.reason for m in inbox.messages] == ["end"]
    assert delivery.stats()["endpoints"][0]["dropped"] == {"begin": 1}


def test_a_receiver_that_comes_later_gets_the_same_message_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.delivery.endpoint.RETRY_S", (0.0, 0.3, 0.3, 0.3, 0.3))
    first = Inbox()
    port = int(first.address.split(":")[2].split("/")[0])
    first.receiver.stop()
    messages: list[Received] = []
    receiver = Receiver(messages.append)
    timer = threading.Timer(0.4, lambda: receiver.start("127.0.0.1", port))
    timer.start()
    deliver([{"url": f"http://127.0.0.1:{port}/trigger"}], [message("begin", 1), message("end", 1)])
    timer.join()
    receiver.stop()
    assert [m.reason for m in messages] == ["begin", "end"]
    assert int(messages[0].attempt) > 1


def test_a_large_array_is_split_never_truncated() -> None:
    records = tuple(record(n, padding=100_000) for n in range(1, 31))
    sizes = [len(body) for body in bodies(ProcessMessage("ongoing", STREAMS[0], 0.0, records), None)]
    assert len(sizes) == 3
    assert max(sizes) <= MOST_BYTES


def test_a_best_shot_is_a_jpeg_in_base64_only_when_switched_on() -> None:
    picture = np.full((300, 100, 3), 90, np.uint8)
    one = ProcessMessage("begin", STREAMS[0], 0.0, (record(1),), {record(1)["id"]: picture})
    assert b"best_shot" not in bodies(one, None)[0]
    [body] = bodies(one, BestShotEncoder(512, 85))
    text = body.split(b'"best_shot":"')[1].split(b'"')[0]
    assert base64.b64decode(text, validate=True)[:3] == b"\xff\xd8\xff"


def _lane(dropped: list[str]) -> Lane:
    async def never(_: Waiting) -> None:
        raise AssertionError("nothing is sent before run()")

    return Lane(never, dropped.append)


def test_a_newer_ongoing_replaces_one_that_has_not_gone_out() -> None:
    lane = _lane([])
    for reason in ("begin", "ongoing", "end", "ongoing"):
        lane.put(Waiting(message(reason, 1), 0.0))
    assert lane.depth == 3


def test_a_lane_is_bounded_and_counts_what_it_drops() -> None:
    dropped: list[str] = []
    lane = _lane(dropped)
    for n in range(MOST_WAITING + 5):
        lane.put(Waiting(message("begin", n + 1), 0.0))
    assert (lane.depth, dropped) == (MOST_WAITING, ["begin"] * 5)
