"""A camera over HTTP, served by a real server on loopback."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from omni.config import StreamConfig
from omni.sources import open_source
from omni.types import Frame

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[str]:
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), i * 10, np.uint8))
    writer.release()
    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v.avi"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_newest_frame_wins_and_a_connection_that_ends_is_made_again(
    camera: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.sources.live.BACKOFF_S", (0.05,))
    stop, found = threading.Event(), list[Frame]()
    stream = StreamConfig.model_validate({"stream_uuid": UUID, "url": camera})
    source = open_source(stream, 0.0, stop)
    guard = threading.Timer(20, stop.set)
    guard.start()
    for frame in source:
        if frame is None:
            continue
        found.append(frame)
        if frame.segment >= 2:
            stop.set()
    guard.cancel()
    assert [f.index for f in found] == list(range(len(found)))
    stamps = [f.timestamp for f in found]
    assert stamps == sorted(set(stamps))
    assert found[-1].segment == 2
    assert source.image_size == (64, 48)
    assert source.down == "" or "next try" in source.down
