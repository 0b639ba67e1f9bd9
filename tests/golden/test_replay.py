"""The same clip gives the same bytes twice, whatever the threads did."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from omni import Agent
from omni.demo.scene import demo_config
from omni.process import schema_errors
from omni.types import Run

FRAMES = 60
CORNERS = [{"x": x, "y": y} for x, y in ((0.4, 0.2), (0.5, 0.2), (0.5, 1.0), (0.4, 1.0))]
REGIONS = [
    {
        "name": "lamp post",
        "uuid": "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59",
        "points": CORNERS,
        "trigger_settings": {"is_roi": True, "direction": {"x": 1.0, "y": 0.0}},
    }
]


def replay(clip: Path) -> tuple[dict[str, list[bytes]], list[bytes], dict[str, Any]]:
    config = demo_config(clip, clip / "plan.png", loop=False, receiver="http://127.0.0.1:9/", host="127.0.0.1", port=0)
    config["webhook_tracking_subscribers"] = []
    config["map_tracking"]["views"][0]["image"] = None
    config["ongoings_interval_in_msec"] = 1000
    config["mutlistream_ROI"] = {"regions": REGIONS}
    for stream in config["streams"]:
        stream["pace"] = "fast"
    told: dict[str, list[bytes]] = defaultdict(list)
    lock = threading.Lock()

    def keep(message: Any) -> None:
        assert schema_errors({"processes": list(message.processes)}) == []
        pictures = {name: image.tobytes().hex()[:64] for name, image in message.best_shots.items()}
        with lock:
            told[message.stream_uuid].append(
                orjson.dumps([message.reason, message.processes, message.events, pictures])
            )

    agent = Agent(config, run=Run(UUID(int=7), 1_700_000_000.0))
    agent.subscribe(keep)
    with agent:
        assert agent.wait(100)
    return dict(told), [orjson.dumps(tick.document) for tick in agent.map_ticks()], agent.stats()


def test_a_replay_gives_the_same_bytes(first_pictures: Callable[[int], Path], person_model: str) -> None:
    assert person_model
    pictures = first_pictures(FRAMES)
    first, second = replay(pictures), replay(pictures)
    assert first[0] == second[0]
    assert first[1] == second[1]
    assert first[2]["frames"] == 2 * FRAMES
    assert len(first[0]) == 2
    reasons = {orjson.loads(message)[0] for messages in first[0].values() for message in messages}
    assert reasons == {"begin", "roi", "line", "ongoing", "end"}
    assert first[2]["map_objects"]["top_view"] >= 4
