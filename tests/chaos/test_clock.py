"""The machine's clock is set while the service runs: by libfaketime, where it is there, and by clocks of the test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.watched import UUID, Watcher, config
from tests.service.test_serve import wait_until_up
from tests.unit.delivery.conftest import Inbox, eventually

from omni.service import free_port
from omni.sources.condition import Condition, ConditionLog
from omni.sources.live import LiveSource
from omni.testing import FaultCamera

DAY_S = 86_400.0
SERVE = "import sys; from omni.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def faketime() -> Path:
    found = [path for folder in ("/usr/lib", "/usr/local/lib") for path in Path(folder).rglob("libfaketimeMT.so.1")]
    if not found:
        pytest.skip("no libfaketime on this machine (Debian: faketime)")
    return found[0]


class Service:
    """``omni serve`` in a process of its own, whose time of day can be set."""

    def __init__(self, folder: Path, faketime: Path, document: dict[str, Any]) -> None:
        (folder / "run_params.json").write_text(json.dumps(document))
        self._offset = folder / "offset"
        self.set_clock(0)
        port = free_port("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{port}"
        clock = {
            "LD_PRELOAD": str(faketime),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--config", str(folder), "--port", str(port)],
            env={**os.environ, **clock},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until_up(f"{self.address}/healthz")
        except BaseException:
            self.kill()
            raise

    def set_clock(self, seconds: float) -> None:
        """From now on it is so much later than it is."""
        scratch = self._offset.with_suffix(".new")
        scratch.write_text(f"{seconds:+.0f}")
        scratch.replace(self._offset)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, document: dict[str, Any]) -> None:
        urllib.request.urlopen(
            urllib.request.Request(self.address + path, json.dumps(document).encode()), timeout=30
        ).close()

    def stop(self) -> str:
        """Returns what it logged."""
        self._process.send_signal(signal.SIGTERM)
        _, errors = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        return errors

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_the_service_goes_on_when_the_clock_is_set(tmp_path: Path, faketime: Path) -> None:
    inbox = Inbox()
    with FaultCamera() as camera:
        service = Service(
            tmp_path,
            faketime,
            {
                "streams": [{"stream_uuid": UUID, "name": "gate", "url": camera.url()}],
                "pipelines": {"body_detector": {"enabled": False}},
                "webhook_tracking_subscribers": [{"id": "site", "url": inbox.address}],
                "ongoings_interval_in_msec": 200,
                "history": {"retention_days": 0.5},
                "delivery": {"max_age_hours": 12},
            },
        )
        try:

            def shown() -> dict[str, Any]:
                [stream] = service.get("/api/v1/status")["streams"]
                assert isinstance(stream, dict)
                return stream

            eventually(lambda: shown()["frames"] > 2)
            service.post("/external_process/begin", {"name": "film", "stream_uuid": UUID})
            for number, set_to in enumerate((600.0, 600.0 + DAY_S, 0.0, -DAY_S, 0.0)):
                service.set_clock(set_to)
                frames = shown()["frames"]
                eventually(lambda frames=frames: shown()["frames"] > frames + 2)
                assert abs(service.get("/api/v1/status")["timestamp"] - time.time() - set_to) < 60
                eventually(lambda: abs(shown()["lag_s"]) < 60)
                service.post("/external_process/begin", {"name": f"{number}", "stream_uuid": UUID})
                service.post("/external_process/end", {"name": f"{number}"})
                eventually(lambda n=number: any(p["name"] == f"{n}" for m in inbox.messages for p in m.processes))
                ongoing = inbox.receiver.received["ongoing"]
                eventually(lambda before=ongoing: inbox.receiver.received["ongoing"] > before)
            service.post("/external_process/end", {"name": "film"})
            eventually(lambda: inbox.receiver.received["end"] == 6)
            kept = service.get("/api/v1/processes")["processes"]
            errors = service.stop()
        finally:
            service.kill()
            inbox.receiver.stop()
    assert inbox.receiver.wrong == 0
    assert [m.sequence for m in inbox.messages] == [str(n) for n in range(1, len(inbox.messages) + 1)]
    assert {m.attempt for m in inbox.messages} == {"1"}
    ends = [p for m in inbox.messages for p in m.processes if p["finalized"]]
    for process in ends:
        begun, ended = map(datetime.fromisoformat, process["time_interval"])
        assert begun <= ended
    [film] = [p for p in ends if p["name"] == "film"]
    assert film["internal_time_interval"][1] < 600_000
    eventually(lambda: {p["id"] for p in kept} == {p["id"] for p in ends})
    assert errors.count("the machine's clock was set") == 5


class SetClock:
    """The machine's clock, set at will."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@contextmanager
def watched_by(clock: SetClock, url: str) -> Iterator[Watcher]:
    stop, told = threading.Event(), list[Condition]()
    log = ConditionLog("gate", told.append)
    watcher = Watcher(LiveSource(config(url), stop, log, wall=clock), stop, log, told)
    try:
        yield watcher
    finally:
        watcher.close()


@pytest.mark.parametrize("step", [600.0, -DAY_S])
def test_a_camera_is_dated_anew_and_a_segment_begins(step: float, caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    with FaultCamera(fps=20.0) as camera, watched_by(clock, camera.url()) as watcher:
        before = watcher.until_more()[-1]
        clock.ahead = step
        watcher.until(lambda: watcher.frames[-1].segment == before.segment + 1)
        watcher.until_more()
    first = next(frame for frame in watcher.frames if frame.segment > before.segment)
    assert first.timestamp - before.timestamp == pytest.approx(step, abs=30)
    assert watcher.frames[-1].segment == first.segment
    since_start = [frame.video_timestamp for frame in watcher.frames]
    assert since_start == sorted(set(since_start))
    assert since_start[-1] < 60
    assert [r.getMessage() for r in caplog.records if "clock" in r.getMessage()] == [
        f"stream 7c9e6679: the machine's clock was set by {step:+.0f} s"
    ]


def test_of_a_camera_that_is_away_too_the_time_follows_the_clock() -> None:
    clock, stop = SetClock(), threading.Event()
    source = LiveSource(config("rtsp://127.0.0.1:9/x"), stop, ConditionLog("gate"), wall=clock)
    for step in (DAY_S, -DAY_S):
        clock.ahead = step
        assert source.now() == pytest.approx(time.time() + step, abs=5)
