"""The receiver that comes along: all types of bodies, and a line of each for people."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.agent.scene import Scene, standing

from omni.process import stream_event
from omni.receiver import Received, Receiver, describe
from omni.types import StreamChange

DOOR = {
    "name": "door",
    "uuid": "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59",
    "points": [{"x": x, "y": y} for x, y in ((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0))],
    "trigger_settings": {"is_roi": True, "direction": {"x": 1, "y": 0}},
}


def post(address: str, document: Any, reason: str) -> int:
    request = urllib.request.Request(address, json.dumps(document).encode(), {"omni-reason": reason})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_processes_and_events_are_taken_and_told_in_one_line_each() -> None:
    told = Scene(lambda i: [standing(40 + 4 * i, 200)] if i < 60 else [], 110, regions=[DOOR]).play()
    received: list[Received] = []
    receiver = Receiver(received.append)
    address = receiver.start("127.0.0.1", 0)
    try:
        for message in told:
            assert post(address, {"processes": list(message.processes)}, message.reason) == 200
            for event in message.events:
                assert post(address, event, message.reason) == 200
        away = StreamChange(DOOR["uuid"], "gate", 1e9, "backoff", "lost", "the connection ended", 2.0)
        assert post(address, stream_event(DOOR["uuid"], away), "stream") == 200
        assert post(address, {"type": "roi"}, "roi") == 400
        assert post(address, {"processes": [{}]}, "begin") == 400
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            urllib.request.urlopen(urllib.request.Request(address, b"[" * 100_000))
        refused.value.close()
    finally:
        receiver.stop()
    assert receiver.wrong == 3
    lines = [describe(r) for r in received]
    assert any("roi" in line and "human #3 door" in line for line in lines)
    assert any("human #4 door forward" in line for line in lines)
    assert any(line.endswith("event    crossing door forward") for line in lines)
    assert any(line.endswith("event    roi door in") for line in lines)
    assert any(line.endswith("stream   gate backoff (the connection ended)") for line in lines)
    assert lines[-2].startswith("begin    REFUSED")
    named = replace(received[0], event={**stream_event(DOOR["uuid"], away), "state": "\x1b[2J\nok"}, processes=[])
    assert describe(named).endswith(r"gate \x1b[2J\nok (the connection ended)"), "on the terminal of who listens"
    assert lines[-1].startswith("unknown  REFUSED  the body is not JSON")
