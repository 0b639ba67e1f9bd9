"""Somebody who is told: lanes, attempts, figures (delivery, lines 2 to 5)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from omni.delivery.channel import Channel, Outcome, Outgoing
from omni.delivery.clock import Clock
from omni.delivery.figures import Latencies
from omni.delivery.lane import Lane
from omni.delivery.outbox import Outbox
from omni.delivery.records import Attempt, Chosen, Death, LaneKey, Message
from omni.delivery.retry import Breaker, RetryPlan
from omni.delivery.store import Store
from omni.delivery.trial import empty, told
from omni.delivery.writer import Route

logger = logging.getLogger(__name__)

LOOK_FOR_REPLAYS_S = 1.0


class Endpoint:
    """Sends to one subscriber, one lane a stream. Lives in one event loop.

    Args:
        route: its name in the outbox, and what it is told.
        label: what logs call it; no secrets.
        channel: the way out.
        outbox: where messages come from, and where their fate is written.
        epoch: the agent's run.
        plan: pauses between attempts.
        clock: time.
        heartbeat_s: a message that says "alive" after so many quiet seconds; 0: none.
        sequences: the last ``omni-sequence`` of each stream, counted up; outlives the endpoint.
    """

    def __init__(
        self,
        route: Route,
        label: str,
        channel: Channel,
        outbox: Outbox,
        *,
        epoch: str,
        plan: RetryPlan,
        clock: Clock,
        heartbeat_s: float,
        sequences: Counter[str],
    ) -> None:
        self.route = route
        self.label = label
        self.outbox = outbox
        self.epoch = epoch
        self.plan = plan
        self.clock = clock
        self.sequences = sequences
        self.dropped: Counter[tuple[str, str]] = Counter()
        """(class of message, why) -> how many."""
        self._channel = channel
        self._sending: Counter[Channel] = Counter()
        self._heartbeat_s = heartbeat_s
        self._breaker = Breaker(clock)
        self._recovered = asyncio.Event()
        self._lanes: dict[LaneKey, tuple[Lane, asyncio.Task[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._running = asyncio.Event()
        self._running.set()
        self._delivered: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._latencies = Latencies()
        self._last_failure = ""
        self._heard = clock.monotonic()
        self._disabled = False

    async def open(self) -> None:
        await self._channel.open()
        self._begin()

    def _begin(self) -> None:
        self._tasks = [asyncio.create_task(self._replay(), name=f"replay {self.label}")]
        if self._heartbeat_s:
            self._tasks.append(asyncio.create_task(self._beat(), name=f"heartbeat {self.label}"))

    async def close(self) -> None:
        """Stop; what waits stays in the outbox."""
        await self._cancel([*self._tasks, *(task for _, task in self._lanes.values())])
        await self._channel.close()

    async def change(
        self, route: Route, label: str, channel: Channel | None, *, plan: RetryPlan, heartbeat_s: float
    ) -> None:
        """Go on in another way; numbers and places in the log are kept, and an attempt under way is finished.

        Args:
            route, label, plan, heartbeat_s: as the class takes them.
            channel: another way out, which also gives one that was refused (410) a new beginning; None: the same.
        """
        self.label, self.plan = label, plan
        begin = channel is not None if self._disabled else heartbeat_s != self._heartbeat_s
        self._heartbeat_s = heartbeat_s
        if channel is not None:
            await self._change_channel(channel)
        dropped = [key for key in self._lanes if not route.takes(key.kind, key.stream_uuid)]
        await self._cancel([self._lanes.pop(key)[1] for key in dropped])
        self.route = route
        if begin:
            await self._cancel(self._tasks)
            self._begin()

    async def _change_channel(self, channel: Channel) -> None:
        """Whoever rests for the sake of the old one tries the new one at once."""
        before, self._channel = self._channel, channel
        await channel.open()
        if not self._sending[before]:
            await before.close()
        self._breaker = Breaker(self.clock)
        self._disabled, self._last_failure = False, ""
        self._wake_resting()

    def pause(self, paused: bool) -> None:
        """Attempt nothing for the time being, or go on; messages wait in the outbox."""
        self._running.clear() if paused else self._running.set()

    @property
    def disabled(self) -> bool:
        """Whether the receiver wants nothing more (410)."""
        return self._disabled

    @staticmethod
    async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self, key: LaneKey) -> None:
        """The log has something new for this lane."""
        if (lane := self._lane(key)) is not None:
            lane.wake()

    def add_gap(self, key: LaneKey, count: int) -> None:
        """So many of a lane's messages were given up for want of room."""
        if key in self._lanes:
            self._lanes[key][0].add_gap(count)

    def read_anew(self) -> None:
        """Pictures were taken out of the log."""
        for lane, _ in self._lanes.values():
            lane.read_anew()

    def put_ongoing(self, after: int, messages: tuple[Message, ...]) -> None:
        """A periodic message, if this endpoint wants it."""
        key = LaneKey(self.route.endpoint, messages[0].kind, messages[0].stream_uuid)
        if self.route.takes(key.kind, key.stream_uuid) and (lane := self._lane(key)) is not None:
            lane.put_ongoing(after, messages)

    @property
    def busy(self) -> bool:
        """Whether something waits that there is hope to deliver now."""
        resting = self._disabled or self._breaker.open or not self._running.is_set()
        return not resting and any(lane.busy for lane, _ in self._lanes.values())

    async def admission(self) -> None:
        """Wait until an attempt may be made; it must be followed by ``attempt`` or ``abandon``."""
        await self._running.wait()
        while (wait := self._breaker.wait_s()) > 0:
            await self.rest(wait)
            await self._running.wait()

    def abandon(self) -> None:
        """No attempt is made after all."""
        self._breaker.abandoned()

    async def rest(self, seconds: float) -> None:
        """Wait; no longer than until the endpoint, if it was down, is well again."""
        pause = asyncio.ensure_future(self.clock.sleep(seconds))
        recovered = asyncio.ensure_future(self._recovered.wait())
        try:
            await asyncio.wait({pause, recovered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            recovered.cancel()

    async def attempt(self, message: Outgoing) -> Outcome:
        """Send once, and draw the conclusions for the whole endpoint."""
        channel = self._channel
        self._sending[channel] += 1
        at, begun = self.clock.time(), self.clock.monotonic()
        try:
            outcome = await channel.send(message)
        except Exception as error:  # a lane that ended would hold up its stream until the next start
            logger.exception("webhook %s: an attempt failed by an error of ours", self.label)
            outcome = Outcome(f"an error of ours ({type(error).__name__})", "internal")
        except BaseException:
            self._breaker.abandoned()
            raise
        finally:
            self._sending -= Counter((channel,))  # one that sends nothing is forgotten
            if channel is not self._channel and not self._sending[channel]:
                await channel.close()
        if channel is not self._channel:  # what the old address wants is not wanted by the new one
            outcome = replace(outcome, gone=False, slow_down=False, retry_after_s=None)
        self._attempts[outcome.kind] += 1
        if message.log_id:
            self._note_attempt(message, outcome, at, self.clock.monotonic() - begun)
        if outcome.failure:
            self._note_failure(outcome)
        else:
            self._note_success()
        return outcome

    def delivered(self, message: Message) -> None:
        """Count a message that arrived."""
        self._delivered[message.reason] += 1
        self._latencies.add(max(self.clock.time() - message.at, 0.0))

    async def test(self) -> dict[str, Any]:
        """Send an empty message now, whatever else waits, and say how it went; when it arrives, all try at once."""
        begun = self.clock.monotonic()
        outcome = await self.attempt(empty(self.route.kind, self.epoch, "test"))
        if not outcome.failure:
            self._wake_resting()
        return told(outcome, self.clock.monotonic() - begun)

    def stats(self) -> dict[str, Any]:
        """Counts so far, plain values."""
        dropped = [{"class": c, "cause": why, "count": n} for (c, why), n in sorted(self.dropped.items())]
        return {
            "id": self.route.endpoint,
            "endpoint": self.label,
            "kind": self.route.kind,
            "delivered": dict(sorted(self._delivered.items())),
            "dropped": dropped,
            "attempts": dict(sorted(self._attempts.items())),
            "disabled": self._disabled,
            "paused": not self._running.is_set(),
            "resting": self._breaker.open,
            "last_failure": self._last_failure,
            "latency": self._latencies.document(),
        }

    def _lane(self, key: LaneKey) -> Lane | None:
        if self._disabled:
            return None
        if key not in self._lanes:
            if not self.route.takes(key.kind, key.stream_uuid):
                return None
            lane = Lane(key, self)
            self._lanes[key] = lane, asyncio.create_task(lane.run(), name=f"lane {self.label}")
        return self._lanes[key][0]

    def _note_attempt(self, message: Outgoing, outcome: Outcome, at: float, seconds: float) -> None:
        number = message.headers.get("omni-sequence")
        sequence = None if number is None else int(number)
        duration_ms = round(seconds * 1000, 1)
        self.outbox.attempted(
            Attempt(self.route.endpoint, message.log_id, sequence, at, outcome.status, outcome.failure, duration_ms)
        )

    def _note_success(self) -> None:
        self._heard = self.clock.monotonic()
        well_before, was_down = not self._last_failure, self._breaker.down
        self._last_failure = ""
        self._breaker.succeeded()
        if not well_before:
            logger.warning("webhook %s: well again", self.label)
        if was_down:  # else one message that is refused would use up its attempts on the successes of other streams
            self._wake_resting()

    def _wake_resting(self) -> None:
        self._recovered.set()
        self._recovered = asyncio.Event()

    def _note_failure(self, outcome: Outcome) -> None:
        if outcome.failure != self._last_failure and not outcome.gone:
            logger.warning("webhook %s: %s; trying again", self.label, outcome.failure)
        self._last_failure = outcome.failure
        slow_down = self.plan.pause(1, outcome.retry_after_s) if outcome.slow_down else None
        self._breaker.failed(slow_down)
        if outcome.gone and not self._disabled:
            self._disabled = True
            until = "the next start, or another address, secret or header"
            logger.error("webhook %s: answered 410 Gone; it is told nothing until %s", self.label, until)
            self.outbox.forget(self.route.endpoint)
            current = asyncio.current_task()
            lanes, self._lanes = self._lanes, {}
            for task in (*self._tasks, *(task for _, task in lanes.values())):
                if task is not current:
                    task.cancel()

    async def _replay(self) -> None:
        """Send dead letters that somebody wants to be sent again, outside of the order, once each."""
        while not self._disabled:
            if self._next_replay() is None:
                await self.clock.sleep(LOOK_FOR_REPLAYS_S)
                continue
            await self.admission()
            found = self._next_replay()  # it may have been purged meanwhile, or have lost its pictures
            if found is None:
                self.abandon()
                continue
            dead_id, made, message = found
            headers = {
                "omni-epoch": self.epoch,
                "omni-attempt": str(made + 1),
                "omni-reason": message.reason,
                "omni-replay": "true",
            }
            outcome = await self.attempt(
                Outgoing(message.webhook_id, message.kind, message.stream_uuid, message.body, headers, message.id)
            )
            if not outcome.failure:
                self.delivered(message)
                await self._write(partial(Store.purge, chosen=Chosen(ids=(dead_id,))))
            else:
                death = Death(self.clock.time(), outcome.failure, made + 1, outcome.status, outcome.answer)
                await self._write(partial(Store.replay_failed, dead_id=dead_id, death=death))

    def _next_replay(self) -> tuple[int, int, Message] | None:
        try:
            return self.outbox.reader.next_replay(self.route.endpoint) if self.outbox.reader else None
        except sqlite3.Error:
            return None

    async def _write(self, change: Callable[[Store], object]) -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        self.outbox.change(change, lambda: loop.call_soon_threadsafe(done.set))
        await done.wait()

    async def _beat(self) -> None:
        while not self._disabled:
            quiet = self.clock.monotonic() - self._heard
            if quiet < self._heartbeat_s:
                await self.clock.sleep(self._heartbeat_s - quiet)
                continue
            await self.admission()
            await self.attempt(empty(self.route.kind, self.epoch, "heartbeat"))
            self._heard = self.clock.monotonic()
