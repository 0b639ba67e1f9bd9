"""The websocket of the page."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, Websocket
from sanic.exceptions import RequestCancelled, WebsocketClosed
from websockets.exceptions import ConnectionClosed

from omni.service.context import HttpRequest
from omni.service.live import VIEWERS_MAX, Viewer
from omni.service.operations import operation

NOT_UNDERSTOOD = 1007
TRY_AGAIN_LATER = 1013
POLICY_VIOLATION = 1008

ASK_AGAIN_S = 1.0
"""How often it is asked whether somebody who watches still may."""


def blueprint() -> Blueprint:
    routes = Blueprint("live", url_prefix="/api/v1")
    routes.add_websocket_route(live, "/live")
    return routes


@operation(
    "Websocket: pictures, map, processes, status", scope="read", statuses=(101,), errors={426: ["websocket-only"]}
)
async def live(request: HttpRequest, ws: Websocket) -> None:
    """Send until the viewer is gone. It may say how wide its tiles are."""
    if not request.app.ctx.runs:  # a page that is open asks every few seconds, which is no error of ours
        await ws.close(TRY_AGAIN_LATER, "the configuration cannot be used; nothing is watched")
        return
    hub = request.app.ctx.live
    viewer = hub.join()
    if viewer is None:
        await ws.close(TRY_AGAIN_LATER, f"{VIEWERS_MAX} viewers are watching already; try again later")
        return
    tasks = [asyncio.create_task(_send(ws, viewer)), asyncio.create_task(_end_when_refused(request, ws))]
    try:
        while (text := await ws.recv()) is not None:
            viewer.listen(text)
    except ValueError as error:
        await ws.close(NOT_UNDERSTOOD, str(error))
    finally:
        hub.leave(viewer)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(ws: Websocket, viewer: Viewer) -> None:
    try:
        while True:
            await ws.send(await viewer.next())
    except (WebsocketClosed, ConnectionClosed, RequestCancelled):
        return


async def _end_when_refused(request: HttpRequest, ws: Websocket) -> None:
    while await request.app.ctx.access.may_go_on(request):  # noqa: ASYNC110 -- tokens change in another process
        await asyncio.sleep(ASK_AGAIN_S)
    await ws.close(POLICY_VIOLATION, "log in again")
