"""What is written for the original goes on working: its configuration, its calls, what a receiver of it relies on."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from tests.e2e.strict_receiver import StrictReceiver
from tests.service.fakes import Server
from tests.unit.delivery.conftest import eventually

from omni._build import build_info
from omni.config import load_config
from omni.errors import ConfigError
from omni.faces.recognition import open_recognition
from omni.service import open_settings

ROOT = Path(__file__).parents[2]
STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
FILE: dict[str, Any] = {
    "webhook_tracking_subscribers": [
        {"url": "http://127.0.0.1:5000/trigger"},
        {"host": "127.0.0.1", "port": "5000", "is_secured": False, "path": "/trigger"},
        {"type": "", "url": "http://127.0.0.1:5000/trigger"},
        {"type": "events", "url": "http://127.0.0.1:5000/event"},
    ],
    "ongoings_interval_in_msec": 5000,
    "enable_webhook_image2jpg_conversion": False,
    "mqtt_settings": {"enable": False, "brocker_address": "127.0.0.1"},
    "events": {"enable_activities": True},
    "anonymous_mode": True,
    "pipelines": {"face": {"enabled": False}, "body_detector": {"enabled": True}, "pose_estimation": {"enable": False}},
    "enable_body_tracking": True,
    "detector_confidence": 0.9,
    "cos_reident_confidence": 0.6,
    "desired_score": 0.876,
    "faR": 0.0001,
    "frR": 0.001,
    "action_recognition": {"enabled": False},
    "pose_estimation": {"enabled": False},
    "keypoint_confidence_threshold": 0.5,
    "mutlistream_ROI": {"force_track_termination_on_lost_event": False, "regions": []},
}
"""All settings that its public documentation names, with the values that stand there."""

NOT_HERE = (
    "$.action_recognition", "$.keypoint_confidence_threshold", "$.pipelines.pose_estimation", "$.pose_estimation",
)  # fmt: skip


def test_its_file_is_taken_and_what_does_nothing_here_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        config = load_config({**FILE, "compat": True})
    told = sorted(record.getMessage().partition(": ")[2] for record in caplog.records)
    scale = [message for message in told if message.startswith("$.detector_confidence: ")]
    assert len(scale) == 1  # with the value that is documented nobody would be seen
    assert [m for m in told if m not in scale] == [f"{path} is not used by this version" for path in NOT_HERE]
    written = json.loads(config.model_dump_json())
    for name in FILE.keys() - {"webhook_tracking_subscribers", "pipelines", "mqtt_settings"}:
        assert f"$.{name}" in NOT_HERE or written[name] == FILE[name] or name == "mutlistream_ROI", name
    subscribers = config.webhook_tracking_subscribers
    assert [s.address for s in subscribers] == [*["http://127.0.0.1:5000/trigger"] * 3, "http://127.0.0.1:5000/event"]
    assert [s.type or "processes" for s in subscribers] == ["processes"] * 3 + ["events"]
    assert config.mqtt_settings.brocker_address == "127.0.0.1"


def test_without_compat_each_of_its_settings_that_does_nothing_says_what_to_do() -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(FILE)
    told = {message for _, message in refused.value.problems}
    assert len(refused.value.problems) == len(NOT_HERE)
    assert all('"compat": true' in message for message in told), told


def test_a_desired_score_counts_whatever_rates_stand_beside_it(tmp_path: Path) -> None:
    spec = SimpleNamespace(same=NormalDist(0.3, 0.05), different=NormalDist(0.56, 0.065))
    embedder: Any = SimpleNamespace(identity="net@0", dimension=4, spec=spec)

    def limit(**settings: float) -> float:
        return open_recognition(load_config({**settings, "state_folder": str(tmp_path)}), embedder).limit

    assert limit(desired_score=0.876, faR=0.0001, frR=0.001) == limit(desired_score=0.876)
    assert limit(desired_score=0.876) != limit(faR=0.0001) != limit(frR=0.001)


def test_what_is_said_nowhere_else_is_as_the_protocol_has_it() -> None:
    config = load_config({})
    assert (config.http.host, config.http.port, config.http.map_tracking_path) == ("127.0.0.1", 8080, "/map_tracking")
    assert (config.ongoings_interval_in_msec, config.enable_webhook_image2jpg_conversion) == (5000, False)
    assert (config.anonymous_mode, config.cos_reident_confidence) == (True, 0.6)
    assert (config.mutlistream_ROI.inertia_frames, config.pipelines.face.enabled) == (3, False)


def test_the_build_is_that_of_the_commit() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    build = build_info.__wrapped__()  # as it is now: somebody may have committed since it was first asked for
    assert build["build_hash"] == commit.strip()
    assert build["full_version_with_hash"].startswith(build["version"])
    assert build["build_hash"].startswith(build["full_version_with_hash"].partition("+")[2])


@pytest.fixture
def receiver() -> Iterator[StrictReceiver]:
    with StrictReceiver() as listening:
        yield listening


@pytest.fixture
def server(tmp_path: Path, receiver: StrictReceiver) -> Iterator[Server]:
    """The real service and agent on the original's file, with one stream and a map whose points give none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(20):
        cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((48, 64, 3), i, np.uint8))
    points = [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]
    document = {
        **FILE,
        "compat": True,
        "streams": [{"stream_uuid": STREAM, "name": "door", "url": str(folder), "loop": True}],
        "pipelines": {"body_detector": {"enabled": False}},
        "ongoings_interval_in_msec": 100,
        "map_tracking": {"enabled": True, "views": [{"cameras": [{"stream_uuid": STREAM, "points": points}]}]},
        "webhook_tracking_subscribers": [{"url": receiver.address + "/trigger"}],
    }
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    settings, config, agent = open_settings(tmp_path, strict=True)
    with Server(config, settings, agent) as running:
        yield running


def test_a_film_that_is_shown_is_told_of_from_its_beginning_to_its_end(
    server: Server, receiver: StrictReceiver
) -> None:
    """The parameters in the query string, as a page that lists "request parameters" may be read; the others as JSON."""
    begin = f"/external_process/begin?name=film.mp4&class=media&repeats=false&duration=30000&stream_uuid={STREAM}"
    for call in (begin, f"{begin}&started_at=250", begin.replace("film", "other")):
        answer = server.call(call, "POST")
        assert (answer.status, answer.document) == (200, {})

    def of(name: str, **members: Any) -> list[dict[str, Any]]:
        """The processes of that name whose members are so, in the order of their beginning."""
        told = [r for r in receiver.records.values() if r["name"] == name and members.items() <= r.items()]
        return sorted(told, key=lambda record: record["numerical_id"])

    eventually(lambda: len(of("film.mp4", finalized=False)) == 2 and len(of("other.mp4", finalized=False)) == 1)
    eventually(lambda: any(len(body["processes"]) == 3 for body in receiver.bodies))  # all that is open, periodically
    assert server.call("/external_process/end", "POST", json={"name": "film.mp4", "stopped_at": 9000}).document == {}
    eventually(lambda: len(of("film.mp4", finalized=True)) == 1)
    first, last = of("film.mp4")
    assert (first["finalized"], last["finalized"]) == (False, True)
    assert last["internal_time_interval"] == [250, 9000]
    assert server.call("/external_process/terminate_all", "POST", json={"stream_uuid": ""}).document == {}
    eventually(lambda: receiver.still_open() == [])
    assert {r["omni"]["end_reason"] for r in receiver.records.values()} == {"ended", "terminated"}
    assert receiver.complaints == []
    assert server.call("/external_process/end", "POST", json={"name": "film.mp4"}).status == 404


def test_a_map_that_cannot_be_used_is_empty_and_says_why(server: Server) -> None:
    assert server.call("/map_tracking").document == {"views": {}}
    readiness = server.call("/readyz").document
    assert any("map tracking" in reason for reason in readiness["warnings"] + readiness["reasons"])


def test_about_names_what_it_is_built_on(server: Server) -> None:
    about = server.call("/about").document
    assert about["used_software"].pop("FaceSDK") == "none"  # faces are off
    assert all(version not in ("", "unknown") for version in about["used_software"].values())
    assert about["build_hash"] == build_info()["build_hash"]
