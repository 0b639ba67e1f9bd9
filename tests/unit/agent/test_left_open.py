"""What a killed agent left open: the next one tells of its end, also to those who are told of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np
from tests.unit.agent.scene import STREAM, Scene, standing
from tests.unit.agent.test_stream_change import region
from tests.unit.delivery.conftest import Inbox, eventually

from omni import Agent
from omni.process import event_errors
from omni.types import Run


def test_who_was_in_a_region_when_the_agent_was_killed_is_told_to_be_out_of_it(tmp_path: Path) -> None:
    inbox = Inbox()
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((48, 64, 3), np.uint8))
    document: dict[str, Any] = {
        "streams": [{"stream_uuid": STREAM, "url": str(tmp_path)}],
        "pipelines": {"body_detector": {"enabled": False}},
        "delivery": {"directory": str(tmp_path / "outbox")},
        "webhook_tracking_subscribers": [{"url": inbox.address, "type": "events"}],
    }
    told = Scene(lambda _: [standing(160, 200)], 30, regions=[region(1)]).play()
    with Agent(document, run=Run(UUID(int=1), 1000.0)) as killed:
        for message in told:
            if message.reason != "end":
                killed._publish(message)
    with Agent(document, run=Run(UUID(int=2), 2000.0)):
        eventually(lambda: len(inbox.messages) == 2)
    came, went = (message.event for message in inbox.messages)
    inbox.receiver.stop()
    assert came is not None
    assert went is not None
    assert event_errors(went) == []
    assert (came["state"], went["state"], went["parents"], went["roi"]) == ("in", "out", came["parents"], came["roi"])
    open_last = next(m for m in reversed(told) if m.reason == "ongoing").processes[-1]
    assert went["timestamp"] == open_last["time_interval"][1]
    assert went["id"] != came["id"]
