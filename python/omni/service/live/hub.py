"""Between the agent's threads and the viewers: everything is made once, however many watch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from omni.service.live.picture import picture_messages
from omni.service.live.viewer import Viewer
from omni.service.map_body import MapBody
from omni.service.serialize import to_json
from omni.service.status import status_document
from omni.types import FrameResult, ProcessMessage

if TYPE_CHECKING:
    from omni.agent import Agent

logger = logging.getLogger(__name__)

VIEWERS_MAX = 32
LOOK_S = 0.03
"""Pause between two looks for something new: at most 33 pictures a second of a stream."""

STATUS_S = 1.0
HISTORY = 60
"""Messages of processes that began or ended, which a new viewer gets first."""


Step = Callable[[], Awaitable[None]]


class LiveHub:
    """Gives the viewers pictures, map, processes and status. Works only while somebody watches.

    Belongs to the event loop's thread.

    Args:
        agent: what is watched.
        map_body: the map's text, shared with ``GET /map_tracking``.
        scene: regions, lines and views of the map as they are configured now.
    """

    def __init__(self, agent: Agent, map_body: MapBody, scene: Callable[[], dict[str, Any]]) -> None:
        self._agent = agent
        self._map_body = map_body
        self._scene = scene
        self._shown_scene = ""
        self._viewers: set[Viewer] = set()
        self._watched = asyncio.Event()
        self._history: deque[str] = deque(maxlen=HISTORY)
        self._stays = _Stays()
        self._pictures: dict[str, _Shown] = {}
        self._shown_map = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to look. Called in the event loop."""
        loop = asyncio.get_running_loop()
        self._unsubscribe = self._agent.subscribe(
            lambda message: _call_in(loop, self._send_processes, message)  # from the agent's threads
        )
        steps: list[tuple[Step, float]] = [
            (self._send_map, LOOK_S),
            (self._send_status, STATUS_S),
            (self._send_scene, STATUS_S),
        ]
        self._tasks = [asyncio.create_task(self._repeat(step, pause_s)) for step, pause_s in steps]
        self.show_streams()

    def show_streams(self) -> None:
        """Show the streams that the agent has now; those that it has no more are gone."""
        now = {status.stream_uuid for status in self._agent.streams()}
        for stream in self._streams.keys() - now:
            self._streams.pop(stream).cancel()
            self._pictures.pop(stream, None)
        for stream in now - self._streams.keys():
            step = partial(self._send_picture, stream)
            self._streams[stream] = asyncio.create_task(self._repeat(step, LOOK_S))

    async def stop(self) -> None:
        """End all work."""
        self._unsubscribe()
        tasks = [*self._tasks, *self._streams.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def join(self) -> Viewer | None:
        """A new viewer, who has at once all there is; None when there are too many."""
        if len(self._viewers) >= VIEWERS_MAX:
            return None
        viewer = Viewer()
        viewer.append(self._scene_message())
        viewer.append(self._status())  # before all that happened: it has the names
        for text in self._history:
            viewer.append(text)
        for stay in self._stays.messages():
            viewer.append(_processes_message(stay))
        viewer.replace("map", _map_message(self._map_body.text(self._agent.map_ticks())))
        for stream, shown in self._pictures.items():
            if shown.messages and shown.of(self._agent, stream):  # else the newest is on its way
                viewer.replace(stream, shown.messages.get(viewer.width) or next(iter(shown.messages.values())))
        self._viewers.add(viewer)
        self._watched.set()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """The viewer is gone."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._watched.clear()

    async def _repeat(self, step: Step, pause_s: float) -> None:
        while True:
            await self._watched.wait()
            try:
                await step()
            except Exception:
                logger.exception("viewers miss something")
                await asyncio.sleep(STATUS_S)
            await asyncio.sleep(pause_s)

    async def _send_picture(self, stream_uuid: str) -> None:
        try:
            result = self._agent.latest(stream_uuid)
        except KeyError:  # it was taken out of the configuration a moment ago
            return
        shown = self._pictures.get(stream_uuid)
        if result is None or (shown is not None and shown.of(self._agent, stream_uuid)):
            return
        widths = {viewer.width for viewer in self._viewers}
        anonymous = self._agent.config.anonymous_mode
        messages = await asyncio.to_thread(picture_messages, result, widths, anonymous=anonymous)
        self._pictures[stream_uuid] = _Shown(result, anonymous, messages)
        for viewer in self._viewers:
            if viewer.width in messages:
                viewer.replace(stream_uuid, messages[viewer.width])

    async def _send_map(self) -> None:
        body = self._map_body.text(self._agent.map_ticks())
        if body is not self._shown_map:
            self._shown_map = body
            for viewer in self._viewers:
                viewer.replace("map", _map_message(body))

    async def _send_status(self) -> None:
        text = self._status()
        for viewer in self._viewers:
            viewer.replace("status", text)

    async def _send_scene(self) -> None:
        text = self._scene_message()
        if text != self._shown_scene:
            self._shown_scene = text
            for viewer in self._viewers:
                viewer.replace("scene", text)

    def _send_processes(self, message: ProcessMessage) -> None:
        self._stays.take(message)
        if message.reason == "ongoing" and not self._viewers:
            return
        text = _processes_message(message)
        if message.reason != "ongoing":
            self._history.append(text)
        for viewer in self._viewers:
            viewer.append(text)

    def _scene_message(self) -> str:
        return to_json({"type": "scene", **self._scene()})

    def _status(self) -> str:
        return to_json({"type": "status", **status_document(self._agent, time.time())})


@dataclass(frozen=True, slots=True)
class _Shown:
    """What viewers were sent last of a stream: of a camera that is away for as long as it is."""

    result: FrameResult
    anonymous: bool
    messages: dict[int, bytes]

    def of(self, agent: Agent, stream_uuid: str) -> bool:
        """Whether it is the newest, as it may be shown now."""
        return agent.latest(stream_uuid) is self.result and agent.config.anonymous_mode == self.anonymous


class _Stays:
    """Who is in which region now: told to a new viewer, whose beginnings may be longer ago than the history."""

    def __init__(self) -> None:
        self._open: dict[str, ProcessMessage] = {}

    def take(self, message: ProcessMessage) -> None:
        for process in message.processes:
            if process.get("action") != "roi_presence":
                continue
            if process["finalized"]:
                self._open.pop(process["id"], None)
            else:
                self._open[process["id"]] = replace(message, reason="ongoing", processes=(process,), best_shots={})

    def messages(self) -> list[ProcessMessage]:
        """The open ones, each as a message of its own."""
        return list(self._open.values())


def _processes_message(message: ProcessMessage) -> str:
    return to_json(
        {
            "type": "processes",
            "reason": message.reason,
            "stream_uuid": message.stream_uuid,
            "timestamp": message.timestamp,
            "processes": list(message.processes),
        }
    )


def _map_message(body: str) -> str:
    return '{"type":"map",' + body[1:]


def _call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[[ProcessMessage], None], message: ProcessMessage
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, message)
