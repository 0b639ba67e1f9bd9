"""An integrator's receiver, written from the documentation alone, agrees with the agent about the street."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.e2e.strict_receiver import StrictReceiver
from tests.unit.agent.scene import Scene, standing

from omni import Agent
from omni.process import event_errors, schema_errors
from omni.types import ProcessMessage

FRAMES = 260
STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


DOOR = {
    "name": "door",
    "uuid": "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59",
    "points": [{"x": x, "y": y} for x, y in ((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0))],
    "trigger_settings": {"is_roi": True, "direction": {"x": 1, "y": 0}},
}


def corners(*points: tuple[float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points]


REGIONS = {
    "regions": [
        {"name": "crossroads", "points": corners((0.3, 0.3), (0.7, 0.3), (0.7, 0.8), (0.3, 0.8))},
        {
            "name": "kerb \u8857\u9053",
            "points": corners((0.1, 0.5), (0.9, 0.5), (0.9, 0.56), (0.1, 0.56)),
            "trigger_settings": {"is_roi": True, "direction": {"x": 0.0, "y": 1.0}},
        },
    ]
}


def test_the_receiver_imports_nothing_of_ours() -> None:
    tree = ast.parse((Path(__file__).parent / "strict_receiver.py").read_text())
    modules = {
        n.module if isinstance(n, ast.ImportFrom) else a.name
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
        for a in n.names
    }
    assert not any(str(module).startswith(("omni", "tests")) for module in modules)


def test_the_receiver_knows_what_the_agent_knows(
    first_pictures: Callable[[int], Path], person_model: str, tmp_path: Path
) -> None:
    told: dict[str, dict[str, Any]] = {}
    began = threading.Event()

    def keep(message: ProcessMessage) -> None:
        told.update({process["id"]: process for process in message.processes})
        if not began.is_set() and agent.latest(STREAM) is not None and agent.latest(STREAM).frame.index >= 100:  # type: ignore[union-attr]
            began.set()
            agent.external.begin(
                name="film \u00e9t\u00e9", class_="media", repeats=True, duration=4000, started_at=0, stream_uuid=STREAM
            )

    with StrictReceiver() as receiver:
        agent = Agent(
            {
                "streams": [
                    {"stream_uuid": STREAM, "name": "street", "url": str(first_pictures(FRAMES)), "pace": "fast"}
                ],
                "detector": {"model": person_model},
                "ongoings_interval_in_msec": 1000,
                "mutlistream_ROI": REGIONS,
                "state_folder": str(tmp_path / "state"),
                "webhook_tracking_subscribers": [
                    {"url": receiver.address + "/trigger"},
                    {"url": receiver.address + "/event", "type": "events"},
                ],
            }
        )
        agent.subscribe(keep)
        with agent:
            assert agent.wait(100)
            [lines] = [agent.lines()]
        latest = agent.latest(STREAM)

    assert receiver.complaints == []
    assert [e for body in receiver.bodies for e in schema_errors(body)] == []
    assert [e for event in receiver.events for e in event_errors(event)] == []

    assert receiver.records == told
    assert receiver.still_open() == []
    assert len(receiver.humans()) == agent.stats()["tracks"] >= 5
    assert latest is not None
    at_the_end = {h["object"]["id"] for h in receiver.humans() if h["omni"]["end_reason"] == "end_of_file"}
    assert set(latest.object_uuid) <= at_the_end

    counted = {(line["name"], way): line[way] for line in lines for way in ("forward", "reverse") if line[way]}
    assert receiver.crossings() == counted
    assert sum(counted.values()) >= 2
    crossed = [e for e in receiver.events if e["type"] == "crossing"]
    assert sorted(e["direction"] for e in crossed) == sorted(r["direction"] for r in receiver.actions("line_crossing"))
    ways = [(e["roi"]["name"], e["state"]) for e in receiver.events if e["type"] == "roi"]
    stays = receiver.actions("roi_presence")
    assert sorted(ways) == sorted((r["roi"]["name"], state) for r in stays for state in ("in", "out"))

    humans = {h["id"]: h for h in receiver.humans()}
    for action in (*stays, *receiver.actions("line_crossing")):
        human = humans[action["parent"]]
        assert human["time_interval"][0] <= action["time_interval"][0]
        assert action["time_interval"][1] <= human["time_interval"][1]
    stay = max(stays, key=lambda r: r["omni"]["dwell_s"])
    assert stay["parent"] in receiver.in_region_at(stay["roi"]["name"], stay["time_interval"][1])
    watched = receiver.watched("film \u00e9t\u00e9")
    assert at_the_end <= {humans[i]["object"]["id"] for i in watched}
    assert len(watched) < len(humans)


@pytest.mark.parametrize("activities", [True, False])
def test_without_activities_only_events_are_sent(activities: bool, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"{i}.png"), np.zeros((48, 64, 3), np.uint8))
    with StrictReceiver() as receiver:
        agent = Agent(
            {
                "streams": [{"stream_uuid": STREAM, "url": str(folder), "pace": "fast"}],
                "pipelines": {"body_detector": {"enabled": False}},
                "events": {"enable_activities": activities},
                "webhook_tracking_subscribers": [
                    {"url": receiver.address + "/trigger"},
                    {"url": receiver.address + "/event", "type": "events"},
                ],
            }
        )
        told = Scene(lambda i: [standing(40 + 4 * i, 200)] if i < 60 else [], 110, regions=[DOOR]).play()
        with agent:
            for message in told:
                agent._publish(message)
    sent = sum(message.reason != "ongoing" for message in told)
    assert len(receiver.bodies) >= sent if activities else receiver.bodies == []
    assert [event["type"] for event in receiver.events] == ["roi", "roi", "crossing"]
