"""``events.enable_activities`` is switched while processes are open: nobody waits for an end that never comes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.unit.delivery.conftest import Inbox, eventually, message, record

from omni import Agent
from omni.agent.activities import Activities
from omni.types import ProcessMessage

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    yield box
    box.receiver.stop()


def test_what_receivers_know_to_be_open_gets_its_end_and_nothing_else_is_sent(tmp_path: Path, inbox: Inbox) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(30):
        cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((48, 64, 3), i, np.uint8))
    document: dict[str, Any] = {
        "streams": [{"stream_uuid": STREAM, "url": str(folder), "loop": True}],
        "pipelines": {"body_detector": {"enabled": False}},
        "ongoings_interval_in_msec": 100,
        "webhook_tracking_subscribers": [{"url": inbox.address}],
    }
    silent = copy.deepcopy(document) | {"events": {"enable_activities": False}}
    media = {"class_": "media", "stream_uuid": STREAM}
    with Agent(document) as agent:
        for name in ("film", "advert"):
            agent.external.begin(name=name, repeats=False, duration=0, started_at=0, **media)
        agent.reconfigure(silent)
        agent.external.begin(name="unheard", repeats=False, duration=0, started_at=0, **media)
        for name in ("unheard", "film"):
            agent.external.end(name=name, stopped_at=0, **media)
        eventually(lambda: [m for m in inbox.messages if m.reason == "end"])
        agent.external.begin(name="late", repeats=False, duration=0, started_at=0, **media)
        quiet_since = len(inbox.messages)
        seen = agent.streams()[0].frames
        eventually(lambda: agent.streams()[0].frames >= seen + 3)  # 0.2 s, in which there would be a periodic one
        assert len(inbox.messages) == quiet_since
        agent.reconfigure(document)
        eventually(lambda: {p["name"] for p in inbox.messages[-1].processes} == {"advert", "late"})  # a periodic one
    told = [
        (p["name"], p["omni"].get("end_reason")) for m in inbox.messages if m.reason != "ongoing" for p in m.processes
    ]
    assert told == [
        ("film", None), ("advert", None), ("film", "ended"), ("advert", "agent_stopped"), ("late", "agent_stopped")
    ]  # fmt: skip


def test_an_end_that_is_waited_for_has_its_picture_and_no_company() -> None:
    activities, shot = Activities(), np.zeros((2, 2, 3), np.uint8)
    begun = message("begin", 1)
    assert activities.told(begun, enabled=True) is begun
    both = (record(1, finalized=True), record(2, finalized=True))
    ended = ProcessMessage("end", STREAM, 1000.0, both, {process["id"]: shot for process in both}, ({"id": "event"},))
    told = activities.told(ended, enabled=False)
    assert (told.processes, list(told.best_shots), told.events) == (both[:1], [both[0]["id"]], ended.events)
    assert activities.told(ended, enabled=False).processes == ()
