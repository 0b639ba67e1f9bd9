"""An empty message to one subscriber, sent beside any agent."""

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


async def _send(config: SubscriberConfig) -> Outcome:
    channel = WebhookChannel(config, Clock())
    await channel.open()
    try:
        headers = {"omni-epoch": str(uuid4()), "omni-attempt": "1", "omni-reason": "test"}
        return await channel.send(Outgoing(str(uuid4()), config.type or "processes", "", NOTHING, headers))
    finally:
        await channel.close()
