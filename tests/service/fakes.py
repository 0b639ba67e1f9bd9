"""A small agent whose streams, frames and map the test decides, behind the real server on a free port."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

import aiohttp
import numpy as np
from tests.service.described import Described
from yarl import URL

from omni.agent import Agent
from omni.agent.bus import Bus
from omni.config import AgentConfig
from omni.delivery import Delivery
from omni.errors import UnknownLineError
from omni.faces.engine import FaceEngine
from omni.history import History
from omni.process import ExternalProcesses, Position
from omni.service import create_app
from omni.service.server import listen
from omni.service.settings import Settings
from omni.types import CONFIRMED, Frame, FrameResult, MapTick, ProcessMessage, Run, StreamStatus, Tracks

DOOR = "6f1c7c1e-0000-4000-8000-000000000001"
YARD = "6f1c7c1e-0000-4000-8000-000000000002"
LINE = "6f1c7c1e-0000-4000-8000-000000000003"
HUMAN = "6f1c7c1e-0000-4000-8000-0000000000aa"


class FakeAgent:
    """What the service uses of an agent. Tests set ``results``, ``ticks``, ``statuses`` and ``found``."""

    def __init__(self, config: AgentConfig) -> None:
        self.config = config
        self.statuses = [
            StreamStatus(uuid, name, f"{name}.mp4", "online", "", 12, 0, 10.0, (640, 480))
            for uuid, name in ((DOOR, "Door"), (YARD, "Yard"))
        ]
        self.results: dict[str, FrameResult] = {}
        self.ticks: list[MapTick] = []
        self.found: list[str] = []
        self.faces: FaceEngine | None = None
        self.counted = [{"uuid": LINE, "name": "door", "forward": 3, "reverse": 1, "since": 1_700_000_000.0}]
        self.bus = Bus()
        run = Run(UUID(int=7), 1_700_000_000.0)
        self.external = ExternalProcesses(
            run, count(1), [DOOR, YARD], lambda _: Position(1_700_000_001.0, 12, 1.0), self.bus.publish
        )
        self.delivery = Delivery(
            config.webhook_tracking_subscribers, run, encode=None, settings=config.delivery, mqtt=config.mqtt_settings
        )
        self.history: History | None = None
        self.life: list[str] = []

    def start(self) -> None:
        self.life.append("start")
        self.delivery.start()

    def stop(self) -> None:
        self.life.append("stop")
        self.delivery.stop()

    def streams(self) -> list[StreamStatus]:
        return list(self.statuses)

    def latest(self, stream_uuid: str) -> FrameResult | None:
        return self.results.get(stream_uuid)

    def map_ticks(self) -> list[MapTick]:
        return list(self.ticks)

    def map_footprints(self, view: str) -> dict[str, list[list[float]]]:
        assert view in {tick.name for tick in self.ticks}
        return {DOOR: [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]}

    def map_flow(self, view: str, window_s: float) -> dict[str, Any]:
        assert window_s
        if view not in {tick.name for tick in self.ticks}:
            raise KeyError(view)
        return {"cell": 25.0, "cells": [{"x": 12.5, "y": 12.5, "seconds": 3.0, "dx": 1.0, "dy": 0.0}]}

    def lines(self) -> list[dict[str, Any]]:
        return list(self.counted)

    def reset_line(self, line_uuid: str) -> None:
        if line_uuid != LINE:
            raise UnknownLineError(f"no line has the uuid {line_uuid}")
        self.counted[0].update(forward=0, reverse=0)

    def problems(self) -> list[str]:
        return list(self.found)

    def stats(self) -> dict[str, Any]:
        network = {
            "role": "people",
            "model": "m",
            "providers_asked": ["CUDA"],
            "providers_in_use": ["CUDA"],
            "nodes": {"CUDA": 130},
        }
        webhooks = self.delivery.stats()
        return {"frames": 24, "stage_share": {"detect": 1.0}, "networks": [network], "webhooks": webhooks}

    def subscribe(self, callback: Callable[[ProcessMessage], None]) -> Callable[[], None]:
        return self.bus.subscribe(callback)

    def all_down(self) -> None:
        self.statuses = [replace(s, state="backoff", reason="connection refused") for s in self.statuses]
        self.found = [f"stream {s.name}: down: connection refused" for s in self.statuses]


def frame_result(stream_uuid: str, index: int, size: tuple[int, int] = (640, 480), people: int = 1) -> FrameResult:
    """A frame of noise (a worst case for JPEG) with people side by side."""
    width, height = size
    image = np.random.default_rng(index).integers(0, 255, (height, width, 3), np.uint8)
    xyxy = np.array([[10 + 50 * i, 10, 50 + 50 * i, 110] for i in range(people)], np.float32).reshape(-1, 4)
    tracks = Tracks(
        1_700_000_000.0 + index / 10,
        np.arange(1, people + 1, dtype=np.int64),
        xyxy,
        np.full(people, 0.9, np.float32),
        np.zeros(people, np.int32),
        np.full(people, CONFIRMED, np.uint8),
        np.arange(people, dtype=np.int32),
        np.full(people, 1_700_000_000.0),
    )
    frame = Frame(stream_uuid, index, tracks.timestamp, index / 10, image)
    return FrameResult(frame, tracks, (HUMAN,) * people, {"detect": 0.01})


def map_tick(sequence: int, x: float = 120.5) -> MapTick:
    """One person, seen by the door's camera."""
    source = {"id": 1, "class": "body", "score": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4], "object_id": HUMAN}
    document = {
        "view_name": "top_view",
        "camera_frames_data": {
            DOOR: {
                "frame_index": sequence,
                "timestamp_microsec": 1_700_000_000_000_000,
                "timestamp_millisec": 1_700_000_000_000,
                "video_timestamp": 100,
            }
        },
        "objects": [
            {
                "bbox": [x, 80.0],
                "class": "body",
                "id": 7,
                "score": 0.9,
                "source_objects": {DOOR: source},
                "omni": {"position_m": [1.0, 2.0]},
            }
        ],
    }
    return MapTick("top_view", sequence, document)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Server:
    """The real server in a thread of its own."""

    def __init__(self, config: AgentConfig, settings: Settings | None = None, agent: Agent | None = None) -> None:
        """With ``settings`` the real agent, or none in safe mode."""
        self.agent = FakeAgent(config)
        if settings is not None:
            self.app = create_app(None if agent is None else lambda: agent, config, settings)
        else:
            self.app = create_app(lambda: self.agent, config)  # type: ignore[arg-type, return-value]
        self._described = Described(self.app)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Server:
        self._sock = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._sock.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def call(self, path: str, method: str = "GET", **request: Any) -> Answer:
        """One request over a connection of its own. ``request`` as aiohttp takes it.

        Every answer that a test gets is held to the OpenAPI document.
        """

        async def send() -> Answer:
            async with aiohttp.ClientSession() as session:
                url = URL(self.address + path, encoded=True)
                async with session.request(method, url, **request) as answer:
                    return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, await answer.read())

        answer = asyncio.run(send())
        self._described.check(method, path, answer.status, answer.headers.get("content-type", ""), answer.body)
        return answer

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        self._loop.run_until_complete(self._stop())
        self._loop.close()

    async def _start(self) -> None:
        self._server = await self.app.create_server(sock=self._sock, return_asyncio_server=True)
        assert self._server is not None
        await self._server.startup()
        await self._server.before_start()
        await self._server.after_start()

    async def _stop(self) -> None:
        assert self._server is not None
        await self._server.before_stop()
        await self._server.close()
        for connection in list(self._server.connections):
            connection.abort()
        await self._server.after_stop()
        await asyncio.sleep(0)
