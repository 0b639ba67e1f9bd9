"""Messages to a real broker, which the test starts and kills."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import orjson
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from tests.unit.delivery.conftest import RUN, STREAMS, eventually, message

from omni.config import MqttConfig, load_config
from omni.delivery import Delivery
from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.mqtt import MqttChannel
from omni.errors import ConfigError

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


@dataclass
class Broker:
    """Debian's mosquitto on a free port, with its memory in a file."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {self.folder}/\nmax_inflight_messages 0\n"
        )
        self.process = subprocess.Popen([str(MOSQUITTO), "-c", str(config)], stderr=subprocess.DEVNULL)
        eventually(self._answers)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def remember(self, topic: str) -> None:
        """Keep from now on what comes under this topic for ``collect``."""

        async def subscribe() -> None:
            async with self._reader() as client:
                await client.subscribe(topic, qos=1)

        asyncio.run(subscribe())

    def collect(self, count: int) -> list[aiomqtt.Message]:
        """What came under the topic, until there are so many."""

        async def take() -> list[aiomqtt.Message]:
            async with asyncio.timeout(20), self._reader() as client:
                found: list[aiomqtt.Message] = []
                async for one in client.messages:
                    found.append(one)
                    if len(found) == count:
                        break
                return found

        return asyncio.run(take())

    def retained(self, topic: str) -> bytes:
        """What is retained under the topic, once there is something."""

        async def look() -> bytes:
            async with asyncio.timeout(20), aiomqtt.Client("127.0.0.1", self.port) as client:
                await client.subscribe(topic)
                async for one in client.messages:
                    return bytes(one.payload)  # type: ignore[arg-type]
            raise AssertionError

        return asyncio.run(look())

    def _reader(self) -> aiomqtt.Client:
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        kept.SessionExpiryInterval = 600
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            identifier="reader",
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=kept,
        )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if MOSQUITTO is None:
        pytest.skip("no mosquitto on this machine (Debian's package of that name)")
    one = Broker(tmp_path)
    one.start()
    yield one
    one.stop()


def new_delivery(broker: Broker, **settings: Any) -> Delivery:
    config = load_config(
        {
            "mqtt_settings": {"enable": True, "broker_address": f"127.0.0.1:{broker.port}", "topic": "site/omni"},
            "delivery": {"directory": str(broker.folder / "outbox"), **settings},
        }
    )
    return Delivery((), RUN, encode=None, settings=config.delivery, mqtt=config.mqtt_settings)


def numbers(messages: list[aiomqtt.Message]) -> list[int]:
    return [orjson.loads(m.payload)["processes"][0]["numerical_id"] for m in messages]


def test_messages_arrive_in_order_with_what_a_webhook_has_in_its_headers(broker: Broker) -> None:
    broker.remember(f"site/omni/{STREAMS[0]}")
    delivery = new_delivery(broker)
    delivery.start()
    for number in range(1, 21):
        delivery.publish(message("begin", number))
    found = broker.collect(20)
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 20})
    eventually(lambda: not delivery.log.backlog())
    delivery.stop()
    assert numbers(found) == list(range(1, 21))
    properties = [dict(m.properties.UserProperty) for m in found]  # type: ignore[union-attr]
    assert [p["omni-sequence"] for p in properties] == [str(n) for n in range(1, 21)]
    assert {m.qos for m in found} == {1}
    assert len({p["webhook-id"] for p in properties}) == 20


def test_what_the_broker_did_not_acknowledge_waits_for_it(broker: Broker) -> None:
    broker.remember(f"site/omni/{STREAMS[0]}")
    delivery = new_delivery(broker, retry_s=[0, 0.3, 0.3, 0.3, 0.3, 30, 30])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 1})
    broker.stop()
    for number in range(2, 11):
        delivery.publish(message("begin", number))
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    assert delivery.log.backlog()["mqtt"][0] == 9
    broker.start()
    eventually(lambda: delivery.stats()["delivered"] == {"begin": 10})
    delivery.stop()
    found = numbers(broker.collect(10))
    assert found == sorted(found)
    assert set(found) == set(range(1, 11))


AGENT = """
import sys, time
from omni.config import MqttConfig
from omni.delivery import Delivery
from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.mqtt import MqttChannel
from tests.unit.delivery.conftest import RUN, message
mqtt = MqttConfig(enable=True, brocker_address=sys.argv[1], topic="t")
delivery = Delivery((), RUN, encode=None, mqtt=mqtt)
delivery.start()
delivery.publish(message("begin", 1))
time.sleep(60)
"""


def test_the_status_says_online_and_after_a_kill_offline(broker: Broker) -> None:
    address = f"mqtt://127.0.0.1:{broker.port}"
    agent = subprocess.Popen([sys.executable, "-c", AGENT, address], cwd=Path(__file__).parents[3])
    try:
        assert broker.retained("t/status") == b"online"
    finally:
        agent.kill()
        agent.wait()
    eventually(lambda: broker.retained("t/status") == b"offline")


def test_a_broker_that_does_not_answer_is_left_with_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each leaves a connection and a task behind, for as long as the broker hangs."""
    monkeypatch.setattr("omni.delivery.mqtt.CONNECT_S", 0.1)

    async def attempt(address: str) -> Outcome:
        channel = MqttChannel(MqttConfig(enable=True, brocker_address=address), "omni-test")
        outcome = await channel.send(Outgoing("id", "processes", STREAMS[0], b"{}", {}, 0))
        await asyncio.sleep(0)  # the task is cancelled
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return outcome

    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asyncio.run(attempt(f"127.0.0.1:{silent.getsockname()[1]}")).kind == "unreachable"
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(5)
            while connection.recv(4096):
                pass  # it was closed, or this would run out of time


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("broker", ("mqtt", "broker", None)),
        ("broker:1884", ("mqtt", "broker", 1884)),
        ("mqtts://u:p@broker", ("mqtts", "broker", None)),
        ("[::1]:1883", ("mqtt", "::1", 1883)),
    ],
)
def test_both_spellings_and_all_forms_of_the_address(address: str, expected: tuple[str, str, int | None]) -> None:
    for name in ("brocker_address", "broker_address"):
        parts = load_config({"mqtt_settings": {name: address}}).mqtt_settings.parts
        assert (parts.scheme, parts.hostname, parts.port) == expected
    assert "u:p" not in repr(MqttConfig(brocker_address=address))


@pytest.mark.parametrize("address", ["http://broker", "broker:port", "mqtt://"])
def test_another_address_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(ConfigError, match=r"\$\.mqtt_settings\.brocker_address: must ") as caught:
        load_config({"mqtt_settings": {"brocker_address": address}})
    assert "broker:port" not in str(caught.value)
