"""Webhooks against a real receiver on loopback."""

from __future__ import annotations

import base64
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.delivery.conftest import RUN, STREAMS, Inbox, deliver, eventually, message, new_delivery, record

from omni.agent.best_shot import BestShotEncoder
from omni.config import load_config
from omni.delivery import Delivery
from omni.delivery.body import MOST_BYTES, bodies, without_pictures
from omni.types import ProcessMessage

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_messages_arrive_in_order_and_are_counted_by_stream(inbox: Inbox) -> None:
    sent = [message("begin", n, STREAMS[n % 2]) for n in range(1, 41)]
    stats = deliver([{"url": inbox.address}], sent)
    assert stats["delivered"] == {"begin": 40}
    for stream in STREAMS:
        mine = [m for m in inbox.messages if m.processes[0]["source"] == stream]
        assert [m.sequence for m in mine] == [str(n) for n in range(1, 21)]
        assert [m.processes[0]["numerical_id"] for m in mine] == sorted(m.processes[0]["numerical_id"] for m in mine)


def test_what_is_published_before_the_start_is_told_first(inbox: Inbox) -> None:
    """An external process may be begun before the agent is started: nobody may get its end alone."""
    delivery = new_delivery([{"url": inbox.address}])
    delivery.publish(message("begin", 1))
    delivery.start()
    delivery.publish(message("end", 1))
    eventually(lambda: len(inbox.messages) == 2)
    delivery.stop()
    delivery.publish(message("begin", 2))
    assert [m.reason for m in inbox.messages] == ["begin", "end"]


def test_a_subscriber_of_one_stream_gets_that_one(inbox: Inbox) -> None:
    deliver(
        [{"url": inbox.address, "streams": [STREAMS[1]]}],
        [message("begin", 1), message("begin", 2, STREAMS[1])],
    )
    assert (inbox.numbers(STREAMS[0]), inbox.numbers(STREAMS[1])) == ([], [2])


def test_a_signed_message_is_verified_by_the_receiver() -> None:
    box = Inbox(SECRET)
    try:
        deliver([{"url": box.address, "secret": SECRET}], [message("begin", 1)])
        assert (len(box.messages), box.receiver.wrong) == (1, 0)
    finally:
        box.receiver.stop()


def test_a_header_counts_before_the_login_of_the_address(inbox: Inbox) -> None:
    address = inbox.address.replace("://", "://ann:pass@")
    stats = deliver([{"url": address, "headers": {"Authorization": "Bearer x"}}], [message("begin", 1)])
    assert stats["delivered"] == {"begin": 1}


def test_a_dead_endpoint_holds_up_nobody(inbox: Inbox) -> None:
    delivery = new_delivery([{"url": "http://127.0.0.1:9/x"}, {"url": inbox.address}])
    delivery.start()
    for one in (message("begin", 1), message("end", 1)):
        delivery.publish(one)
    eventually(lambda: len(inbox.messages) == 2)
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    delivery.stop()
    assert [m.reason for m in inbox.messages] == ["begin", "end"]
    dead, alive = delivery.stats()["endpoints"]
    assert dead["last_failure"] == "cannot be reached (nothing listens at its port)"
    assert alive["delivered"] == {"begin": 1, "end": 1}


def test_an_idle_connection_is_let_go_before_a_receiver_closes_it() -> None:
    """Else a message may meet the closing on its way, and waits for the next attempt."""
    delivery = None
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60.0)
        try:
            delivery = new_delivery([{"url": f"http://127.0.0.1:{server.getsockname()[1]}/hook"}])
            delivery.start()
            delivery.publish(message("begin", 1))
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10.0)  # the library's own limit is 15 s
                assert connection.recv(65536).startswith(b"POST /hook")
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                while connection.recv(65536):  # what is left of the message, then the end
                    pass
        finally:
            if delivery is not None:
                delivery.stop()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:9/x", "nothing listens at its port"),
        ("http://no-such-name.invalid/x", "its name cannot be looked up"),
    ],
)
def test_why_an_endpoint_cannot_be_reached_is_told(address: str, why: str) -> None:
    delivery = new_delivery([{"url": address}])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    delivery.stop()
    assert delivery.stats()["endpoints"][0]["last_failure"] == f"cannot be reached ({why})"


def test_a_large_array_is_split_never_truncated(inbox: Inbox) -> None:
    records = tuple(record(n, padding=100_000) for n in range(1, 31))
    one = ProcessMessage("ongoing", STREAMS[0], 0.0, records)
    sizes = [len(body.data) for body in bodies(one, None)]
    assert len(sizes) == 3
    assert max(sizes) <= MOST_BYTES
    deliver([{"url": inbox.address}], [one])
    assert inbox.numbers() == list(range(1, 31))
    assert [m.sequence for m in inbox.messages] == ["1", "2", "3"]


def test_a_best_shot_is_a_jpeg_in_base64_only_when_switched_on() -> None:
    picture = np.full((300, 100, 3), 90, np.uint8)
    one = ProcessMessage("begin", STREAMS[0], 0.0, (record(1),), {record(1)["id"]: picture})
    [plain] = bodies(one, None)
    assert (b"best_shot" in plain.data, plain.pictures) == (False, False)
    [body] = bodies(one, BestShotEncoder(512, 85))
    text = body.data.split(b'"best_shot":"')[1].split(b'"')[0]
    assert base64.b64decode(text, validate=True)[:3] == b"\xff\xd8\xff"
    assert body.pictures
    assert without_pictures(body.data) == plain.data


def test_a_picture_that_cannot_be_made_is_left_out() -> None:
    broken = ProcessMessage("begin", STREAMS[0], 0.0, (record(1),), {record(1)["id"]: np.zeros((0, 5, 3), np.uint8)})
    [body] = bodies(broken, BestShotEncoder(512, 85))
    assert not body.pictures


def test_a_message_that_cannot_be_written_is_counted_and_the_next_goes_out(inbox: Inbox) -> None:
    broken = ProcessMessage("begin", STREAMS[0], 0.0, ({**record(1), "omni": object()},))
    stats = deliver([{"url": inbox.address}], [broken, message("end", 2)])
    assert [m.reason for m in inbox.messages] == ["end"]
    assert stats["dropped"] == [{"class": "durable", "cause": "cannot be written as JSON", "count": 1}]


@pytest.mark.parametrize("times", range(5))
def test_what_was_acknowledged_last_is_not_told_of_as_undelivered(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    del times
    deliver([{"url": inbox.address}], [message("begin", n) for n in range(1, 21)])
    assert inbox.numbers() == list(range(1, 21))
    assert "not delivered" not in caplog.text


def test_stopping_does_not_wait_for_a_receiver_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("omni.delivery.delivery.DRAIN_S", 1000.0)
    delivery = new_delivery([{"id": "site", "url": "http://127.0.0.1:9/"}], directory=str(tmp_path))
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    begun = time.monotonic()
    delivery.stop()
    assert time.monotonic() - begun < 100
    assert "1 messages were not delivered before the end; they wait in the outbox" in caplog.text


def test_ways_out_that_were_replaced_are_not_kept(inbox: Inbox) -> None:
    delivery = new_delivery([{"id": "site", "url": inbox.address}])
    delivery.start()
    for number in range(1, 6):
        config = load_config({"webhook_tracking_subscribers": [{"id": "site", "url": f"{inbox.address}?{number}"}]})
        delivery.reconfigure(
            config.webhook_tracking_subscribers, encode=None, settings=config.delivery, mqtt=config.mqtt_settings
        )
        delivery.publish(message("begin", number))
        eventually(lambda number=number: inbox.numbers() == list(range(1, number + 1)))
    [endpoint] = delivery._endpoints.values()
    eventually(lambda: not endpoint._sending)
    delivery.stop()


def test_endpoints_are_told_of_in_the_order_of_the_configuration(inbox: Inbox) -> None:
    def of(*ids: str) -> Any:
        return load_config({"webhook_tracking_subscribers": [{"id": id_, "url": inbox.address} for id_ in ids]})

    first, second = of("a", "b"), of("c", "b", "a")
    delivery = Delivery(first.webhook_tracking_subscribers, RUN, encode=None)
    delivery.start()
    delivery.reconfigure(
        second.webhook_tracking_subscribers, encode=None, settings=second.delivery, mqtt=second.mqtt_settings
    )
    assert [endpoint["id"] for endpoint in delivery.stats()["endpoints"]] == ["c", "b", "a"]
    delivery.stop()
