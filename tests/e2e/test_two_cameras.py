"""The same people in front of two cameras of one agent: each two humans, one profile, and on the map one object."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from omni import Agent
from omni.detect.models import status
from omni.faces.engine import open_face_engine
from omni.types import ProcessMessage

A = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
B = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
CLIP = "clips-dev/preview_face-demographics-walking-and-pause.mp4"
FLOOR = [
    {"image": (u, v), "map": ((u - 0.5) * 1.6 / (0.5625 * (v - 0.4)), 1.6 / (0.5625 * (v - 0.4)))}
    for u, v in ((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0))
]
"""As a camera 1.6 m above the floor sees it, in metres; its horizon is at 0.4 of the picture's height."""

STANDS = {"Left": slice(0, 160), "Middle": slice(150, 310), "Right": slice(300, 480)}
"""Columns of the latest picture in which each of the three stands."""


@pytest.fixture
def agent(measured: Callable[[str], Path], person_model: str, tmp_path: Path) -> Agent:
    """Three people come nearer, before two cameras that look at the same floor."""
    del person_model
    if any(status(name).state != "ready" for name in ("centerface", "dlib-128")):
        pytest.skip("face models are not on this machine (omni models pull centerface dlib-128)")
    clip = str(measured(CLIP))
    return Agent(
        {
            "state_folder": str(tmp_path),
            "streams": [{"stream_uuid": uuid, "url": clip, "pace": "fast", "max_fps": 1000} for uuid in (A, B)],
            "pipelines": {"face": {"enabled": True}},
            "map_tracking": {
                "enabled": True,
                "views": [{"metres_per_unit": 1.0, "cameras": [{"stream_uuid": u, "points": FLOOR} for u in (A, B)]}],
            },
        }
    )


def enrol(agent: Agent, clip: Path) -> dict[str, str]:
    """The profiles of the three, of the latest picture of the clip: UUID and name."""
    capture = cv2.VideoCapture(str(clip))
    picture = None
    while (read := capture.read())[0]:
        picture = read[1]
    assert picture is not None
    engine = open_face_engine(agent.config)
    gallery, enroller = engine.recognition.gallery, engine.enroller()
    names = {}
    for name, columns in STANDS.items():
        photo = cv2.imencode(".png", picture[:, columns])[1].tobytes()
        names[gallery.add(name, [], enroller.sample(photo)[None], time.time()).id] = name
    return names


def test_both_cameras_tell_the_same_profiles_and_the_map_has_each_person_once(
    agent: Agent, measured: Callable[[str], Path]
) -> None:
    names = enrol(agent, measured(CLIP))
    records: dict[str, dict[str, Any]] = {}
    events: list[dict[str, Any]] = []

    def told(message: ProcessMessage) -> None:
        records.update({record["id"]: record for record in message.processes})
        events.extend(message.events)

    agent.subscribe(told)
    with agent:
        assert agent.wait(100)
        [tick] = agent.map_ticks()

    humans = [r for r in records.values() if r["object"]["class"] == "human"]
    known = {h["id"]: names[h["object"]["profile"]["id"]] for h in humans if "profile" in h["object"]}
    for camera in (A, B):
        here = sorted((h for h in humans if h["source"] == camera), key=lambda h: float(h["omni"]["bbox"][0]))
        assert [known.get(h["id"]) for h in here] == ["Left", "Middle", "Right"]
    assert [e["type"] for e in events] == ["identification"] * 6
    assert {e["parents"][0]["id"]: names[e["profiles"][0]["id"]] for e in events} == known
    one, other = (  # the same to the last digit, however their faces were put together on the way
        sorted((h["frame_interval"], h["object"]["profile"]["distance"]) for h in humans if h["source"] == camera)
        for camera in (A, B)
    )
    assert one == other
    person = {h["object"]["id"]: known[h["id"]] for h in humans}
    on_map = [sorted(person[i] for i in _people_of(map_object)) for map_object in tick.document["objects"]]
    assert sorted(on_map) == [["Left"] * 2, ["Middle"] * 2, ["Right"] * 2]


def _people_of(map_object: dict[str, Any]) -> set[str]:
    return {source["object_id"] for source in map_object["source_objects"].values()}
