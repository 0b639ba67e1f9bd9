"""The same person in front of two cameras of one agent: two humans, one profile, and on the map one object."""

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

A = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
B = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
CLIP = "clips-dev/preview_face-demographics-walking-and-pause.mp4"
FLOOR = [
    {"image": (u, v), "map": ((u - 0.5) * 1.6 / (0.5625 * (v - 0.4)), 1.6 / (0.5625 * (v - 0.4)))}
    for u, v in ((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0))
]
"""As a camera 1.6 m above the floor sees it, in metres; its horizon is at 0.4 of the picture's height."""

KNOWN = slice(150, 310)
"""Columns of the latest picture in which the one in the middle stands, of three."""


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


def enrol(agent: Agent, clip: Path) -> str:
    """The profile of the one in the middle, of the latest picture of the clip."""
    capture = cv2.VideoCapture(str(clip))
    picture = None
    while (read := capture.read())[0]:
        picture = read[1]
    assert picture is not None
    photo = cv2.imencode(".png", picture[:, KNOWN])[1].tobytes()
    engine = open_face_engine(agent.config)
    return engine.recognition.gallery.add("Middle", [], engine.enroller().sample(photo)[None], time.time()).id


def test_both_cameras_tell_the_same_profile_and_the_map_has_one_person(
    agent: Agent, measured: Callable[[str], Path]
) -> None:
    profile = enrol(agent, measured(CLIP))
    records: dict[str, dict[str, Any]] = {}
    identified: list[dict[str, Any]] = []
    agent.subscribe(lambda message: records.update({record["id"]: record for record in message.processes}))
    agent.subscribe(lambda message: identified.extend(e for e in message.events if e["type"] == "identification"))
    with agent:
        assert agent.wait(100)
        [tick] = agent.map_ticks()

    humans = [r for r in records.values() if r["object"]["class"] == "human"]
    known = {h["source"]: h for h in humans if "profile" in h["object"]}
    assert {h["object"]["profile"]["id"] for h in known.values()} == {profile}
    assert len(known) == 2
    assert known.keys() == {A, B}
    assert len({h["id"] for h in known.values()}) == 2
    assert [e["profiles"][0]["id"] for e in identified] == [profile] * 2
    assert {e["parents"][0]["id"] for e in identified} == {h["id"] for h in known.values()}
    by_camera = [
        [(h["frame_interval"], h["object"].get("profile")) for h in humans if h["source"] == stream]
        for stream in (A, B)
    ]
    assert by_camera[0] == by_camera[1]  # however their crops were put together
    people = {stream: h["object"]["id"] for stream, h in known.items()}
    last = [obj for obj in tick.document["objects"] if people[A] in _people_of(obj)]
    assert [_people_of(obj) for obj in last] == [set(people.values())]


def _people_of(map_object: dict[str, Any]) -> set[str]:
    return {source["object_id"] for source in map_object["source_objects"].values()}
