"""Webhook subscribers (protocol, section 2)."""

from __future__ import annotations

import re
from base64 import b64decode
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator, model_validator
from yarl import URL

from omni.config._base import Section
from omni.config.secrets import ADDRESS_MAX, masked_address

RETRY_S = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds before each attempt (delivery, line 4)."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_BROKER = "must be host, host:port, mqtt://... or mqtts://..."
_OF_THE_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding"})
"""Headers that say how the body is sent: with another value it would arrive cut off, or as something else."""


class SubscriberConfig(Section):
    """A receiver of webhooks.

    Its address is ``url``, or ``host``, ``port``, ``is_secured`` and ``path`` (the original's default form).

    Attributes:
        url: the address to POST to, http:// or https://.
        host: name or IP address of the receiver, instead of ``url``.
        port: the port, with ``host``.
        is_secured: whether to use https, with ``host``.
        path: the path, with ``host``.
        type: what is sent: processes, events, or state changes of the streams; empty: processes.
        id: identifies the receiver in logs, metrics and API paths; empty: made from the address and the type.
        secret: the key that every message is signed with.
        previous_secret: the key before; messages are signed with both while receivers change over.
        private_networks: whether the address may be on this machine or in a private network.
        headers: further HTTP headers of every message.
        streams: the streams whose messages it gets; empty: all.
        enabled: whether messages are kept and sent for it.
        paused: keep its messages, but do not send them for now.
    """

    url: str = Field(default="", repr=False)
    host: str = ""
    port: int = Field(default=5000, ge=1, le=65535)
    is_secured: bool = False
    path: str = "/trigger"
    type: Literal["processes", "events", "streams", ""] = "processes"
    id: str = ""
    secret: SecretStr | None = None
    previous_secret: SecretStr | None = None
    private_networks: bool = True
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    streams: tuple[UUID, ...] = ()
    enabled: bool = True
    paused: bool = False

    @field_validator("port", mode="before")
    @classmethod
    def _port_may_be_text(cls, port: Any) -> Any:
        return int(port) if isinstance(port, str) and port.isdecimal() else port

    @field_validator("url")
    @classmethod
    def _url_form(cls, url: str) -> str:
        url = url.strip()
        if url and not _is_address(url):
            raise ValueError(
                "must be an http:// or https:// address, with a port from 1 to 65535 or none; "
                "of a login \\ is written %5C, @ %40"
            )
        return url

    @field_validator("host")
    @classmethod
    def _host_form(cls, host: str) -> str:
        host = host.strip()
        if host and not _is_host(host):
            raise ValueError('must be a name or an IP address alone; for more of an address there is "url"')
        return host

    @field_validator("headers")
    @classmethod
    def _headers_form(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name[:60]!r} cannot be the name of a header")
            if name.lower() in _OF_THE_BODY:
                raise ValueError(f"{name!r} tells of the body, which is the agent's; leave it out")
            if not value.get_secret_value().isprintable():
                raise ValueError(f"the value of {name!r} holds a line break or another control character")
        return headers

    @field_validator("secret", "previous_secret")
    @classmethod
    def _secret_form(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().startswith("whsec_"):
            raise ValueError('must start with "whsec_", then base64 (Standard Webhooks)')
        if secret is not None:
            try:
                key = b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
            except ValueError:
                key = b""
            if not key:
                raise ValueError('must be base64 after "whsec_" (Standard Webhooks)')
        return secret

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.url) == bool(self.host):
            raise ValueError('give either "url" or "host" (with "port", "is_secured", "path")')
        return self

    @property
    def address(self) -> str:
        """The full address that is POSTed to."""
        if self.url:
            return self.url
        path = self.path if self.path.startswith("/") else f"/{self.path}"
        host = self.host if ":" not in self.host or self.host.startswith("[") else f"[{self.host}]"
        return f"{'https' if self.is_secured else 'http'}://{host}:{self.port}{path}"

    @property
    def key(self) -> str:
        """What tells it from the others, in the outbox and in addresses: the id, else made from address and type.

        One address may well be told of processes and of events, and each goes on when the other is removed.
        """
        kind = self.type or "processes"
        return self.id or uuid5(NAMESPACE_URL, self.address + ("" if kind == "processes" else f" {kind}")).hex[:12]

    @property
    def label(self) -> str:
        """What logs call it: the id, else the address."""
        return self.id or self.shown_address

    @property
    def shown_address(self) -> str:
        """The address without user, password and query, nor what its path calls a secret, for logs and lists."""
        parts = urlsplit(masked_address(self.address))
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _is_address(text: str) -> bool:
    """Whether messages can be posted to it."""
    if len(text) > ADDRESS_MAX:  # which takes long to be found wrong
        return False
    try:
        parts = urlsplit(text)
        URL(text)  # as it is posted to: refuses more, such as a backslash in a password
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket that stays open, characters that no host has
        return False


def _is_host(text: str) -> bool:
    """Whether it is a name or an IP address, that of version 6 with or without brackets, and nothing else."""
    if len(text) > ADDRESS_MAX:
        return False
    try:
        ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
        return True
    except ValueError:
        return re.fullmatch(r"[^][/\\:@?#\s]+", text) is not None and _is_address(f"http://{text}")


class DeliveryConfig(Section):
    """The outbox: messages are kept in it until they are delivered.

    Attributes:
        directory: the folder of the outbox; not set: beside the configuration file, or in memory if there is no file.
        max_bytes: greatest size on disk, bytes; beyond it pictures are deleted first, then the oldest messages.
        max_age_hours: hours after which a message that could not be delivered is given up.
        retry_s: seconds before each attempt to deliver a message, each +-20 %.
        heartbeat_s: send an empty message when nothing was sent for so many seconds; 0: never.
    """

    directory: str | None = None
    max_bytes: int = Field(default=1 << 30, ge=1 << 20)
    max_age_hours: float = Field(default=72.0, gt=0.0)
    retry_s: tuple[Annotated[float, Field(ge=0.0)], ...] = Field(default=RETRY_S, min_length=1, max_length=100)
    heartbeat_s: float = Field(default=0.0, ge=0.0)


class MqttConfig(Section):
    """An MQTT broker that gets the same messages as webhooks.

    The original spells the key ``brocker_address``; ``broker_address`` is accepted, too.

    Attributes:
        enable: whether messages are published to the broker.
        brocker_address: ``host``, ``host:port``, or ``mqtt://`` or ``mqtts://`` with user and password; may be empty
            while ``enable`` is false.
        topic: the topic that messages are published to.
    """

    enable: bool = False
    brocker_address: str = Field(
        default="127.0.0.1:1883",
        max_length=ADDRESS_MAX,
        validation_alias=AliasChoices("brocker_address", "broker_address"),
        repr=False,
    )
    topic: str = Field(default="omni/processes", pattern=r"^[^+#\x00]+$", max_length=1024)

    @property
    def parts(self) -> SplitResult:
        """The address, taken apart."""
        text = self.brocker_address
        return urlsplit(text if "://" in text else f"mqtt://{text}")

    @property
    def port(self) -> int:
        """The port, where none is named the usual one."""
        return self.parts.port or (8883 if self.parts.scheme == "mqtts" else 1883)

    @property
    def label(self) -> str:
        """What logs call it; no user, no password."""
        return f"{self.parts.scheme}://{self.parts.hostname}:{self.port}"

    @field_validator("brocker_address")
    @classmethod
    def _broker_form(cls, text: str, info: ValidationInfo) -> str:
        if not text and not info.data.get("enable"):
            return text
        try:
            parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        except ValueError:  # which tells the password
            raise ValueError(_NO_BROKER) from None
        try:
            parts.port  # noqa: B018 -- it checks
        except ValueError:
            raise ValueError("must end with a port from 0 to 65535, or none") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(_NO_BROKER)
        return text
