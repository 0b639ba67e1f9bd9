"""A camera that vanishes in the middle: a real stream over HTTP, served and then cut off."""

from __future__ import annotations

import http.server
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omni import Agent
from omni.process import schema_errors
from omni.types import ProcessMessage

AT_ONCE_BYTES, A_TENTH_OF_A_SECOND_BYTES, TENTHS = 300_000, 10_000, 40


class Camera(http.server.BaseHTTPRequestHandler):
    """Gives the clip's bytes at its own pace for four seconds, to who asks and to who watches; then it is away."""

    clip: Path
    connections: itertools.count[int]

    def do_GET(self) -> None:
        if next(self.connections) > 1:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("content-type", "video/x-msvideo")
        self.end_headers()
        with self.clip.open("rb") as file:
            self.wfile.write(file.read(AT_ONCE_BYTES))
            for _ in range(TENTHS):
                threading.Event().wait(0.1)
                self.wfile.write(file.read(A_TENTH_OF_A_SECOND_BYTES))

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def camera(street_clip: Path) -> Iterator[str]:
    handler = type("ThisCamera", (Camera,), {"clip": street_clip, "connections": itertools.count()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_who_was_in_view_of_a_camera_that_vanished_is_told_of_at_once(camera: str, person_model: str) -> None:
    assert person_model
    told: list[ProcessMessage] = []
    down = threading.Event()
    agent = Agent({"streams": [{"name": "gate", "url": camera}]})

    def keep(message: ProcessMessage) -> None:
        told.append(message)
        if message.reason == "end" and message.processes[0]["omni"]["end_reason"] == "camera_down":
            down.set()

    agent.subscribe(keep)
    with agent:
        assert down.wait(30)
        [status] = agent.streams()
        assert status.state in ("backoff", "probing")
        assert status.state == "probing" or (status.next_try_s is not None and status.next_try_s <= 60)
        assert agent.problems()
    begun = {m.processes[0]["id"] for m in told if m.reason == "begin"}
    ended = [m.processes[0]["id"] for m in told if m.reason == "end"]
    assert begun
    assert sorted(ended) == sorted(begun)
    for message in told:
        assert schema_errors({"processes": list(message.processes)}) == []
