"""Attempts, pauses and what ends them (delivery, lines 2, 4, 5 and 7), on a clock that the test moves."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from tests.unit.delivery.conftest import STREAMS, FakeClock, Inbox, Scripted, eventually, message, new_delivery

from omni.config import DeliveryConfig, load_config
from omni.delivery import Chosen, Delivery
from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.retry import FAILURES, LONGEST_REST_S, REST_S, Breaker, RetryPlan
from omni.delivery.webhook import WebhookChannel

Make = Callable[[Callable[[int], Any]], Scripted]


def wait_for_attempt(receiver: Scripted, count: int, delivery: Delivery) -> None:
    eventually(lambda: len(receiver.requests) == count)
    eventually(lambda: sum(delivery.stats()["endpoints"][0]["attempts"].values()) == count)


def test_the_plan_is_kept_to_its_end_and_then_the_letter_is_dead(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda n: (500, {}, b"x" * 5000) if n <= 12 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    total = 0.0
    for made, planned in enumerate(DeliveryConfig().retry_s[1:], 1):
        wait_for_attempt(receiver, made, delivery)
        eventually(lambda planned=planned: clock.longest_sleep() >= 0.8 * planned)
        pause = clock.longest_sleep()
        assert 0.8 * planned <= pause <= 1.2 * planned
        clock.advance(pause - 0.01)
        assert len(receiver.requests) == made
        clock.advance(0.02)
        total += pause
    wait_for_attempt(receiver, 12, delivery)
    assert total > 0.8 * 72 * 3600
    eventually(lambda: delivery.log.dead())
    [dead] = delivery.log.dead()
    assert (dead["attempts"], dead["last_status"], dead["cause"]) == (12, 500, "answered 500")
    assert len(dead["answer"]) == 1024
    assert receiver.header("omni-attempt") == [str(n) for n in range(1, 13)]
    assert len(set(receiver.header("webhook-id"))) == 1
    delivery.publish(message("end", 1))
    eventually(lambda: clock.longest_sleep() > 0 and (clock.advance(LONGEST_REST_S) or len(receiver.requests) == 13))
    assert (receiver.header("omni-sequence")[-1], receiver.header("omni-gap")[-1]) == ("2", "1")
    delivery.stop()


def test_the_plan_adds_up_to_three_days() -> None:
    assert sum(DeliveryConfig().retry_s) >= 72 * 3600


@pytest.mark.parametrize(("retry_after", "low", "high"), [(7.0, 7.0, 7.0), (3600.0, 10.0, 10.0), (0.0, 4.0, 6.0)])
def test_retry_after_counts_within_twice_the_plan(retry_after: float, low: float, high: float) -> None:
    assert low <= (RetryPlan((0.0, 5.0)).pause(1, retry_after) or 0.0) <= high


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(
    scripted: Make, clock: FakeClock, status: int, as_date: bool
) -> None:
    text = formatdate(clock.time() + 8, usegmt=True) if as_date else "8"
    receiver = scripted(lambda n: (status, {"retry-after": text}, b"") if n == 1 else 200)
    delivery = new_delivery([{"url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    wait_for_attempt(receiver, 1, delivery)
    delivery.publish(message("begin", 2, STREAMS[1]))  # another lane waits too
    eventually(lambda: clock.longest_sleep() > 7)
    clock.advance(7.5)
    assert len(receiver.requests) == 1
    eventually(lambda: clock.advance(1.0) or len(receiver.requests) == 3)
    delivery.stop()


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 500])
def test_only_2xx_is_success_and_redirects_are_not_followed(scripted: Make, clock: FakeClock, status: int) -> None:
    other = scripted(lambda _: 200)
    receiver = scripted(lambda n: (status, {"location": other.address}, b"") if n == 1 else 204)
    delivery = new_delivery([{"url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    wait_for_attempt(receiver, 1, delivery)
    eventually(lambda: clock.longest_sleep() >= 4)
    clock.advance(6)
    wait_for_attempt(receiver, 2, delivery)
    delivery.stop()
    assert other.requests == []
    assert delivery.stats()["delivered"] == {"begin": 1}


def test_a_receiver_that_is_gone_is_told_nothing_more(
    scripted: Make, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = scripted(lambda _: 410)
    delivery = new_delivery([{"url": receiver.address}, {"url": inbox.address}])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["disabled"])
    for number in range(2, 10):
        delivery.publish(message("begin", number))
    eventually(lambda: len(inbox.messages) == 9)
    delivery.stop()
    assert len(receiver.requests) == 1
    [told] = [line for line in caplog.messages if receiver.address in line]
    assert "410 Gone; it is told nothing until" in told
    assert delivery.log.backlog().get(delivery.stats()["endpoints"][0]["id"]) is None


def test_one_that_is_gone_gets_no_heartbeat_either(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda _: 410)
    delivery = new_delivery([{"url": receiver.address}], clock=clock, heartbeat_s=60)
    delivery.start()
    eventually(lambda: clock.longest_sleep() > 59)
    clock.advance(60)
    eventually(lambda: delivery.stats()["endpoints"][0]["disabled"])
    eventually(lambda: clock.longest_sleep() == 0)  # nobody waits for anything
    config = load_config({"webhook_tracking_subscribers": [{"url": receiver.address}], "delivery": {"heartbeat_s": 30}})
    delivery.reconfigure(
        config.webhook_tracking_subscribers, encode=None, settings=config.delivery, mqtt=config.mqtt_settings
    )
    assert clock.longest_sleep() == 0
    delivery.stop()
    assert len(receiver.requests) == 1


def test_one_that_is_gone_gets_no_further_dead_letters(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda n: 500 if n <= 2 else 410)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock, retry_s=[0])
    delivery.start()
    for number in (1, 2):
        delivery.publish(message("begin", number))
    eventually(lambda: len(delivery.log.dead()) == 2)
    assert delivery.log.replay(Chosen()) == 2
    eventually(lambda: clock.advance(1.0) or delivery.stats()["endpoints"][0]["disabled"])
    eventually(lambda: [letter["last_status"] for letter in delivery.log.dead()] == [410, 500])
    assert clock.longest_sleep() == 0
    delivery.stop()
    assert len(receiver.requests) == 3


def test_an_old_address_that_is_gone_does_not_end_the_new_one(scripted: Make, inbox: Inbox) -> None:
    moved = threading.Event()
    old = scripted(lambda _: 410 if moved.wait(10.0) else 500)
    delivery = new_delivery([{"id": "site", "url": old.address}], retry_s=[0, 0, 0])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: old.requests)
    config = load_config({"webhook_tracking_subscribers": [{"id": "site", "url": inbox.address}]})
    delivery.reconfigure(
        config.webhook_tracking_subscribers,
        encode=None,
        settings=config.delivery.model_copy(update={"retry_s": (0.0, 0.0, 0.0)}),
        mqtt=config.mqtt_settings,
    )
    moved.set()
    eventually(lambda: inbox.numbers() == [1])
    delivery.stop()
    assert not delivery.stats()["endpoints"][0]["disabled"]


def test_a_failing_endpoint_rests_and_is_probed_by_one(clock: FakeClock) -> None:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.wait_s() == 0
        breaker.failed()
    for rest in (REST_S, 2 * REST_S, 4 * REST_S, 8 * REST_S, LONGEST_REST_S, LONGEST_REST_S):
        assert breaker.wait_s() == pytest.approx(rest)
        clock.advance(rest)
        assert breaker.wait_s() == 0
        assert breaker.wait_s() > 0  # one at a time
        breaker.failed()
    clock.advance(LONGEST_REST_S)
    assert breaker.wait_s() == 0
    breaker.succeeded()
    assert [breaker.wait_s() for _ in range(3)] == [0, 0, 0]


def test_when_one_lane_gets_through_all_others_try_at_once(scripted: Make, clock: FakeClock) -> None:
    up = itertools.count()
    receiver = scripted(lambda n: 500 if n <= 6 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock, retry_s=[0, 10000, 10000])
    delivery.start()
    for n, stream in enumerate(f"6f1c7c1e-0000-4000-8000-00000000000{n}" for n in range(6)):
        delivery.publish(message("begin", n + 1, stream))
    eventually(lambda: clock.advance(REST_S) or len(receiver.requests) >= 6 or next(up) > 10_000)
    assert delivery.test("site")["delivered"]
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 6})
    assert clock.monotonic() < 1_700_000_000 + 10_000 * 0.8
    delivery.stop()


def test_a_message_that_is_refused_keeps_to_its_plan_while_other_streams_get_through(
    scripted: Make, clock: FakeClock
) -> None:
    receiver = scripted(lambda n: 500 if STREAMS[0].encode() in receiver.requests[n - 1][1] else 200)
    delivery = new_delivery([{"url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    wait_for_attempt(receiver, 1, delivery)
    for number in range(2, 17):
        delivery.publish(message("begin", number, STREAMS[1]))
        eventually(lambda number=number: delivery.stats()["delivered"] == {"begin": number - 1})
    assert delivery.stats()["endpoints"][0]["attempts"] == {"http_5xx": 1, "ok": 15}
    clock.advance(7)  # its second attempt is due
    eventually(lambda: delivery.stats()["endpoints"][0]["attempts"]["http_5xx"] == 2)
    delivery.stop()


@pytest.mark.parametrize("slow_down", [429, 503])
def test_so_it_does_where_the_receiver_asks_for_a_rest(scripted: Make, clock: FakeClock, slow_down: int) -> None:
    receiver = scripted(lambda n: slow_down if STREAMS[0].encode() in receiver.requests[n - 1][1] else 200)
    delivery = new_delivery([{"url": receiver.address}], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    wait_for_attempt(receiver, 1, delivery)
    clock.advance(7)
    wait_for_attempt(receiver, 2, delivery)  # the next in half a minute
    delivery.publish(message("begin", 2, STREAMS[1]))
    clock.advance(7)  # the rest that was asked for is over
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 1})
    delivery.publish(message("begin", 3, STREAMS[1]))
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 2})
    assert sum(STREAMS[0].encode() in body for _, body in receiver.requests) == 2
    delivery.stop()


def test_what_a_receiver_sends_back_is_kept_without_the_secrets_that_it_got(scripted: Make) -> None:
    def echo(n: int) -> tuple[int, dict[str, str], bytes]:
        headers, _ = receiver.requests[n - 1]
        return 400, {}, f"no: {headers} http://ann:pass-word@hook/?key=query-word".encode()

    receiver = scripted(echo)
    address = receiver.address.replace("://", "://ann:pass%2Dword@") + "?key=query-word"
    other = {"id": "b", "url": receiver.address, "headers": {"authorization": "Bearer bearer-word", "x": "1"}}
    delivery = new_delivery([{"id": "a", "url": address, "headers": {"x-api-key": "header-word"}}, other], retry_s=[0])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: len(delivery.log.dead()) == 2)
    for endpoint in ("a", "b"):
        [letter] = delivery.log.dead(endpoint)
        assert letter["answer"].startswith("no: {")
        assert "'content-type': 'application/json'" in letter["answer"]
        for secret in ("-word", base64.b64encode(b"ann:pass-word").decode()):
            assert secret not in letter["answer"]
    delivery.stop()


def test_dead_letters_are_listed_replayed_and_purged(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda n: (422, {}, b"no room") if n <= 3 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock, retry_s=[0])
    delivery.start()
    for number in (1, 2, 3):
        delivery.publish(message("begin", number))
    eventually(lambda: len(delivery.log.dead()) == 3)
    first, second, third = delivery.log.dead("site")
    assert first["answer"] == "no room"
    assert delivery.stats()["endpoints"][0]["dead"] == 3
    assert delivery.log.replay(Chosen(ids=(second["id"],))) == 1
    eventually(lambda: clock.advance(1.0) or len(receiver.requests) == 4)
    headers, _ = receiver.requests[3]
    assert (headers["webhook-id"], headers["omni-attempt"], headers["omni-replay"]) == (
        second["webhook_id"],
        "2",
        "true",
    )
    eventually(lambda: len(delivery.log.dead()) == 2)
    assert delivery.log.purge(Chosen(endpoint="other")) == 0
    assert delivery.log.purge(Chosen(endpoint="site", since=first["given_up_at"], until=third["given_up_at"])) == 2
    assert delivery.log.dead() == []
    states = [(one["id"], one["state"]) for one in delivery.deliveries("site", 10)]
    assert states == [
        (third["webhook_id"], "dead"),
        (second["webhook_id"], "delivered"),
        (first["webhook_id"], "dead"),
    ]
    delivery.stop()


def test_a_dead_letter_that_is_purged_while_its_replay_waits_is_not_sent(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda n: 422 if n <= 2 else 200)
    delivery = new_delivery([{"id": "site", "url": receiver.address}], clock=clock, retry_s=[0])
    delivery.start()
    for number in (1, 2):
        delivery.publish(message("begin", number))
    eventually(lambda: len(delivery.log.dead()) == 2)
    first, second = delivery.log.dead()

    def pause(paused: bool) -> None:
        subscribers = [{"id": "site", "url": receiver.address, "paused": paused}]
        config = load_config({"webhook_tracking_subscribers": subscribers, "delivery": {"retry_s": [0]}})
        delivery.reconfigure(
            config.webhook_tracking_subscribers, encode=None, settings=config.delivery, mqtt=config.mqtt_settings
        )

    pause(True)
    assert delivery.log.replay(Chosen()) == 2
    eventually(lambda: clock.advance(1.0) or clock.longest_sleep() == 0)  # it waits for the pause to end, not for time
    assert delivery.log.purge(Chosen(ids=(first["id"],))) == 1
    pause(False)
    eventually(lambda: clock.advance(1.0) or delivery.log.dead() == [])
    delivery.stop()
    assert receiver.header("webhook-id") == [first["webhook_id"], second["webhook_id"], second["webhook_id"]]


def test_a_heartbeat_is_sent_when_it_is_quiet(scripted: Make, clock: FakeClock) -> None:
    receiver = scripted(lambda _: 200)
    delivery = new_delivery([{"url": receiver.address}], clock=clock, heartbeat_s=60)
    delivery.start()
    for count in (1, 2):
        eventually(lambda: clock.longest_sleep() > 59)
        clock.advance(60)
        wait_for_attempt(receiver, count, delivery)
    delivery.stop()
    assert receiver.header("omni-reason") == ["heartbeat"] * 2
    assert receiver.requests[0][1] == b'{"processes":[]}'


def test_a_test_says_how_it_went(scripted: Make) -> None:
    receiver = scripted(lambda n: 200 if n == 1 else 500)
    delivery = new_delivery([{"id": "site", "url": receiver.address}])
    delivery.start()
    assert {**delivery.test("site"), "latency_ms": 0} == {
        "delivered": True,
        "status": 200,
        "failure": "",
        "latency_ms": 0,
    }
    assert delivery.test("site")["failure"] == "answered 500"
    with pytest.raises(LookupError, match="there are: site"):
        delivery.test("other")
    delivery.stop()


def test_an_attempt_that_fails_by_an_error_of_ours_is_made_again(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, broken = WebhookChannel.send, iter([True])

    async def send(channel: WebhookChannel, outgoing: Outgoing) -> Outcome:
        if next(broken, False):
            raise RuntimeError("of ours")
        return await real(channel, outgoing)

    monkeypatch.setattr(WebhookChannel, "send", send)
    delivery = new_delivery([{"id": "site", "url": inbox.address}], retry_s=[0.0, 0.01])
    delivery.start()
    for number in (1, 2):
        delivery.publish(message("begin", number))
    eventually(lambda: inbox.numbers() == [1, 2])
    assert [received.attempt for received in inbox.messages] == ["2", "1"]
    eventually(lambda: delivery.stats()["endpoints"][0]["attempts"] == {"internal": 1, "ok": 2})
    assert "an error of ours" in caplog.text
    delivery.stop()


@pytest.mark.parametrize(("ahead", "told"), [(600.0, True), (-600.0, True), (60.0, False)])
def test_a_refusal_says_that_the_clocks_are_apart(clock: FakeClock, ahead: float, told: bool) -> None:
    clock.jump(time.time() - clock.time() + ahead)
    box = Inbox(secret="whsec_c2VjcmV0")
    wrong = {"id": "site", "url": box.address, "secret": "whsec_" + "b3RoZXI="}
    delivery = new_delivery([wrong], clock=clock)
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    [site] = delivery.stats()["endpoints"]
    assert site["last_failure"].startswith("answered 401")
    assert ("its clock and this machine's are minutes apart" in site["last_failure"]) == told
    delivery.stop()
    box.receiver.stop()
