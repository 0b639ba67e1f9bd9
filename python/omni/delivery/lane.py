"""Messages of one stream to one endpoint: first in, first out, one at a time (delivery, line 3)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from omni.delivery.channel import Outcome, Outgoing
from omni.delivery.records import Death, LaneKey, Message
from omni.delivery.store import Store

if TYPE_CHECKING:
    from omni.delivery.endpoint import Endpoint

logger = logging.getLogger(__name__)

PAGE, PAGE_BYTES = 16, 1 << 18
"""How much is read from the log at once. A lane that fails holds on to the first message alone."""

READ_AGAIN_S = 0.5


class Lane:
    """A cursor into the log, with one sender. Lives in one event loop.

    A message keeps its place and its number until its fate is known. A periodic message stands behind the message of
    the log that it follows; it is replaced by a newer one, and once it has failed it gives way to whatever is newer.

    Args:
        key: which lane.
        endpoint: who is told.
    """

    def __init__(self, key: LaneKey, endpoint: Endpoint) -> None:
        self._key = key
        self._endpoint = endpoint
        self._loaded = False
        self._cursor = 0
        self._made = 0
        self._gap = 0
        self._ahead: deque[Message] = deque()
        self._anew = False
        self._ongoing: deque[Message] = deque()
        self._ongoing_after = 0
        self._filled = asyncio.Event()
        self._filled.set()

    @property
    def busy(self) -> bool:
        """Whether something waits that has not failed yet."""
        return self._filled.is_set() and self._made == 0

    def wake(self) -> None:
        """The log has something new."""
        self._filled.set()

    def add_gap(self, count: int) -> None:
        """So many messages behind the next one are no longer in the log."""
        self._gap += count
        self._let_go()

    def read_anew(self) -> None:
        """What was read ahead is not in the log like that any more; an attempt under way is finished."""
        self._anew = True
        self._forget_ongoing()

    def put_ongoing(self, after: int, messages: tuple[Message, ...]) -> None:
        """Take a periodic message, in place of one that has not gone out."""
        self._forget_ongoing()
        self._ongoing, self._ongoing_after = deque(messages), after
        self._filled.set()

    def _forget_ongoing(self) -> None:
        if not self._ongoing:
            return
        self._endpoint.dropped["ongoing", "replaced by a newer one"] += 1
        if not self._ahead or self._ahead[0].id > self._ongoing_after:
            self._made = 0  # at the one that is forgotten
        self._ongoing.clear()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._filled.wait()
            await self._endpoint.admission()
            try:
                message = self._next()
            except sqlite3.Error:  # locked for a moment; the writer tells when it is worse
                self._endpoint.abandon()
                await self._endpoint.clock.sleep(READ_AGAIN_S)
                continue
            if message is None:
                self._endpoint.abandon()
                continue
            gap = self._gap
            outcome = await self._endpoint.attempt(self._outgoing(message, gap))
            if outcome.gone:
                return
            if outcome.failure:
                await self._failed(message, outcome)
            else:
                self._delivered(message, gap)

    def _next(self) -> Message | None:
        """The message whose turn it is; None, and asleep until woken, when there is none."""
        if self._anew:
            self._anew = False
            self._ahead.clear()
        if not self._ahead:
            self._read_ahead()
        head = self._ahead[0] if self._ahead else None
        if not self._ongoing:
            if head is None:
                self._filled.clear()
            return head
        if head is None or (head.id > self._ongoing_after and self._made == 0):
            return self._ongoing[0]
        if head.id > self._ongoing_after:
            self._give_way()
        return head

    def _read_ahead(self) -> None:
        reader = self._endpoint.outbox.reader
        if reader is None:
            raise sqlite3.OperationalError("no database")
        if not self._loaded:
            state = reader.lane(self._key)
            if state is None:  # the outbox was begun anew; the lane is there with its next message
                return
            self._cursor, self._made, self._gap, self._loaded = state.acknowledged, state.attempts, state.gap, True
        page = reader.page(self._key.kind, self._key.stream_uuid, self._cursor, most=PAGE, most_bytes=PAGE_BYTES)
        self._ahead.extend(page)

    def _give_way(self) -> None:
        """A periodic message that failed is not worth holding up what came after it."""
        self._endpoint.dropped["ongoing", "replaced by a newer one"] += 1
        self._ongoing.clear()
        self._made = 0

    def _outgoing(self, message: Message, gap: int) -> Outgoing:
        attempt = self._made + 1
        if message.epoch != self._endpoint.epoch:  # an earlier run may have tried, and died before it knew
            attempt = max(attempt, 2)
        headers = {
            "omni-epoch": self._endpoint.epoch,
            "omni-sequence": str(self._endpoint.sequences[self._key.stream_uuid] + 1),
            "omni-attempt": str(attempt),
            "omni-reason": message.reason,
        }
        if gap:
            headers["omni-gap"] = str(gap)
        return Outgoing(message.webhook_id, message.kind, message.stream_uuid, message.body, headers, message.id)

    def _delivered(self, message: Message, gap: int) -> None:
        self._endpoint.sequences[self._key.stream_uuid] += 1
        self._gap -= gap
        self._made = 0
        self._endpoint.delivered(message)
        self._done_with(message)
        self._write(told=gap)

    async def _failed(self, message: Message, outcome: Outcome) -> None:
        made = self._made + 1
        pause = self._endpoint.plan.pause(made, outcome.retry_after_s)
        if not message.id and not (self._ongoing and self._ongoing[0] is message):  # replaced while it was under way
            await self._endpoint.rest(pause or 0.0)
            return
        self._made = made
        if pause is None:
            self._give_up(message, outcome)
            return
        if message.id:
            self._let_go()
            self._write()
        await self._endpoint.rest(pause)

    def _give_up(self, message: Message, outcome: Outcome) -> None:
        self._endpoint.sequences[self._key.stream_uuid] += 1
        self._gap += 1
        attempts, self._made = self._made, 0
        self._endpoint.dropped["durable" if message.id else "ongoing", "given up"] += 1
        logger.error(
            "webhook %s: message %s given up after %d attempts: %s",
            self._endpoint.label, message.webhook_id, attempts, outcome.failure,
        )  # fmt: skip
        if not message.id:
            self._ongoing.clear()
            return
        death = Death(self._endpoint.clock.time(), outcome.failure, attempts, outcome.status, outcome.answer)
        bury = partial(Store.bury, endpoint=self._key.endpoint, message_id=message.id, death=death)
        self._endpoint.outbox.change(bury)
        self._done_with(message)
        self._write(told=-1)

    def _done_with(self, message: Message) -> None:
        if message.id:
            self._ahead.popleft()
            self._cursor = message.id
        elif self._ongoing and self._ongoing[0] is message:
            self._ongoing.popleft()

    def _let_go(self) -> None:
        """Memory is for those that move."""
        while len(self._ahead) > 1:
            self._ahead.pop()

    def _write(self, told: int = 0) -> None:
        if self._loaded:
            self._endpoint.outbox.progress(self._key, self._cursor, self._made, told)
