"""What a camera does is told as it changes: to the library, by webhook to who asked for it, in the log; nobody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.e2e.strict_receiver import StrictReceiver

from omni import Agent
from omni.process import stream_errors
from omni.testing import FaultCamera
from omni.types import StreamChange

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def config(url: str, receiver: str) -> dict[str, Any]:
    return {
        "streams": [{"stream_uuid": UUID, "name": "gate", "url": url}],
        "pipelines": {"body_detector": {"enabled": False}},
        "webhook_tracking_subscribers": [
            {"url": f"{receiver}/event", "type": "streams"},
            {"url": f"{receiver}/trigger"},
            {"url": f"{receiver}/trigger", "type": "events"},
        ],
    }


def test_a_camera_that_goes_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.backoff.SHORTEST_S", 0.2)
    monkeypatch.setattr("omni.sources.backoff.LONGEST_S", 0.3)
    told: list[StreamChange] = []
    online = threading.Semaphore(0)

    def keep(change: StreamChange) -> None:
        told.append(change)
        if change.state == "online":
            online.release()

    with StrictReceiver() as receiver, FaultCamera(login=("ann", "s3cret")) as camera:
        agent = Agent(config(camera.url(login=("ann", "s3cret")), receiver.address))
        agent.subscribe_streams(lambda _: 1 / 0)  # who fails harms nobody
        off = agent.subscribe_streams(keep)
        with agent:
            assert online.acquire(timeout=20)
            camera.cut()
            assert online.acquire(timeout=20)
            off()
            log = agent.delivery.log.events().events
    states = [change.state for change in told]
    assert states == ["probing", "online", "backoff", "probing", "online"]
    gone = told[2]
    assert (gone.stream_uuid, gone.name, gone.cause) == (UUID, "gate", "lost")
    assert gone.next_try_s is not None
    assert [change.timestamp for change in told] == sorted(change.timestamp for change in told)

    [final] = [e for e in receiver.events if e["state"] == "ended"]
    assert receiver.events[-1] == final
    assert [e["state"] for e in receiver.events] == [*states, "ended"]
    assert [stream_errors(e) for e in receiver.events] == [[]] * 6
    assert len({e["id"] for e in receiver.events}) == 6
    assert receiver.bodies == []  # who did not ask for it hears nothing
    assert {(e["kind"], e["reason"], e["stream_uuid"]) for e in log} == {("streams", "stream", UUID)}
    assert "s3cret" not in str(receiver.events) + str(told)
