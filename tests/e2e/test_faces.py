"""Real faces in real video, from a photo in the gallery to the webhook."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from omni.agent import Agent
from omni.detect.models import status
from omni.faces.engine import open_face_engine
from omni.faces.evidence import EMBED_S
from omni.process import event_errors, schema_errors
from omni.receiver import Received, Receiver

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SECOND = 1.0
"""Of the recording, from the face first being seen to what the webhook tells, at most."""


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_man_of_one_photo_is_told_of_by_webhook_within_a_second(
    speaker: tuple[Path, Path], person_model: str, tmp_path: Path
) -> None:
    del person_model
    if any(status(name).state != "ready" for name in ("centerface", "dlib-128")):
        pytest.skip("face models are not on this machine (omni models pull centerface dlib-128)")
    frames, photo = speaker
    received: list[Received] = []
    receiver = Receiver(received.append)
    address = receiver.start("127.0.0.1", 0)
    document = {
        "streams": [{"stream_uuid": STREAM, "url": str(frames), "pace": "fast", "max_fps": 1000}],
        "pipelines": {"face": {"enabled": True}},
        "enable_webhook_image2jpg_conversion": True,
        "webhook_tracking_subscribers": [{"url": address}, {"url": address, "type": "events"}],
    }
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    agent = Agent(tmp_path)
    engine = open_face_engine(agent.config)
    sample = engine.enroller().sample(photo.read_bytes())
    known = engine.recognition.gallery.add("Speaker", [], sample[None], time.time())
    told = []
    agent.subscribe(told.append)
    with agent:
        assert agent.wait(100)
    receiver.stop()

    match = next(m for m in told if m.reason == "match")
    assert match.processes[0]["object"]["profile"]["id"] == known.id
    assert [e["profiles"][0]["id"] for m in told for e in m.events] == [known.id]
    assert agent.stats()["faces"]["identified"] == 1

    posted = [r for r in received if r.reason == "match"]
    assert {tuple(r.wrong) for r in received} == {()}
    human, face = (
        next(p for p in posted[0].processes if p["object"]["class"] == class_) for class_ in ("human", "face")
    )
    assert moment(human["time_interval"][1]) - moment(face["time_interval"][0]) <= SECOND
    before = [p for r in received[: received.index(posted[0])] for p in r.processes]
    assert max(moment(p["time_interval"][1]) for p in before) <= moment(human["time_interval"][1])  # it did not wait
    assert not any("profile" in p["object"] for p in before)
    stats = agent.stats()["faces"]
    assert stats["embedded"] <= 1 + stats["person_s"] / EMBED_S
    assert stats["ms_per_person_s"] == pytest.approx(
        1000 * (stats["embed_s"] + stats["attributes_s"]) / stats["person_s"], rel=0.02
    )
    assert [p["object"]["profile"]["id"] for r in posted for p in r.processes if "profile" in p["object"]] == [known.id]
    assert [r.event["profiles"][0]["id"] for r in posted if r.event] == [known.id]
    for message in told:
        assert schema_errors({"processes": list(message.processes)}) == []
        assert [event_errors(event) for event in message.events] == [[]] * len(message.events)

    everything = json.dumps([[r.processes, r.event] for r in received]) + repr(agent.stats()) + repr(agent.problems())
    assert "Speaker" not in everything
    assert np.array2string(sample[:2]) not in everything
    assert all("best_shot" not in p for r in received for p in r.processes if p["object"]["class"] == "face")
