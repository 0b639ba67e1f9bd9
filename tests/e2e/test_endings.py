"""Honest endings: whatever stops the service, every process gets its end (delivery, lines 12 and 13)."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.delivery.conftest import Inbox, eventually

from omni.process import schema_errors
from omni.service import free_port
from omni.testing import FaultCamera

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


class Service:
    """``omni serve`` over the clip, in a process of its own."""

    def __init__(self, folder: Path, clip: Path, receiver: str, verb: str = "serve") -> None:
        self.port = free_port("127.0.0.1", 0)
        document = {
            "streams": [{"stream_uuid": STREAM, "name": "street", "url": str(clip), "loop": True}],
            "webhook_tracking_subscribers": [{"id": "site", "url": receiver}],
            "ongoings_interval_in_msec": 500,
        }
        (folder / "run_params.json").write_text(json.dumps(document))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "omni.cli", verb, "--config", str(folder)]
            + (["--port", str(self.port)] if verb == "serve" else []),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def call(self, path: str, **fields: Any) -> Any:
        body = json.dumps(fields).encode() if fields else None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, timeout=10) as answer:
            return json.load(answer)

    def end(self, number: signal.Signals) -> int:
        """Send a signal. Returns the exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    yield box
    box.receiver.stop()


def begun_and_ended(inbox: Inbox) -> tuple[set[str], dict[str, str]]:
    """Ids of the processes that began, and of those that ended with the reason."""
    begun, ended = set(), {}
    for message in inbox.messages:
        assert message.wrong == []
        for process in message.processes:
            if message.reason == "begin":
                begun.add(process["id"])
            if process["finalized"]:
                ended[process["id"]] = process["omni"]["end_reason"]
            else:
                assert process["id"] not in ended, "a process once finalized never comes back"
    return begun, ended


def people_in_view(inbox: Inbox, service: Service) -> None:
    eventually(lambda: sum(m.reason == "begin" for m in inbox.messages) >= 3)
    service.call("/external_process/begin", name="film", stream_uuid=STREAM)
    eventually(lambda: any(m.processes and m.processes[0]["type"] == "external" for m in inbox.messages))


def test_sigterm_ends_what_is_open_and_tells_of_it(
    tmp_path: Path, street_clip: Path, person_model: str, inbox: Inbox
) -> None:
    assert person_model
    service = Service(tmp_path, street_clip, inbox.address)
    people_in_view(inbox, service)
    assert service.end(signal.SIGTERM) == 0
    begun, ended = begun_and_ended(inbox)
    assert begun == set(ended)
    assert "agent_stopped" in ended.values()


def test_the_agent_without_http_stops_as_well(
    tmp_path: Path, street_clip: Path, person_model: str, inbox: Inbox
) -> None:
    assert person_model
    service = Service(tmp_path, street_clip, inbox.address, "run")
    eventually(lambda: sum(m.reason == "begin" for m in inbox.messages) >= 3)
    assert service.end(signal.SIGTERM) == 0
    begun, ended = begun_and_ended(inbox)
    assert begun == set(ended)


@pytest.mark.parametrize("signals", [1, 2])
def test_a_silent_receiver_costs_ten_seconds_at_most_and_a_second_signal_none(
    signals: int, tmp_path: Path, street_clip: Path, person_model: str
) -> None:
    assert person_model
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        service = Service(tmp_path, street_clip, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        eventually(lambda: service.process.poll() is None and _is_up(service))
        eventually(lambda: service.call("/api/v1/webhooks")["endpoints"][0]["waiting"])
        service.process.send_signal(signal.SIGTERM)
        if signals == 2:
            time.sleep(1.5)
            assert service.process.poll() is None
            service.process.send_signal(signal.SIGTERM)
        service.process.communicate(timeout=60)
        assert service.process.returncode == (0 if signals == 1 else 130)


def _is_up(service: Service) -> bool:
    try:
        return bool(service.call("/healthz")["alive"])
    except OSError:
        return False


def test_a_receiver_that_is_away_at_the_end_is_told_by_the_next_start(
    tmp_path: Path, street_clip: Path, person_model: str, inbox: Inbox
) -> None:
    assert person_model
    service = Service(tmp_path, street_clip, inbox.address)
    people_in_view(inbox, service)
    inbox.receiver.stop()
    eventually(lambda: service.call("/api/v1/webhooks")["endpoints"][0]["last_failure"])
    assert service.end(signal.SIGTERM) == 0
    back = Inbox(port=inbox.port)
    inbox.receiver, inbox.messages = back.receiver, inbox.messages + back.messages
    service = Service(tmp_path, street_clip, back.address)
    eventually(lambda: len(back.messages) >= 4)
    service.end(signal.SIGTERM)
    inbox.messages += back.messages
    begun, ended = begun_and_ended(inbox)
    assert begun == set(ended)
    assert "agent_restarted" not in ended.values()


def test_after_kill_9_the_next_start_ends_what_was_open_and_nothing_collides(
    tmp_path: Path, street_clip: Path, person_model: str, inbox: Inbox
) -> None:
    assert person_model
    service = Service(tmp_path, street_clip, inbox.address)
    people_in_view(inbox, service)
    service.end(signal.SIGKILL)
    begun, ended = begun_and_ended(inbox)
    numbers = {p["id"]: p["numerical_id"] for m in inbox.messages for p in m.processes}
    open_at_kill = begun - set(ended)
    assert open_at_kill
    service = Service(tmp_path, street_clip, inbox.address)
    eventually(lambda: open_at_kill <= set(begun_and_ended(inbox)[1]))
    eventually(lambda: begun_and_ended(inbox)[0] - begun)
    assert service.end(signal.SIGTERM) == 0
    begun_now, ended_now = begun_and_ended(inbox)
    assert {ended_now[id_] for id_ in open_at_kill} == {"agent_restarted"}
    assert begun_now == set(ended_now)
    numbers |= {p["id"]: p["numerical_id"] for m in inbox.messages for p in m.processes}
    assert len(set(numbers.values())) == len(numbers)
    for message in inbox.messages:
        assert schema_errors({"processes": message.processes}) == []


PROGRAM = """
import sys, time
from omni import Agent

class Late:
    def __del__(self, sleep=time.sleep):
        sleep(3.0)

sys.late = Late()  # Python is taken down for so long
agent = Agent({"streams": [{"url": sys.argv[1], "pace": "fast", "loop": True, "tiles": TILES}]})
agent.start()
while not agent.streams()[0].frames:
    time.sleep(0.05)
print("online", flush=True)
sys.stdin.readline()
"""


def program(url: str, more: str = "", tiles: tuple[int, int] | None = None) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    code = PROGRAM.replace("TILES", str(tiles)) + more
    started = subprocess.Popen([sys.executable, "-c", code, url], text=True, **pipes)
    assert started.stdout is not None
    assert started.stdout.readline() == "online\n"
    return started


def ended_well(process: subprocess.Popen[str]) -> bool:
    _, complaints = process.communicate("end\n", timeout=90)
    return process.returncode == 0 and "terminate" not in complaints


@pytest.mark.parametrize("live", [True, False])
def test_a_program_that_stops_nothing_does_not_crash_at_its_end(
    live: bool, street_clip: Path, person_model: str
) -> None:
    """A thread that comes back from OpenCV or onnxruntime while Python is taken down would abort it."""
    assert person_model
    with FaultCamera(fps=20.0) as camera:
        assert ended_well(program(camera.url() if live else str(street_clip)))


def test_a_decoder_left_behind_does_not_crash_the_program_at_its_end(person_model: str) -> None:
    assert person_model
    with FaultCamera(fps=20.0) as camera:
        process = program(camera.url(), "agent.stop()")
        camera.sending = False
        time.sleep(2.0)  # of the five seconds after which the decoder comes back
        assert ended_well(process)


def test_a_frame_that_is_in_work_does_not_crash_the_program_at_its_end(street_clip: Path, person_model: str) -> None:
    """65 pictures of it take longer than stopping waits."""
    assert person_model
    assert ended_well(program(str(street_clip), "agent.stop()", tiles=(8, 8)))
