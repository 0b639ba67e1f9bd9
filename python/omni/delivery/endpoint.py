"""One subscriber: its lanes, its attempts, its figures (delivery, lines 2 to 5)."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter, deque
from typing import Any

import aiohttp

from omni.config import SubscriberConfig
from omni.delivery.body import EncodePicture, bodies, event_bodies
from omni.delivery.lane import Lane, Waiting
from omni.delivery.signing import signature
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

RETRY_S = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Pauses before each attempt, each +-20 % (delivery, line 4)."""

TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=3.0)
ANSWER_BYTES = 4096
GONE = 410


class Endpoint:
    """Sends to one subscriber, one lane a stream. Lives in one event loop.

    Args:
        config: the subscriber.
        run: its ``run_id`` is the epoch, identifiers come from it.
        encode: makes best shots; None: no picture leaves.
        session: HTTP client, shared.
    """

    def __init__(
        self, config: SubscriberConfig, run: Run, *, encode: EncodePicture | None, session: aiohttp.ClientSession
    ) -> None:
        self._config = config
        self._run = run
        self._encode = encode
        self._session = session
        self._streams = frozenset(map(str, config.streams))
        self._lanes: dict[str, Lane] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._sequence: Counter[str] = Counter()
        self._delivered: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._latency_s: deque[float] = deque(maxlen=1000)
        self._last_failure = ""
        self._disabled = False

    def put(self, message: ProcessMessage) -> None:
        """Queue a message, if this subscriber wants it."""
        if self._disabled or (self._streams and message.stream_uuid not in self._streams):
            return
        if not (message.events if self._config.type == "events" else message.processes):
            return
        lane = self._lanes.get(message.stream_uuid)
        if lane is None:
            lane = self._lanes[message.stream_uuid] = Lane(self._deliver, lambda reason: self._dropped.update([reason]))
            self._tasks.append(asyncio.create_task(lane.run(), name=f"webhook lane {self._config.label}"))
        lane.put(Waiting(message, asyncio.get_running_loop().time()))

    async def drain(self) -> None:
        """Wait until all that was queued has gone out."""
        await asyncio.gather(*(lane.drained() for lane in self._lanes.values()))

    async def close(self) -> None:
        """Stop the lanes; what still waits is given up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stats(self) -> dict[str, Any]:
        """Counts so far, and the latency of the last 1,000 deliveries in milliseconds."""
        latencies = sorted(self._latency_s)
        return {
            "endpoint": self._config.label,
            "delivered": dict(self._delivered),
            "dropped": dict(self._dropped),
            "attempts": dict(self._attempts),
            "waiting": sum(lane.depth for lane in self._lanes.values()),
            "disabled": self._disabled,
            "last_failure": self._last_failure,
            "latency_ms_p50": round(latencies[len(latencies) // 2] * 1000, 1) if latencies else None,
        }

    async def _deliver(self, waiting: Waiting) -> None:
        """One message to its end. Whatever goes wrong with it, the lane goes on with the next."""
        try:
            await self._send(waiting)
        except Exception:
            self._dropped[waiting.message.reason] += 1
            logger.exception("webhook %s: a message of reason %s is lost", self._config.label, waiting.message.reason)

    async def _send(self, waiting: Waiting) -> None:
        message = waiting.message
        for body in await asyncio.to_thread(self._bodies, message):
            self._sequence[message.stream_uuid] += 1
            sent = await self._attempt_until_sent(message, self._sequence[message.stream_uuid], body)
            if not sent:
                self._dropped[message.reason] += 1
                return
        self._delivered[message.reason] += 1
        self._latency_s.append(asyncio.get_running_loop().time() - waiting.since)

    def _bodies(self, message: ProcessMessage) -> list[bytes]:
        return event_bodies(message) if self._config.type == "events" else bodies(message, self._encode)

    async def _attempt_until_sent(self, message: ProcessMessage, sequence: int, body: bytes) -> bool:
        message_id = self._run.uuid("webhook", self._config.label, message.stream_uuid, sequence)
        for attempt, pause in enumerate(RETRY_S, 1):
            if self._disabled:
                return False
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            headers = self._headers(message_id, message.reason, sequence, attempt, body)
            failure = await self._post(headers, body)
            self._attempts["failed" if failure else "ok"] += 1
            if not failure:
                return True
            if failure != self._last_failure:
                logger.warning("webhook %s: %s; trying again", self._config.label, failure)
            self._last_failure = failure
        logger.error("webhook %s: message %s given up after %d attempts", self._config.label, message_id, len(RETRY_S))
        return False

    async def _post(self, headers: dict[str, str], body: bytes) -> str:
        """One attempt. Returns what went wrong, empty when the receiver said 2xx."""
        try:
            async with self._session.post(
                self._config.address, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                await answer.content.read(ANSWER_BYTES)
                if answer.status == GONE:
                    self._disabled = True
                    logger.error("webhook %s: answered 410 Gone; it is told nothing more", self._config.label)
                return "" if 200 <= answer.status < 300 else f"answered {answer.status}"
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"cannot be reached ({type(error).__name__})"

    def _headers(self, message_id: str, reason: str, sequence: int, attempt: int, body: bytes) -> dict[str, str]:
        stamp = int(time.time())
        headers = {name: value.get_secret_value() for name, value in self._config.headers.items()}
        headers |= {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "omni-epoch": str(self._run.run_id),
            "omni-sequence": str(sequence),
            "omni-attempt": str(attempt),
            "omni-reason": reason,
        }
        if self._config.secret is not None:
            headers["webhook-signature"] = signature(self._config.secret.get_secret_value(), message_id, stamp, body)
        return headers
