"""The websocket of the page."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, Websocket
from sanic.exceptions import RequestCancelled, WebsocketClosed
from websockets.exceptions import ConnectionClosed

from omni.service.context import HttpRequest
from omni.service.live import VIEWERS_MAX, Viewer

NOT_UNDERSTOOD = 1007
TRY_AGAIN_LATER = 1013


def blueprint() -> Blueprint:
    routes = Blueprint("live", url_prefix="/api/v1")
    routes.add_websocket_route(live, "/live")
    return routes


async def live(request: HttpRequest, ws: Websocket) -> None:
    """Send until the viewer is gone. It may say how wide its tiles are."""
    hub = request.app.ctx.live
    viewer = hub.join()
    if viewer is None:
        await ws.close(TRY_AGAIN_LATER, f"{VIEWERS_MAX} viewers are watching already; try again later")
        return
    sender = asyncio.create_task(_send(ws, viewer))
    try:
        while (text := await ws.recv()) is not None:
            viewer.listen(text)
    except ValueError as error:
        await ws.close(NOT_UNDERSTOOD, str(error))
    finally:
        hub.leave(viewer)
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send(ws: Websocket, viewer: Viewer) -> None:
    try:
        while True:
            await ws.send(await viewer.next())
    except (WebsocketClosed, ConnectionClosed, RequestCancelled):
        return
