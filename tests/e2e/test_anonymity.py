"""With ``anonymous_mode`` on, as it is by default, nobody who looks for a face finds one in anything that leaves."""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from tests.conftest import data_file

from omni import Agent
from omni.service.live.picture import WIDTHS, picture_messages

PEOPLE = ("test/obama1.jpg", "test/kit_with_rose.jpg", "train/obama/obama.jpg", "train/rose_leslie/img1.jpg")
A_FACE = 0.5
"""CenterFace is as sure as this of a face; of those in the pictures it is at 0.8 and more."""


class Sink(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def sink() -> Iterator[tuple[str, list[bytes]]]:
    handler = type("Handler", (Sink,), {"bodies": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/trigger", handler.bodies
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def surest_face() -> object:
    from omni.detect.models import locate
    from omni.errors import ModelError

    try:
        session = onnxruntime.InferenceSession(str(locate("centerface")), providers=["CPUExecutionProvider"])
    except ModelError as error:
        pytest.skip(str(error))

    def surest(image: np.ndarray) -> float:
        scale = 640 / max(image.shape)
        height, width = (max(round(side * scale / 32), 1) * 32 for side in image.shape[:2])
        pixels = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)[..., ::-1].transpose(2, 0, 1)[None]
        return float(session.run(["heatmap"], {"image": np.ascontiguousarray(pixels, np.float32)})[0].max())

    return surest


def jpegs(content: bytes) -> list[np.ndarray]:
    """Every JPEG in it, as it is or in base64."""
    found = [content[m.start() :] for m in re.finditer(rb"\xff\xd8\xff", content)]
    found += [base64.b64decode(text + b"=" * (-len(text) % 4)) for text in re.findall(rb"/9j/[A-Za-z0-9+/]+", content)]
    return [image for data in found if (image := cv2.imdecode(np.frombuffer(data, np.uint8), 1)) is not None]


@pytest.mark.parametrize("anonymous", [True, False])
def test_no_face_leaves(
    anonymous: bool,
    tmp_path: Path,
    sink: tuple[str, list[bytes]],
    surest_face: object,
    person_model: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, bodies = sink
    streams = []
    for i, name in enumerate(PEOPLE):
        folder = tmp_path / str(i)
        folder.mkdir()
        photo = cv2.imread(str(data_file(f"faces-face-recognition/{name}")))
        for n in range(4):
            cv2.imwrite(str(folder / f"{n}.png"), photo)
        streams.append({"url": str(folder), "pace": "fast"})
    config = {
        "streams": streams,
        "detector": {"model": person_model},
        "enable_webhook_image2jpg_conversion": True,
        "best_shot": {"whole_frame": True},
        "webhook_tracking_subscribers": [{"url": address}],
        **({} if anonymous else {"anonymous_mode": False}),
    }
    with caplog.at_level(logging.DEBUG), Agent(config) as agent:
        assert agent.wait(60)
        shown = [agent.latest(status.stream_uuid) for status in agent.streams()]
    anonymity = agent.config.anonymous_mode
    pages = [picture_messages(r, WIDTHS[-1:], anonymous=anonymity)[WIDTHS[-1]] for r in shown if r]
    log = "\n".join(record.getMessage() for record in caplog.records).encode()
    pictures = [image for content in (*bodies, *pages) for image in jpegs(content)]
    assert len(pictures) >= 4 * len(PEOPLE)  # crop and frame, at begin and at end, and the page
    assert jpegs(log) == []
    faces = [surest_face(image) for image in pictures]  # type: ignore[operator]
    assert (max(faces) < A_FACE) if anonymous else (sorted(faces)[len(faces) // 2] > 0.8)
