"""The websocket: pictures with their boxes, the map, processes, status."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from tests.service.fakes import DOOR, HUMAN, YARD, Server, frame_result, map_tick

from omni.service.live import VIEWERS_MAX, Viewer

Watch = Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]]


def watch(server: Server, look: Watch, **options: Any) -> Any:
    async def run() -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{server.address}/api/v1/live", max_msg_size=0, **options) as socket,
        ):
            return await asyncio.wait_for(look(socket), 60)

    return asyncio.run(run())


async def text_of(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT and (document := json.loads(message.data))["type"] == kind:
            return document


async def picture_of(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    while True:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            length = int.from_bytes(message.data[:4], "big")
            return json.loads(message.data[4 : 4 + length]), message.data[4 + length :]


def test_a_picture_comes_with_its_boxes(server: Server) -> None:
    server.agent.results[DOOR] = frame_result(DOOR, 5, size=(1920, 1080), people=2)
    header, jpeg = watch(server, picture_of)
    assert (header["stream_uuid"], header["frame_index"], header["image_size"]) == (DOOR, 5, [1920, 1080])
    assert header["timestamp"] == 1_700_000_000.5
    assert [track["id"] for track in header["tracks"]] == [1, 2]
    track = header["tracks"][0]
    assert set(track) == {"id", "box", "confidence", "object_id"}
    assert track["object_id"] == HUMAN
    np.testing.assert_allclose(track["box"], [10 / 1920, 10 / 1080, 50 / 1920, 110 / 1080], atol=1e-4)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (540, 960, 3)


def test_a_small_picture_keeps_its_size_and_nobody_may_be_in_it(server: Server) -> None:
    server.agent.results[DOOR] = frame_result(DOOR, 1, people=0)
    header, jpeg = watch(server, picture_of)
    assert header["tracks"] == []
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (480, 640, 3)


def test_a_viewer_with_small_tiles_gets_small_pictures_and_others_get_theirs(server: Server) -> None:
    server.agent.results[DOOR] = frame_result(DOOR, 1, size=(1920, 1080))

    async def look(socket: aiohttp.ClientWebSocketResponse) -> list[tuple[int, ...]]:
        shapes = [decoded((await picture_of(socket))[1]).shape]
        await socket.send_json({"width": 500})
        await text_of(socket, "status")  # by now it is heard
        server.agent.results[DOOR] = frame_result(DOOR, 2, size=(1920, 1080))
        shapes.append(decoded((await picture_of(socket))[1]).shape)
        return shapes

    assert watch(server, look) == [(540, 960, 3), (360, 640, 3)]


@pytest.mark.parametrize("said", ["wide", "{}", '{"width": 0}', '{"width": true}', '{"width": 1e9}', "[1]"])
def test_a_viewer_that_says_something_else_is_told_and_closed(server: Server, said: str) -> None:
    async def look(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await socket.send_str(said)
        async for _ in socket:
            pass
        return socket.close_code

    assert watch(server, look) == 1007


def decoded(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_the_map_comes_once_a_tick(server: Server) -> None:
    server.agent.ticks = [map_tick(1, x=1.5)]

    async def look(socket: aiohttp.ClientWebSocketResponse) -> list[float]:
        seen = []
        for sequence in (2, 3):
            document = await text_of(socket, "map")
            seen.append(document["views"]["top_view"]["objects"][0]["bbox"][0])
            server.agent.ticks = [map_tick(sequence, x=float(sequence))]
        seen.append((await text_of(socket, "map"))["views"]["top_view"]["objects"][0]["bbox"][0])
        return seen

    assert watch(server, look) == [1.5, 2.0, 3.0]


def test_status_comes_every_second(server: Server) -> None:
    async def look(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], dict[str, Any]]:
        return await text_of(socket, "status"), await text_of(socket, "status")

    first, second = watch(server, look)
    assert set(first) == {"type", "timestamp", "streams", "stats", "problems"}
    assert second["timestamp"] > first["timestamp"]


def test_the_scene_comes_first_and_the_names_of_the_streams_before_all_that_happened(server: Server) -> None:
    begin = {"name": "film", "class_": "media", "repeats": False, "duration": 0, "started_at": 0, "stream_uuid": DOOR}
    server.agent.external.begin(**begin)
    server.agent.ticks = [map_tick(1)]

    async def look(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
        return [json.loads((await socket.receive()).data) for _ in range(3)]

    scene, status, told = watch(server, look)
    assert [scene["type"], status["type"], told["type"]] == ["scene", "status", "processes"]
    assert scene["regions"] == []
    assert scene["anonymous"] is True
    assert [stream["name"] for stream in status["streams"]] == ["Door", "Yard"]


def test_heads_are_hidden_in_the_last_picture_of_a_camera_that_is_away_too(server: Server) -> None:
    """Whoever watches gets it anew when heads are to be hidden, and whoever comes then gets no other."""
    body = np.array([[100, 50, 300, 450]], np.float32)
    server.agent.results[DOOR] = replace(frame_result(DOOR, 5, size=(640, 480)), bodies=body)
    server.agent.config = server.agent.config.model_copy(update={"anonymous_mode": False})

    async def noise(socket: aiohttp.ClientWebSocketResponse) -> float:
        _, jpeg = await picture_of(socket)
        return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)[60:140, 110:290].std())

    async def look(socket: aiohttp.ClientWebSocketResponse) -> tuple[float, float]:
        before = await noise(socket)
        server.agent.config = server.agent.config.model_copy(update={"anonymous_mode": True})
        return before, await noise(socket)

    before, after = watch(server, look)
    assert before > 40
    assert after < 10
    assert watch(server, noise) < 10
    server.agent.config = server.agent.config.model_copy(update={"anonymous_mode": False})
    assert watch(server, noise) > 40


def test_processes_come_as_they_happen_and_a_new_viewer_gets_the_last_ones(server: Server) -> None:
    begin = {"name": "film", "class_": "media", "repeats": False, "duration": 0, "started_at": 0, "stream_uuid": DOOR}
    server.agent.external.begin(**begin)

    async def look(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
        before = await text_of(socket, "processes")
        server.agent.external.terminate_all(stream_uuid="")
        return [before, await text_of(socket, "processes")]

    before, after = watch(server, look)
    assert [before["reason"], after["reason"]] == ["begin", "end"]
    assert set(before) == {"type", "reason", "stream_uuid", "timestamp", "processes"}
    assert after["processes"][0]["finalized"] is True


def test_a_slow_viewer_skips_pictures_and_holds_up_nobody(server: Server) -> None:
    frames = [frame_result(DOOR, index) for index in range(40)]

    async def run() -> tuple[list[int], list[int]]:
        async with aiohttp.ClientSession() as session:
            address = f"{server.address}/api/v1/live"
            async with (
                session.ws_connect(address, max_msg_size=0) as slow,
                session.ws_connect(address, max_msg_size=0) as quick,
            ):
                slow._response.connection.transport.pause_reading()  # type: ignore[union-attr]
                seen = []
                for frame in frames:
                    server.agent.results[DOOR] = frame
                    header, _ = await asyncio.wait_for(picture_of(quick), 60)
                    seen.append(header["frame_index"])
                slow._response.connection.transport.resume_reading()  # type: ignore[union-attr]
                late = [0]
                while late[-1] != 39:
                    late.append((await asyncio.wait_for(picture_of(slow), 60))[0]["frame_index"])
                return seen, late[1:]

    seen, late = asyncio.run(run())
    assert seen == list(range(40))
    assert late == sorted(set(late))
    assert len(late) < 30


def test_of_each_subject_only_the_newest_waits_and_processes_keep_their_order() -> None:
    async def run() -> list[object]:
        viewer = Viewer()
        for subject, message in ((DOOR, b"d1"), (YARD, b"y1"), (DOOR, b"d2"), ("map", "m")):
            viewer.replace(subject, message)
        viewer.append("p1")
        viewer.append("p2")
        return [await viewer.next() for _ in range(5)]

    assert asyncio.run(run()) == ["p1", "p2", b"d2", b"y1", "m"]


def test_nothing_is_encoded_while_nobody_watches(server: Server) -> None:
    class Counted(dict[str, Any]):
        asked = 0

        def get(self, key: str, default: Any = None) -> Any:
            self.asked += 1
            return super().get(key, default)

    server.agent.results = Counted({DOOR: frame_result(DOOR, 1)})
    time.sleep(0.3)
    assert server.agent.results.asked == 0
    watch(server, picture_of)
    assert server.agent.results.asked > 0


def test_too_many_viewers_are_told_so(server: Server) -> None:
    async def run() -> tuple[int | None, str]:
        async with aiohttp.ClientSession() as session:
            address = f"{server.address}/api/v1/live"
            sockets = [await session.ws_connect(address) for _ in range(VIEWERS_MAX)]
            for socket in sockets:
                await asyncio.wait_for(text_of(socket, "status"), 60)
            refused = await session.ws_connect(address)
            message = await refused.receive()
            for socket in sockets:
                await socket.close()
            again = await session.ws_connect(address)
            assert (await asyncio.wait_for(text_of(again, "status"), 60))["type"] == "status"
            await again.close()
            return refused.close_code, message.extra

    code, reason = asyncio.run(run())
    assert code == 1013
    assert str(VIEWERS_MAX) in reason


def test_pages_of_other_sites_may_not_watch(server: Server) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        watch(server, picture_of, origin="http://elsewhere.example")
    assert refused.value.status == 403
    watch(server, lambda socket: text_of(socket, "status"), origin=server.address)
