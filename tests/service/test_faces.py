"""The gallery over HTTP, with the real networks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
from tests.service.fakes import Server
from tests.unit.delivery.conftest import eventually

from omni.config import load_config
from omni.errors import ModelError
from omni.faces.engine import open_face_engine
from omni.faces.gallery import Gallery
from omni.service.context import PHOTOS_AT_ONCE

FACES = "/api/v1/faces"
GROUP = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"


@pytest.fixture
def gallery(server: Server) -> Server:
    try:
        server.agent.faces = open_face_engine(load_config({}))
    except ModelError as error:
        pytest.skip(str(error))
    return server


@pytest.fixture
def photos(measured: Callable[[str], Path]) -> Path:
    return measured("faces-face-recognition")


def send(server: Server, path: str, photo: Path) -> Any:
    return server.call(path, "POST", data=photo.read_bytes(), headers={"content-type": "image/jpeg"})


def test_people_are_added_matched_and_removed(gallery: Server, photos: Path) -> None:
    train = photos / "train" / "biden"
    added = send(gallery, f"{FACES}?name=Joe%20B.&groups={GROUP}", train / "biden.jpg").document
    assert (added["name"], added["groups"], added["samples"]) == ("Joe B.", [GROUP], 1)
    assert send(gallery, f"{FACES}/{added['id']}/samples", train / "biden2.jpg").document["samples"] == 2
    assert gallery.call(FACES).document["profiles"] == [{**added, "samples": 2}]
    answer = send(gallery, f"{FACES}/match", photos / "test" / "obama_and_biden.jpg")
    faces = answer.document["faces"]
    assert [[profile["id"] for profile in face["profiles"]] for face in faces] == [[added["id"]], [], []]
    assert set(faces[0]["profiles"][0]) == {"id", "groups", "score", "distance", "far", "frr"}
    assert len(answer.body) < 1000
    assert gallery.call(f"{FACES}/{added['id']}", "DELETE").document == {}
    assert gallery.call(FACES).document == {"profiles": []}


def test_what_another_process_changes_counts_at_once_where_no_camera_looks(server: Server, tmp_path: Path) -> None:
    """As ``omni faces`` does beside a running service."""
    try:
        server.agent.faces = engine = open_face_engine(load_config({"state_folder": str(tmp_path)}))
    except ModelError as error:
        pytest.skip(str(error))
    elsewhere = Gallery(tmp_path, engine.embedder.identity, engine.embedder.dimension)
    ann = elsewhere.add("Ann", [], np.eye(1, engine.embedder.dimension, dtype=np.float32), time.time())
    assert [profile["id"] for profile in server.call(FACES).document["profiles"]] == [ann.id]
    elsewhere.remove(ann.id)
    assert server.call(f"{FACES}/{ann.id}", "DELETE").status == 404
    assert server.call(FACES).document == {"profiles": []}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", f"{FACES}?name=Ann", (422, "photo-refused")),
        ("POST", FACES, (400, "missing-field")),
        ("POST", f"{FACES}?name=Ann&groups=x", (400, "invalid-field")),
        ("POST", f"{FACES}?name=Ann&age=3", (400, "unknown-field")),
        ("POST", f"{FACES}/match", (422, "photo-refused")),
        ("POST", f"{FACES}/{GROUP}/samples", (404, "unknown-profile")),
        ("DELETE", f"{FACES}/{GROUP}", (404, "unknown-profile")),
    ],
)
def test_what_is_wrong_is_told(gallery: Server, method: str, path: str, expected: tuple[int, str]) -> None:
    answer = gallery.call(path, method, data=b"no picture")
    assert (answer.status, answer.document["type"].rpartition(":")[2]) == expected


def test_of_many_photos_at_once_two_are_read(server: Server) -> None:
    asked, go, reading, most = Counter(), threading.Event(), Counter(), Counter()

    class Turns(asyncio.Semaphore):
        async def acquire(self) -> Literal[True]:
            asked["all"] += 1
            return await super().acquire()

    def faces(_: bytes) -> list[Any]:
        reading["now"] += 1
        most["now"] = max(most["now"], reading["now"])
        assert go.wait(60)
        reading["now"] -= 1
        return []

    engine = SimpleNamespace(
        recognition=SimpleNamespace(gallery=Gallery(None)), enroller=lambda: SimpleNamespace(faces=faces)
    )
    server.agent.faces = engine  # type: ignore[assignment]
    server.app.ctx.photos = Turns(PHOTOS_AT_ONCE)
    with ThreadPoolExecutor(6) as callers:
        calls = [callers.submit(server.call, f"{FACES}/match", "POST", data=b"photo") for _ in range(6)]
        eventually(lambda: asked["all"] == 6 and reading["now"] == PHOTOS_AT_ONCE)
        go.set()
        assert [call.result().document for call in calls] == [{"faces": []}] * 6
    assert most["now"] == PHOTOS_AT_ONCE, "each takes half a gigabyte, and a thread for seconds"


def test_with_faces_off_every_call_says_so(server: Server) -> None:
    for method, path in (("GET", FACES), ("POST", f"{FACES}/match"), ("DELETE", f"{FACES}/{GROUP}")):
        answer = server.call(path, method)
        assert (answer.status, answer.document["type"]) == (409, "urn:omni:problem:faces-off")


def test_a_photo_that_would_unpack_to_gigabytes_is_refused_by_its_header() -> None:
    """In a process of its own: OpenCV asks once, when it loads."""
    told = """
from omni.cli.serve import bound_pictures
bound_pictures()
from omni.errors import PhotoError
from omni.faces.enrol import _decoded
import cv2, numpy as np
small = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
assert _decoded(small).shape == (4, 4, 3)
large = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + small[24:29]
import zlib
photo = small[:12] + large + zlib.crc32(large).to_bytes(4, "big") + small[33:]
try:
    _decoded(photo)
except PhotoError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert said.stdout == "it is no picture that can be read, or has too many pixels\n"
