"""Who is told, what was given up, and trying again (delivery, lines 7 and 15)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from secrets import token_bytes
from typing import Any

from sanic import Blueprint, HTTPResponse, json

from omni.delivery import Chosen
from omni.service.context import HttpRequest
from omni.service.fields import Field, read_fields
from omni.service.operations import operation
from omni.service.webhook_answers import DeadLetters, Deliveries, Paused, Purged, Replayed, Secret, Tested, Webhooks

_ENDPOINT = Field("endpoint", "text", "")
CHOSEN = (Field("id", "int", 0, least=1), _ENDPOINT, Field("since", "int", 0), Field("until", "int", 0, least=1))
"""Nought is what is not given: sent as such it would choose all letters."""

_PAUSED = (Field("paused", "bool"),)
_LIMIT = (Field("limit", "int", 50, least=1, most=200),)
_NO_OUTBOX = {503: ["outbox-unavailable"]}

SECRET_BYTES = 32


def blueprint() -> Blueprint:
    routes = Blueprint("webhooks", url_prefix="/api/v1/webhooks")
    routes.add_route(webhooks, "/")
    routes.add_route(test, "/<id:str>/test", methods=["POST"], unquote=True)
    routes.add_route(pause, "/<id:str>/pause", methods=["POST"], unquote=True)
    routes.add_route(rotate, "/<id:str>/rotate", methods=["POST"], unquote=True)
    routes.add_route(deliveries, "/<id:str>/deliveries", unquote=True)
    routes.add_route(dead, "/dead")
    routes.add_route(replay, "/replay", methods=["POST"])
    routes.add_route(purge, "/purge", methods=["POST"])
    return routes


@operation("Who is told, and how that is going", scope="read", answer=Webhooks)
async def webhooks(request: HttpRequest) -> HTTPResponse:
    return json(await asyncio.to_thread(request.app.ctx.agent.delivery.stats))


@operation(
    "An empty message to one of them, now",
    scope="control",
    answer=Tested,
    path={"id": "of the subscriber"},
    errors={404: ["unknown-endpoint"]},
)
async def test(request: HttpRequest, id: str) -> HTTPResponse:
    read_fields(request, ())
    return json(await asyncio.to_thread(request.app.ctx.agent.delivery.test, id))


@operation(
    "Keep messages for one of them without sending, or go on",
    scope="config",
    answer=Paused,
    body=_PAUSED,
    path={"id": "of the subscriber"},
    errors={404: ["unknown-endpoint"], 422: ["config-invalid"]},
)
async def pause(request: HttpRequest, id: str) -> HTTPResponse:
    context = request.app.ctx
    paused = read_fields(request, _PAUSED)["paused"]
    await context.change(lambda: context.settings.paused(id, paused))
    return json({"paused": paused})


@operation(
    "A new secret, shown this once",
    scope="config",
    answer=Secret,
    secret=True,
    path={"id": "of the subscriber"},
    errors={404: ["unknown-endpoint"], 422: ["config-invalid"]},
)
async def rotate(request: HttpRequest, id: str) -> HTTPResponse:
    """The only answer that ever has a secret in it."""
    context = request.app.ctx
    read_fields(request, ())
    secret = f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"
    await context.change(lambda: context.settings.rotated(id, secret))
    return json({"secret": secret})


@operation(
    "Deliveries to one of them, with their attempts",
    scope="read",
    answer=Deliveries,
    query=_LIMIT,
    path={"id": "of the subscriber"},
    errors={**_NO_OUTBOX, 404: ["unknown-endpoint"]},
)
async def deliveries(request: HttpRequest, id: str) -> HTTPResponse:
    limit = read_fields(request, _LIMIT)["limit"]
    found = await asyncio.to_thread(request.app.ctx.agent.delivery.deliveries, id, limit)
    return json({"deliveries": found})


@operation("Dead letters", scope="read", answer=DeadLetters, query=(_ENDPOINT,), errors=_NO_OUTBOX)
async def dead(request: HttpRequest) -> HTTPResponse:
    fields = read_fields(request, (_ENDPOINT,))
    letters = await asyncio.to_thread(request.app.ctx.agent.delivery.log.dead, fields["endpoint"] or None)
    return json({"dead": letters})


@operation("Send dead letters again", scope="control", answer=Replayed, body=CHOSEN, errors=_NO_OUTBOX)
async def replay(request: HttpRequest) -> HTTPResponse:
    count = await asyncio.to_thread(request.app.ctx.agent.delivery.log.replay, _chosen(request))
    return json({"replayed": count})


@operation("Forget dead letters", scope="control", answer=Purged, body=CHOSEN, errors=_NO_OUTBOX)
async def purge(request: HttpRequest) -> HTTPResponse:
    count = await asyncio.to_thread(request.app.ctx.agent.delivery.log.purge, _chosen(request))
    return json({"purged": count})


def _chosen(request: HttpRequest) -> Chosen:
    fields: dict[str, Any] = read_fields(request, CHOSEN)
    return Chosen(
        ids=(fields["id"],) if fields["id"] else (),
        endpoint=fields["endpoint"] or None,
        since=fields["since"] or None,
        until=fields["until"] or None,
    )
