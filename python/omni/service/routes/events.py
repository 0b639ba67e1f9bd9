"""The log of what happened, for those who pull (delivery, line 14)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from sanic import Blueprint, HTTPResponse, json
from sanic.exceptions import ServerError

from omni.delivery import Page
from omni.errors import OutboxError
from omni.service.context import Context, HttpRequest
from omni.service.fields import Field, read_fields, refuse
from omni.service.operations import operation
from omni.service.serialize import to_json
from omni.service.webhook_answers import Events

AFTER = Field("after", "text", "")
MOST = 1000
PAGE = (AFTER, Field("limit", "int", 100, least=1, most=MOST))
_NO_OUTBOX = {503: ["outbox-unavailable"]}

LOOK_S = 0.25
"""How often a stream looks for something new."""

QUIET_S = 15.0
"""After so long without an event a comment keeps proxies from closing the connection."""


def blueprint() -> Blueprint:
    routes = Blueprint("events", url_prefix="/api/v1/events")
    routes.add_route(events, "/")
    routes.add_route(stream, "/stream")
    return routes


@operation("What happened", scope="read", answer=Events, query=PAGE, errors=_NO_OUTBOX)
async def events(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, PAGE)
    return json(asdict(await _page(request.app.ctx, fields["after"], fields["limit"])))


@operation(
    "What happens: server-sent events",
    scope="read",
    media="text/event-stream",
    query=(AFTER,),
    errors=_NO_OUTBOX,
)
async def stream(request: HttpRequest) -> None:
    """Server-sent events, from the cursor given or from now on, until the reader leaves."""
    context = request.app.ctx
    cursor = request.headers.get("last-event-id") or read_fields(request, (AFTER,))["after"]
    cursor = cursor or await asyncio.to_thread(context.agent.delivery.log.newest)
    page = await _page(context, cursor, MOST)
    response = await request.respond(content_type="text/event-stream")
    assert response is not None
    if request.method == "HEAD":
        return
    quiet_s = QUIET_S  # so that the answer begins at once
    try:
        while await context.access.may_go_on(request):
            text = _server_sent(page)
            if not text and quiet_s >= QUIET_S:
                text = ": quiet\n\n"
            if text:
                await response.send(text)
                quiet_s = 0.0
            await asyncio.sleep(0 if page.events else LOOK_S)
            quiet_s += LOOK_S
            page = await _page(context, page.next, MOST)
    except (ServerError, OutboxError):  # the reader is gone, or the agent stops: it comes again with its cursor
        return


async def _page(context: Context, after: str, limit: int) -> Page:
    try:
        return await asyncio.to_thread(context.agent.delivery.log.events, after, limit)
    except ValueError as error:
        refuse("after", str(error), after[:100])


def _server_sent(page: Page) -> str:
    gap = ["event: gap\ndata: {}\n\n"] if page.gap else []
    return "".join(gap + [f"id: {e['cursor']}\nevent: {e['reason']}\ndata: {to_json(e)}\n\n" for e in page.events])
