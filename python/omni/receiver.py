"""A receiver of webhooks of all types: checks every message against its JSON Schema and hands it on."""

from __future__ import annotations

import asyncio
import errno
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from omni._text import visible
from omni.delivery import SignatureError, verify
from omni.errors import PortInUseError
from omni.process import event_errors, schema_errors, stream_errors

MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook: what its headers say, its ``processes`` or one ``event``, what is ``wrong`` with it."""

    webhook_id: str
    epoch: str
    reason: str
    sequence: str
    attempt: str
    processes: list[dict[str, Any]]
    event: dict[str, Any] | None = None
    wrong: list[str] = field(default_factory=list)


class Receiver:
    """Listens on one path in a thread of its own.

    Args:
        on_message: is told each message, in the receiver's thread.
        secret: where given, messages that it did not sign are answered 401.
    """

    def __init__(self, on_message: Callable[[Received], None], *, secret: str | Sequence[str] | None = None) -> None:
        self._on_message = on_message
        self._secret = secret
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhook receiver", daemon=True)
        self._runner: web.AppRunner | None = None
        self.received: Counter[str] = Counter()
        self.wrong = 0

    def start(self, host: str, port: int, path: str = "/trigger") -> str:
        """Listen; port 0 takes a free one. Returns the address to subscribe with.

        Raises:
            PortInUseError: the address is taken.
        """
        self._thread.start()
        try:
            return asyncio.run_coroutine_threadsafe(self._listen(host, port, path), self._loop).result(10.0)
        except OSError as error:
            self.stop()
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(f"{host}:{port} is taken by another program; choose another with --port") from None
            raise PortInUseError(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from None

    def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10.0)
            self._runner = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()

    async def _listen(self, host: str, port: int, path: str) -> str:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(path, self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return f"http://{host}:{self._runner.addresses[0][1]}{path}"

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self._secret is not None:
            try:
                verify(body, request.headers, self._secret, now=time.time())
            except SignatureError as error:
                self.wrong += 1
                return web.json_response({"error": str(error)}, status=401)
        received = _read(request, body)
        self.received[received.reason] += 1
        self.wrong += bool(received.wrong)
        self._on_message(received)
        return web.json_response(
            {"error": received.wrong[0]} if received.wrong else {}, status=400 if received.wrong else 200
        )


def _read(request: web.Request, body: bytes) -> Received:
    headers = request.headers
    try:
        payload = json.loads(body)
        is_event = isinstance(payload, dict) and "processes" not in payload
        of_event = stream_errors if is_event and payload.get("type") == "stream" else event_errors
        wrong = of_event(payload) if is_event else schema_errors(payload)
    except (ValueError, RecursionError) as error:  # the second of brackets without end
        payload, is_event, wrong = {}, False, [f"the body is not JSON: {error}"]
    return Received(
        webhook_id=headers.get("webhook-id", ""),
        epoch=headers.get("omni-epoch", ""),
        reason=headers.get("omni-reason", "unknown"),
        sequence=headers.get("omni-sequence", "?"),
        attempt=headers.get("omni-attempt", "?"),
        processes=[] if wrong or is_event else payload["processes"],
        event=payload if is_event and not wrong else None,
        wrong=wrong,
    )


def describe(received: Received, names: dict[str, str] | None = None) -> str:
    """One line for people.

    Args:
        received: the message.
        names: what to call a stream; its UUID's start where it is not named.
    """
    return visible(_described(received, names or {}))


def _described(received: Received, names: dict[str, str]) -> str:
    if received.wrong:
        return f"{received.reason:<8} REFUSED  {received.wrong[0]}"
    if received.event is not None and "stream" in received.event:
        event = received.event
        why = f" ({event['reason']})" if event["reason"] else ""
        return f"{event['timestamp'][11:23]}  stream   {event['stream']['name']} {event['state']}{why}"
    if received.event is not None:
        place = received.event.get("roi") or received.event.get("line") or {"name": ""}
        way = received.event.get("state") or received.event.get("direction") or ""
        return f"{received.event['timestamp'][11:23]}  event    {received.event['type']} {place['name']} {way}"
    if not received.processes:
        return f"{received.reason:<8} empty"
    first = received.processes[0]
    stream = names.get(first["source"], first["source"][:8])
    stamp = first["time_interval"][1][11:23]
    head = f"{stamp}  {received.reason:<8} {stream:<8}"
    again = f"  attempt {received.attempt}" if received.attempt not in ("1", "?") else ""
    if received.reason == "ongoing":
        return f"{head} {len(received.processes)} processes open{again}"
    picture = "  with best shot" if any("best_shot" in process for process in received.processes) else ""
    who = f"{first['object']['class']} #{first['numerical_id']}"
    place = first.get("roi") or first.get("line")
    if place is not None:
        return f"{head} {who} {place['name']} {first.get('direction', '')}".rstrip() + again
    why = first.get("omni", {}).get("end_reason")
    return f"{head} {who}{f'  ({why})' if why else ''}{picture}{again}"
