"""The way out by HTTP: one attempt is one POST (delivery, lines 4, 9 and 10)."""

from __future__ import annotations

import base64
import email.utils
import socket
from collections.abc import Iterable, Mapping

import aiohttp
from yarl import URL

from omni.config import SubscriberConfig
from omni.config.secrets import MASK, masked_address
from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.clock import Clock
from omni.delivery.network import ForbiddenAddressError, Guard, Resolver
from omni.delivery.signing import TOLERANCE_S, signature

TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=3.0)
CONNECTIONS = 16
"""Attempts at one endpoint at the same time; more wait for one another, and for nobody else."""

KEEP_ALIVE_S = 1.0
"""How long a connection may be idle. Receivers close theirs after 2 s (gunicorn), 5 s (Node.js, uvicorn, Apache) or
more; a message that meets the closing on its way fails, and 5 s is also the usual pause of the periodic message."""

ANSWER_BYTES = 4096
KEPT_BYTES = 1024
"""Of the answer to an attempt that failed."""

LEAST_SECRET = 4
"""Characters of a header's value or a password that is hidden where a receiver sends it back."""

GONE, SLOW_DOWN = 410, frozenset({429, 503})


class WebhookChannel:
    """POSTs to one subscriber.

    Args:
        config: the subscriber.
        clock: stamps the attempts.
    """

    def __init__(self, config: SubscriberConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._fixed = {name: value.get_secret_value() for name, value in config.headers.items()}
        self._secrets = [s.get_secret_value() for s in (config.secret, config.previous_secret) if s is not None]
        self._address = URL(config.address)
        if any(name.lower() == "authorization" for name in self._fixed):  # aiohttp sends neither where it is given both
            self._address = self._address.with_user(None)
        self._sent = _secrets_sent(URL(config.address), self._fixed)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_S,
            resolver=Resolver(),
            socket_factory=Guard(private=self._config.private_networks),
        )
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, message: Outgoing) -> Outcome:
        assert self._session is not None
        try:
            async with self._session.post(
                self._address, data=message.body, headers=self._headers(message), allow_redirects=False
            ) as answer:
                return await self._outcome(answer)
        except TimeoutError:
            return Outcome("no answer in time", "timeout")
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", "no reason given")
            return Outcome(f"its TLS certificate is not valid ({why})", "tls")
        except aiohttp.ClientSSLError:
            return Outcome("TLS cannot be agreed on", "tls")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            if isinstance(cause, ForbiddenAddressError):
                return Outcome(str(cause), "forbidden")
            return Outcome(f"cannot be reached ({_why(cause)})", "unreachable")

    async def _outcome(self, answer: aiohttp.ClientResponse) -> Outcome:
        status = answer.status
        if 200 <= status < 300:
            return Outcome("", "ok", status)
        now = self._clock.time()
        said = _date(answer.headers.get("date", ""))
        apart = bool(self._secrets) and said is not None and abs(said - now) > TOLERANCE_S
        return Outcome(
            f"answered {status}" + ("; its clock and this machine's are minutes apart" if apart else ""),
            f"http_{status // 100}xx",
            status,
            await self._start_of(answer),
            _retry_after(answer.headers.get("retry-after"), now),
            slow_down=status in SLOW_DOWN,
            gone=status == GONE,
        )

    async def _start_of(self, answer: aiohttp.ClientResponse) -> str:
        """What it says first, which is kept and shown: without the secrets that it was sent, as some send all back."""
        try:
            data = await answer.content.read(ANSWER_BYTES)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return ""
        text = data.decode("utf-8", "replace")
        for secret in self._sent:
            text = text.replace(secret, MASK)
        return masked_address(text).encode()[:KEPT_BYTES].decode("utf-8", "ignore")

    def _headers(self, message: Outgoing) -> dict[str, str]:
        stamp = int(self._clock.time())
        headers = {
            **self._fixed,
            "content-type": "application/json",
            "webhook-id": message.webhook_id,
            "webhook-timestamp": str(stamp),
            **message.headers,
        }
        if self._secrets:
            headers["webhook-signature"] = _signatures(self._secrets, message, stamp)
        return headers


def _why(error: Exception) -> str:
    match error:
        case socket.gaierror():
            return "its name cannot be looked up"
        case ConnectionRefusedError():
            return "nothing listens at its port"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return "the connection ended without an answer"
    return type(error).__name__


def _signatures(secrets: Iterable[str], message: Outgoing, stamp: int) -> str:
    return " ".join(signature(secret, message.webhook_id, stamp, message.body) for secret in secrets)


def _secrets_sent(address: URL, headers: Mapping[str, str]) -> list[str]:
    """What receivers get that nobody else is to see, the longest first."""
    words = [word for value in headers.values() for word in (value, *value.split())]
    if address.password is not None:
        login = f"{address.user or ''}:{address.password}".encode("latin-1", "replace")
        words += [address.password, base64.b64encode(login).decode()]
    return sorted({word for word in words if len(word) >= LEAST_SECRET}, key=len, reverse=True)


def _retry_after(text: str | None, now: float) -> float | None:
    """Seconds, from seconds or an HTTP date; None where there is neither."""
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) < 10:
        return float(text)
    at = _date(text)
    return None if at is None else max(at - now, 0.0)


def _date(text: str) -> float | None:
    """Epoch seconds of an HTTP date; None where it is none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
