"""The command line as a user calls it: the whole system on real video, with a real receiver."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.unit.delivery.conftest import eventually

from omni.receiver import Received, Receiver
from omni.service import free_port

OMNI = [sys.executable, "-m", "omni.cli"]


def omni(*arguments: str, timeout_s: float = 90, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OMNI, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_demo_runs_the_whole_system(street_clip: Path, person_model: str) -> None:
    """Until everything has happened that is to happen; a machine that is busy shows less of the street in a second."""
    assert person_model
    port = free_port("127.0.0.1", 0)
    command = [*OMNI, "demo", "--no-browser", "--json", "--port", str(port), "--video", str(street_clip)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: demo.poll() is None and _has_seen_it_all(port))
        demo.send_signal(signal.SIGINT)
        output, errors = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 0, errors
    summary = json.loads(output)
    assert [stream["name"] for stream in summary["streams"]] == ["West", "East"]
    assert all(stream["frames"] > 5 for stream in summary["streams"])
    assert summary["tracks"] >= 4
    assert summary["map_objects"] >= 3
    assert summary["webhooks"]["wrong"] == 0
    assert summary["webhooks"]["received"] == summary["webhooks"]["delivered"]
    assert {"begin", "ongoing", "end"} <= set(summary["webhooks"]["delivered"])
    assert [line["name"] for line in summary["lines"]] == ["path"]
    assert "roi" in summary["webhooks"]["delivered"]
    assert sum(summary["stage_share"].values()) == pytest.approx(1, abs=0.01)


def _has_seen_it_all(port: int) -> bool:
    try:
        status, webhooks = _api(port, "status"), _api(port, "webhooks")
    except OSError:
        return False
    enough = status["stats"]["tracks"] >= 4 and status["stats"]["map_objects"].get("top_view", 0) >= 3
    return enough and {"begin", "ongoing", "end", "roi"} <= set(webhooks["delivered"])


def _api(port: int, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def test_the_demo_ends_by_itself(street_clip: Path, person_model: str) -> None:
    assert person_model
    done = omni("demo", "--no-browser", "--seconds", "1", "--json", "--port", "0", "--video", str(street_clip))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] >= 1


def test_the_service_serves_and_stops_with_every_process_ended(
    street_clip: Path, person_model: str, tmp_path: Path
) -> None:
    assert person_model
    port = free_port("127.0.0.1", 0)
    told: list[Received] = []
    receiver = Receiver(told.append)
    config = {
        "streams": [{"name": "street", "url": str(street_clip)}],
        "http": {"port": port},
        "webhook_tracking_subscribers": [{"url": receiver.start("127.0.0.1", 0)}],
    }
    (tmp_path / "run_params.json").write_text(json.dumps(config))
    service = subprocess.Popen([*OMNI, "serve", "--config", str(tmp_path)], stderr=subprocess.PIPE, text=True)
    try:
        status = _status_when_frames_came(port)
        assert status["streams"][0]["state"] == "online"
        service.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        service.send_signal(signal.SIGTERM)  # as supervisors do that signal the process and then its group
        assert service.wait(60) == 0
    finally:
        service.kill()
        _, errors = service.communicate()
        receiver.stop()
    assert "Traceback" not in errors
    begun, ended = ({m.processes[0]["id"] for m in told if m.reason == reason} for reason in ("begin", "end"))
    assert begun
    assert begun == ended


def _status_when_frames_came(port: int) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            status = _api(port, "status")
            if status["streams"][0]["frames"] > 5:
                return status
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("the service did not come up")


UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({"streams": [{"url": "none.avi"}]}, 3, ["none.avi", "no such file"]),
        ({"streems": []}, 3, ["$.streems", "streams"]),
        ({"streams": [{"url": "x", "stream_uuid": "12"}]}, 3, ["$.streams[0].stream_uuid", "UUID"]),
        ({"streams": [{"url": "README"}], "detector": {"model": "no-such-model"}}, 1, ["no-such-model"]),
    ],
)
def test_bad_input_is_one_line_with_the_remedy(
    tmp_path: Path, config: dict[str, Any], code: int, words: list[str]
) -> None:
    (tmp_path / "run_params.json").write_text(json.dumps(config))
    done = omni("serve", "--config", str(tmp_path), "--port", "0", "--strict")
    assert done.returncode == code, done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.strip()]
    assert line.startswith("omni: ")
    for word in words:
        assert word in line


def test_an_unreadable_video_is_refused_before_anything_starts(tmp_path: Path, person_model: str) -> None:
    assert person_model
    (tmp_path / "broken.avi").write_bytes(b"RIFF" + b"\0" * 4000)
    done = omni("demo", "--no-browser", "--video", str(tmp_path / "broken.avi"), "--port", "0")
    assert done.returncode == 3
    assert "broken.avi" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named(street_clip: Path, person_model: str) -> None:
    assert person_model
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = omni("demo", "--no-browser", "--port", str(port), "--video", str(street_clip))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_model_says_how_to_get_it(tmp_path: Path, street_clip: Path) -> None:
    (tmp_path / "run_params.json").write_text(json.dumps({"streams": [{"url": str(street_clip)}]}))
    done = omni(
        "serve",
        "--config",
        str(tmp_path),
        "--port",
        "0",
        "--strict",
        OMNI_CACHE=str(tmp_path / "cache"),
        OMNI_MODELS="",
    )
    assert done.returncode == 1
    assert "omni models pull" in done.stderr


def test_wrong_use_is_two() -> None:
    assert omni("frobnicate").returncode == 2
