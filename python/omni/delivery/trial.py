"""Empty messages: what tests and heartbeats are, and one to a subscriber, sent beside any agent."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

from omni.config import SubscriberConfig
from omni.delivery.body import NOTHING
from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.clock import Clock
from omni.delivery.webhook import WebhookChannel


def try_subscriber(config: SubscriberConfig) -> dict[str, Any]:
    """Send one now and say how it went: ``delivered``, ``status``, ``failure``, ``latency_ms``."""
    begun = time.monotonic()
    outcome = asyncio.run(_send(config))
    return told(outcome, time.monotonic() - begun)


def told(outcome: Outcome, seconds: float) -> dict[str, Any]:
    """How a test went, as ``POST /api/v1/webhooks/<id>/test`` answers it."""
    return {
        "delivered": not outcome.failure,
        "status": outcome.status,
        "failure": outcome.failure,
        "latency_ms": round(seconds * 1000, 1),
    }


def empty(kind: str, epoch: str, reason: str) -> Outgoing:
    """An empty message, of no stream and without a number."""
    headers = {"omni-epoch": epoch, "omni-attempt": "1", "omni-reason": reason}
    return Outgoing(str(uuid4()), kind, "", NOTHING, headers)


async def _send(config: SubscriberConfig) -> Outcome:
    channel = WebhookChannel(config, Clock())
    await channel.open()
    try:
        return await channel.send(empty(config.type or "processes", str(uuid4()), "test"))
    finally:
        await channel.close()
