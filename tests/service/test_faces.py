"""The gallery over HTTP, with the real networks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.service.fakes import Server

from omni.config import load_config
from omni.errors import ModelError
from omni.faces.engine import open_face_engine
from omni.faces.gallery import Gallery

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


def test_with_faces_off_every_call_says_so(server: Server) -> None:
    for method, path in (("GET", FACES), ("POST", f"{FACES}/match"), ("DELETE", f"{FACES}/{GROUP}")):
        answer = server.call(path, method)
        assert (answer.status, answer.document["type"]) == (409, "urn:omni:problem:faces-off")
