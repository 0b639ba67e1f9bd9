"""Faces through the whole agent: who of a clip is recognised, and how soon a subscriber knows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omni.agent import Agent
from omni.config import load_config
from omni.faces.engine import open_face_engine
from omni.receiver import Received, Receiver
from omni.types import ProcessMessage

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

SPEAKER = range(84, 124)
"""Frames of the clip in which a man comes into view and speaks."""

PHOTO = 146
"""A later one, in another pose: his photo in the gallery."""


def webhook(clip: Path) -> dict[str, Any]:
    """A stream that plays at its own pace, through the whole agent to a receiver on this machine."""
    arrived: list[tuple[float, Received]] = []
    receiver = Receiver(lambda received: arrived.append((time.time(), received)))
    with tempfile.TemporaryDirectory() as folder:
        photo = _written(clip, Path(folder) / "frames")
        stream = {"stream_uuid": STREAM, "url": f"{folder}/frames", "pace": "live"}
        config = load_config(
            {
                "state_folder": folder,
                "streams": [stream],
                "pipelines": {"face": {"enabled": True}},
                "webhook_tracking_subscribers": [{"url": receiver.start("127.0.0.1", 0)}],
            }
        )
        engine = open_face_engine(config)
        engine.recognition.gallery.add("speaker", [], engine.enroller().sample(photo)[None], time.time())
        with Agent(config) as agent:  # the stream is dated from here
            agent.wait(60)
        receiver.stop()
    at, match = next((at, received) for at, received in arrived if received.reason == "match")
    records = {record["object"]["class"]: record["time_interval"] for record in match.processes}
    first, matched = (datetime.fromisoformat(text).timestamp() for text in (records["face"][0], records["human"][1]))
    return {
        "what": "webhook of a match, a stream at its own pace",
        "from first sight to the deciding frame, s": round(matched - first, 2),
        "from first sight to the subscriber, s": round(at - first, 2),
    }


def in_video(clip: Path, photos: Iterable[tuple[str, list[Path]]]) -> dict[str, Any]:
    """The whole clip, with the people of these photos in the gallery. The clip has cuts."""
    humans: dict[str, dict[str, Any]] = {}
    unknown: list[str] = []

    def told(message: ProcessMessage) -> None:
        humans.update({record["id"]: record for record in message.processes if record["object"]["class"] == "human"})
        unknown.extend(e["parents"][0]["id"] for e in message.events if e["type"] == "non_identification")

    with tempfile.TemporaryDirectory() as folder:
        stream = {"stream_uuid": STREAM, "url": str(clip), "pace": "fast", "max_fps": 1000}
        agent = Agent({"state_folder": folder, "streams": [stream], "pipelines": {"face": {"enabled": True}}})
        engine = open_face_engine(agent.config)
        gallery, enroller = engine.recognition.gallery, engine.enroller()
        names = {}
        for person, files in photos:
            samples = np.stack([enroller.sample(file.read_bytes()) for file in files])
            names[gallery.add(person, [], samples, time.time()).id] = person
        agent.subscribe(told)
        with agent:
            agent.wait(300)
            stats = agent.stats()["faces"]
    matched = {
        f"{names[human['object']['profile']['id']]} in frames {human['frame_interval']}"
        for human in humans.values()
        if "profile" in human["object"]
    }
    return {
        "what": "the clip through the agent",
        "humans": len(humans),
        "matched": "; ".join(sorted(matched)) or "nobody",
        "unknown": "; ".join(str(humans[id_]["frame_interval"]) for id_ in unknown),
        "embedded": stats["embedded"],
        "ms_per_person_s": stats["ms_per_person_s"],
    }


def _written(clip: Path, folder: Path) -> bytes:
    """The frames as pictures in a folder. Returns the photo."""
    folder.mkdir()
    capture = cv2.VideoCapture(str(clip))
    for i in range(PHOTO + 1):
        picture = capture.read()[1]
        if i in SPEAKER:
            cv2.imwrite(str(folder / f"{i:04d}.bmp"), picture)
    capture.release()
    return cv2.imencode(".png", picture)[1].tobytes()
