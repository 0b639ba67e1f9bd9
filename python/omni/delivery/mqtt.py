"""The way out by MQTT 5: one attempt is one PUBLISH of QoS 1, and the broker's PUBACK is the 2xx."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from urllib.parse import unquote

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from omni.config import MqttConfig
from omni.delivery.channel import Outcome, Outgoing

logger = logging.getLogger(__name__)
_of_the_client = logger.getChild("client")
_of_the_client.setLevel(logging.ERROR)  # it warns of each connection that never was and is left all the same

CONNECT_S, ACKNOWLEDGE_S, LEAVE_S = 3.0, 12.0, 0.1
ONLINE, OFFLINE = b"online", b"offline"


class MqttChannel:
    """Publishes to one broker, over one connection that is made again when it is lost.

    Messages go to ``TOPIC/STREAM_UUID``; ``TOPIC/status`` is retained and says ``online`` or, by last will,
    ``offline``. What a webhook has in its headers are user properties.

    Args:
        config: the broker.
        client_id: which client this is; the broker ends another connection of the same.
    """

    def __init__(self, config: MqttConfig, client_id: str) -> None:
        self._config = config
        self._client_id = client_id
        self._client: aiomqtt.Client | None = None
        self._connecting = asyncio.Lock()

    async def open(self) -> None:
        """Connecting is left to the first message."""

    async def close(self) -> None:
        if self._client is not None:
            with suppress(aiomqtt.MqttError, TimeoutError):
                await self._client.publish(self._status_topic, OFFLINE, qos=1, retain=True, timeout=1.0)
        await self._disconnect()

    async def send(self, message: Outgoing) -> Outcome:
        try:
            client = await self._connected()
            topic = f"{self._config.topic}/{message.stream_uuid}" if message.stream_uuid else self._config.topic
            await client.publish(topic, message.body, qos=1, properties=_properties(message), timeout=ACKNOWLEDGE_S)
        except aiomqtt.MqttCodeError as error:
            await self._disconnect()
            return Outcome(f"the broker refused ({error})", "refused")
        except (aiomqtt.MqttError, OSError, TimeoutError, ValueError) as error:
            await self._disconnect()
            return Outcome(f"cannot be reached ({type(error).__name__})", "unreachable")
        return Outcome("", "ok")

    @property
    def _status_topic(self) -> str:
        return f"{self._config.topic}/status"

    async def _connected(self) -> aiomqtt.Client:
        async with self._connecting:
            if self._client is None:
                client = self._new_client()
                try:
                    await client.__aenter__()
                except BaseException:  # of a broker that does not answer it keeps the connection, and a task beside it
                    await _leave(client, LEAVE_S)
                    raise
                self._client = client
                await client.publish(self._status_topic, ONLINE, qos=1, retain=True, timeout=CONNECT_S)
            return self._client

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _leave(client, 2 * CONNECT_S)

    def _new_client(self) -> aiomqtt.Client:
        parts = self._config.parts
        return aiomqtt.Client(
            parts.hostname or "",
            self._config.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=aiomqtt.Will(self._status_topic, OFFLINE, qos=1, retain=True),
            tls_context=ssl.create_default_context() if parts.scheme == "mqtts" else None,
            timeout=CONNECT_S,
            logger=_of_the_client,
        )


async def _leave(client: aiomqtt.Client, timeout_s: float) -> None:
    """Close its connection, which is done at once; to wait is for the broker to see why."""
    with suppress(aiomqtt.MqttError, OSError, TimeoutError):
        async with asyncio.timeout(timeout_s):
            await client.__aexit__(None, None, None)


def _properties(message: Outgoing) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    properties.UserProperty = [("webhook-id", message.webhook_id), *message.headers.items()]
    return properties
