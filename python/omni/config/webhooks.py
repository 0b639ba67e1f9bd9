"""Webhook subscribers (protocol, section 2)."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, SecretStr, field_validator, model_validator

from omni.config._base import Section


class SubscriberConfig(Section):
    """Who is told. Either ``url``, or ``host``, ``port``, ``is_secured`` and ``path`` (the original's default form)."""

    url: str = Field(default="", repr=False)
    host: str = ""
    port: int = Field(default=5000, ge=1, le=65535)
    is_secured: bool = False
    path: str = "/trigger"
    type: Literal["processes", "events", ""] = "processes"
    id: str = ""
    secret: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    streams: tuple[UUID, ...] = ()
    enabled: bool = True

    @field_validator("port", mode="before")
    @classmethod
    def _port_may_be_text(cls, port: Any) -> Any:
        return int(port) if isinstance(port, str) and port.isdecimal() else port

    @field_validator("secret")
    @classmethod
    def _secret_form(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().startswith("whsec_"):
            raise ValueError('must start with "whsec_", then base64 (Standard Webhooks)')
        return secret

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.url) == bool(self.host):
            raise ValueError('give either "url" or "host" (with "port", "is_secured", "path")')
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// address")
        return self

    @property
    def address(self) -> str:
        """The full address that is POSTed to."""
        if self.url:
            return self.url
        path = self.path if self.path.startswith("/") else f"/{self.path}"
        return f"{'https' if self.is_secured else 'http'}://{self.host}:{self.port}{path}"

    @property
    def label(self) -> str:
        """What logs call it: the id, else the address without user, password and query."""
        if self.id:
            return self.id
        parts = urlsplit(self.address)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
