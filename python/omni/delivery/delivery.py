"""The one door for messages: the outbox and its sender, a thread each, that the pipeline never waits for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from omni.config import DeliveryConfig, MqttConfig, SubscriberConfig
from omni.delivery.body import EncodePicture
from omni.delivery.channel import Channel
from omni.delivery.clock import Clock
from omni.delivery.endpoint import Endpoint
from omni.delivery.log import Log
from omni.delivery.mqtt import MqttChannel
from omni.delivery.outbox import Outbox
from omni.delivery.records import Pictures
from omni.delivery.retention import Bounds
from omni.delivery.retry import RetryPlan
from omni.delivery.store import numbers_used
from omni.delivery.webhook import WebhookChannel
from omni.delivery.writer import Committed, EventsOfEnd, Route
from omni.errors import UnknownEndpointError
from omni.types import ProcessMessage, Run

logger = logging.getLogger(__name__)

T = TypeVar("T")

COMMIT_S = 2.0
"""How long a graceful stop may take to write what was handed over (delivery, line 13)."""

DRAIN_S = 10.0
"""How long a graceful stop tries to deliver what waits (delivery, line 13)."""

LOOK_S = 0.02


class Delivery:
    """Tells all subscribers of all messages. Thread-safe.

    At least once, and in order for each (endpoint, stream). With ``settings.directory`` what was committed outlives the
    process; without it messages are held in memory. With neither a directory nor a subscriber nothing is kept.

    Args:
        subscribers: who is told by webhook.
        run: epoch and identifiers.
        encode: makes best shots; None: no picture leaves.
        anonymous: heads in them are unrecognisable; what waits from before, when that was otherwise, loses pictures.
        settings: where the outbox lies, its bounds, the retry plan.
        mqtt: the broker, where ``enable``.
        clock: the time.
        events_of_end: the events that tell of the end of a process which an earlier run left open.

    Raises:
        ConfigError: another agent uses the directory.
    """

    def __init__(
        self,
        subscribers: Sequence[SubscriberConfig],
        run: Run,
        *,
        encode: EncodePicture | None,
        anonymous: bool = False,
        settings: DeliveryConfig | None = None,
        mqtt: MqttConfig | None = None,
        clock: Clock | None = None,
        events_of_end: EventsOfEnd = lambda _: (),
    ) -> None:
        self._run = run
        self._settings = settings or DeliveryConfig()
        self._clock = clock or Clock()
        self._directory = Path(self._settings.directory) if self._settings.directory else None
        self._ways = _ways(subscribers, mqtt, self._clock)
        self._pictures = _pictures(encode, anonymous)
        self._outbox = Outbox(
            self._directory,
            run,
            [way.route for way in self._ways],
            encode=encode,
            pictures=self._pictures,
            bounds=_bounds(self._settings),
            clock=self._clock,
            committed=self._wake,
            events_of_end=events_of_end,
        )
        self._endpoints: dict[str, Endpoint] = {}
        self._sequences: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._takes = bool(self._ways) or self._directory is not None
        self._thread = threading.Thread(target=self._serve, name="webhooks", daemon=True)
        self.log = Log(self._outbox)
        self._outbox.check()

    def numbers_used(self) -> int:
        """The largest ``numerical_id`` of earlier runs; new ones begin behind it."""
        return numbers_used(self._directory) if self._directory else 0

    def start(self) -> None:
        """Open the outbox, go on with what is in it.

        Raises:
            ConfigError: another agent uses the directory.
        """
        if not self._ways and self._directory is None:
            return
        self._takes = True
        self._loop = asyncio.new_event_loop()
        try:
            self._outbox.open()
        except BaseException:
            self._loop.close()
            self._loop = None
            raise
        self._thread.start()
        self._call(self._open(), 10.0)

    def reconfigure(
        self,
        subscribers: Sequence[SubscriberConfig],
        *,
        encode: EncodePicture | None,
        anonymous: bool = False,
        settings: DeliveryConfig,
        mqtt: MqttConfig,
    ) -> None:
        """Tell others from now on, all as the class takes it; ``settings.directory`` stays as it was.

        An endpoint that stays keeps its backlog and its numbers, whatever else of it changes. One that goes loses
        what waits for it, as at a start without it, and that is counted; its dead letters stay. A new one is told what
        happens from now on.
        """
        before = self._ways
        self._settings = settings
        self._ways = _ways(subscribers, mqtt, self._clock)
        pictures, others = _pictures(encode, anonymous), self._pictures
        self._pictures = pictures
        if self._loop is None:
            routes = [way.route for way in self._ways]
            self._outbox.reconfigure(routes, encode=encode, pictures=pictures, bounds=_bounds(settings))
            self.start()
            return
        self._call(self._change(before), 10.0)
        told = [way.route for way in self._ways if not self._endpoints[way.route.endpoint].disabled]
        self._outbox.reconfigure(told, encode=encode, pictures=pictures, bounds=_bounds(settings))
        self._outbox.flush(COMMIT_S)
        if pictures != others:
            self._loop.call_soon_threadsafe(self._read_anew)
        self._loop.call_soon_threadsafe(self._take, Committed(self.log.lanes()))

    def publish(self, message: ProcessMessage) -> None:
        """Hand a message over; returns at once. Before the start it waits for that."""
        if self._takes:
            self._outbox.publish(message)

    def stop(self) -> None:
        """Commit what was handed over, deliver what can be, for at most ``COMMIT_S`` and ``DRAIN_S``, and end."""
        loop = self._loop
        if loop is None:
            return
        self._outbox.flush(COMMIT_S)
        self._call(self._drain(), DRAIN_S + 5.0)
        self._loop, self._takes = None, False
        self._outbox.flush(COMMIT_S)  # what was acknowledged last waits no more
        self._warn_of_what_waits()
        self._outbox.close(COMMIT_S)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(5.0)
        loop.close()

    def problems(self) -> list[str]:
        """Why messages are not kept as they should be; empty when all is well."""
        return [f"webhooks: {self._outbox.problem}"] if self._outbox.problem else []

    def test(self, endpoint: str) -> dict[str, Any]:
        """Send an empty message to one endpoint now and say how it went.

        Raises:
            UnknownEndpointError: there is none of that id.
        """
        return self._call(self._known(endpoint).test(), 20.0)

    def deliveries(self, endpoint: str, limit: int) -> list[dict[str, Any]]:
        """What became of the newest messages for one endpoint, as ``Store.deliveries``.

        Raises:
            UnknownEndpointError: there is none of that id.
            OutboxError: the log cannot be read.
        """
        return self.log.deliveries(self._known(endpoint).route.endpoint, limit)

    def _known(self, endpoint: str) -> Endpoint:
        found = self._endpoints.get(endpoint)
        if found is None:
            raise UnknownEndpointError(
                f"no webhook {endpoint[:100]!r}; there are: {', '.join(self._endpoints) or 'none'}"
            )
        return found

    def stats(self) -> dict[str, Any]:
        """``delivered`` by reason over all endpoints, each of the ``endpoints``' own figures, those of the outbox."""
        backlog, dead = self.log.backlog(), self.log.dead_count()
        now = self._clock.time()
        endpoints = []
        delivered: Counter[str] = Counter()
        for key, endpoint in self._endpoints.items():
            figures = endpoint.stats()
            delivered.update(figures["delivered"])
            waiting, oldest = backlog.get(key, (0, now))
            age = round(max(now - oldest, 0.0), 3)
            endpoints.append({**figures, "waiting": waiting, "oldest_age_s": age, "dead": dead.get(key, 0)})
        dropped = [{"class": c, "cause": why, "count": n} for (c, why), n in sorted(self._outbox.dropped.items()) if n]
        return {
            "delivered": dict(sorted(delivered.items())),
            "dropped": dropped,
            "endpoints": endpoints,
            "outbox": {"bytes": self.log.used_bytes(), "problem": self._outbox.problem},
        }

    def _serve(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    async def _open(self) -> None:
        for way in self._ways:
            await self._add(way)
        self._take(Committed(self.log.lanes()))

    async def _add(self, way: _Way) -> None:
        endpoint = Endpoint(
            way.route,
            way.label,
            way.channel(),
            self._outbox,
            epoch=str(self._run.run_id),
            plan=RetryPlan(self._settings.retry_s),
            clock=self._clock,
            heartbeat_s=self._settings.heartbeat_s,
            sequences=self._sequences[way.route.endpoint],
        )
        endpoint.pause(way.paused)
        await endpoint.open()
        self._endpoints[way.route.endpoint] = endpoint

    async def _change(self, before: Sequence[_Way]) -> None:
        """From the ways of before to those of now."""
        known = {way.route.endpoint: way for way in before}
        now = {way.route.endpoint for way in self._ways}
        for key in known.keys() - now:
            await self._endpoints.pop(key).close()
        for way in self._ways:
            key = way.route.endpoint
            if key not in known:
                await self._add(way)
                continue
            endpoint = self._endpoints[key]
            await endpoint.change(
                way.route,
                way.label,
                way.channel() if way.out != known[key].out else None,
                plan=RetryPlan(self._settings.retry_s),
                heartbeat_s=self._settings.heartbeat_s,
            )
            endpoint.pause(way.paused)
        # in the configuration's order, by which the page tells those apart whose addresses look alike
        self._endpoints = {way.route.endpoint: self._endpoints[way.route.endpoint] for way in self._ways}

    def _wake(self, committed: Committed) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._take, committed)

    def _take(self, committed: Committed) -> None:
        for key in committed.lanes:
            if key.endpoint in self._endpoints:
                self._endpoints[key.endpoint].wake(key)
        for key, count in committed.lost.items():
            if key.endpoint in self._endpoints:
                self._endpoints[key.endpoint].add_gap(key, count)
        for ongoing in committed.ongoing:
            for endpoint in self._endpoints.values():
                endpoint.put_ongoing(ongoing.after, ongoing.messages)

    def _read_anew(self) -> None:
        for endpoint in self._endpoints.values():
            endpoint.read_anew()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                # what is busy is the sum of many small states, of which none is worth an event of its own
                while any(endpoint.busy for endpoint in self._endpoints.values()):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            pass
        for endpoint in self._endpoints.values():
            await endpoint.close()

    def _warn_of_what_waits(self) -> None:
        waiting = sum(count for count, _ in self.log.backlog().values())
        if waiting:
            where = "wait in the outbox" if self._outbox.on_disk else "are lost, for there is no outbox folder"
            logger.warning("webhooks: %d messages were not delivered before the end; they %s", waiting, where)


@dataclass(frozen=True, slots=True)
class _Way:
    """Somebody who is told: what of, what logs call it, how; whether only later."""

    route: Route
    label: str
    out: SubscriberConfig | MqttConfig
    channel: Callable[[], Channel]
    paused: bool = False


def _ways(subscribers: Sequence[SubscriberConfig], mqtt: MqttConfig | None, clock: Clock) -> list[_Way]:
    """Everybody who is told."""
    ways: list[_Way] = []
    for key, config in subscriber_keys(subscribers):
        route = Route(key, config.type or "processes", frozenset(map(str, config.streams)))
        # what the channel is made of: all that is not said by the rest
        out = config.model_copy(update={"type": "", "streams": (), "paused": False})
        ways.append(_Way(route, config.label, out, partial(WebhookChannel, config, clock), config.paused))
    if mqtt is not None and mqtt.enable:
        channel = partial(MqttChannel, mqtt, f"omni-{uuid4().hex[:12]}")
        ways.append(_Way(Route("mqtt", "processes"), mqtt.label, mqtt, channel))
    return ways


def subscriber_keys(subscribers: Sequence[SubscriberConfig]) -> list[tuple[str, SubscriberConfig]]:
    """The subscribers that are enabled, each with what it is called in the outbox and in addresses."""
    named: dict[str, SubscriberConfig] = {}
    for config in subscribers:
        if config.enabled:
            key = config.key
            while key in named:  # the same address twice is told twice
                key += "+"
            named[key] = config
    return list(named.items())


def _pictures(encode: EncodePicture | None, anonymous: bool) -> Pictures:
    return "none" if encode is None else "anonymous" if anonymous else "all"


def _bounds(settings: DeliveryConfig) -> Bounds:
    return Bounds(settings.max_bytes, settings.max_age_hours * 3600)
