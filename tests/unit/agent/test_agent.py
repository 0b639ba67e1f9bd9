from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.unit.delivery.conftest import eventually

from omni import Agent
from omni.agent import networks
from omni.detect import RunsOn
from omni.errors import ConfigError, SourceError, UnknownLineError
from omni.faces import Gallery
from omni.process.clock import iso_instant
from omni.regions import LineCounts
from omni.types import Detections, ProcessMessage

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LINE = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"
POINTS = [{"image": [u, v], "map": [u, v]} for u, v in ((0, 0), (1, 0), (1, 1), (0, 1))]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(20):
        cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((48, 64, 3), i, np.uint8))
    return folder


def config(url: Path, **more: Any) -> dict[str, Any]:
    """Without a detector: what is tested here is the agent's own running."""
    return {
        "streams": [{"stream_uuid": UUID, "name": "door", "url": str(url), "pace": "fast"}],
        "pipelines": {"body_detector": {"enabled": False}},
        **more,
    }


def test_a_file_is_read_to_its_end(pictures: Path) -> None:
    with Agent(config(pictures)) as agent:
        assert agent.wait(20)
        [status] = agent.streams()
        assert (status.state, status.frames, status.image_size) == ("ended", 20, (64, 48))
        latest = agent.latest(UUID)
        assert latest is not None
        assert latest.frame.index == 19
    assert agent.stats()["frames"] == 20


def test_faces_are_deleted_when_their_time_is_over_also_where_none_are_looked_for_any_more(tmp_path: Path) -> None:
    face = {"enabled": False, "retention_days": 1.0}
    document = {"state_folder": str(tmp_path), "pipelines": {"body_detector": {"enabled": False}, "face": face}}
    with Agent(document):
        assert not (tmp_path / "faces.sqlite").exists()
    row = np.eye(1, 16, dtype=np.float32)
    Gallery(tmp_path, "net", 16).add("Old", [], row, time.time() - 90_000)
    Gallery(tmp_path, "net", 16).add("Fresh", [], row, time.time())
    with Agent(document):
        eventually(lambda: [profile.name for profile in Gallery(tmp_path).profiles] == ["Fresh"])
    Gallery(tmp_path, "net", 16).add("Old", [], row, time.time() - 90_000)
    document["pipelines"]["face"] = {"enabled": False}
    with Agent(document):
        assert len(Gallery(tmp_path).profiles) == 2


def test_nothing_starts_when_something_is_wrong(pictures: Path) -> None:
    document = config(pictures)
    document["streams"].append({"url": "none.avi"})
    before = threading.active_count()
    with pytest.raises(SourceError, match=r"none\.avi"):
        Agent(document)
    assert threading.active_count() == before


@pytest.mark.parametrize(("places", "why"), [((0.0, 0.2, 0.5, 1.0), "line"), ((0.0, 0.2), "at least 4")])
def test_a_wrong_map_is_told_and_the_cameras_are_watched_all_the_same(
    pictures: Path, caplog: pytest.LogCaptureFixture, places: tuple[float, ...], why: str
) -> None:
    wrong = [{"image": [v, v], "map": [v, v]} for v in places]
    view = {"cameras": [{"stream_uuid": UUID, "points": wrong}]}
    with Agent(config(pictures, map_tracking={"enabled": True, "views": [view]})) as agent:
        assert agent.wait(20)
        assert agent.map_ticks() == []
        [problem] = (problem for problem in agent.problems() if problem.startswith("map tracking: "))
    assert why in problem
    assert problem.removeprefix("map tracking: ") in caplog.text


def test_an_external_process_ends_with_its_stream(pictures: Path) -> None:
    told: list[ProcessMessage] = []
    document = config(pictures)
    document["streams"][0]["pace"] = "real"
    agent = Agent(document)
    agent.subscribe(told.append)
    with agent:
        agent.external.begin(
            name="a.mp4", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID.upper()
        )
        assert agent.wait(20)
    assert [m.reason for m in told] == ["begin", "end"]
    assert told[1].processes[0]["omni"]["end_reason"] == "end_of_file"


def test_an_external_process_of_a_stream_that_is_over_is_over_unless_a_change_begins_it_anew(pictures: Path) -> None:
    told: list[ProcessMessage] = []
    film: dict[str, Any] = {"class_": "media", "repeats": False, "duration": 0, "started_at": 0, "stream_uuid": UUID}
    with Agent(config(pictures)) as agent:
        agent.subscribe(told.append)
        assert agent.wait(20)
        agent.external.begin(name="late.mp4", **film)
        assert [(m.reason, m.processes[0]["finalized"]) for m in told] == [("begin", False), ("end", True)]
        document = config(pictures)
        document["streams"][0] |= {"pace": "real", "loop": True}
        agent.reconfigure(document)
        agent.external.begin(name="anew.mp4", **film)
        assert [p["name"] for p in agent.external.ongoing(UUID)] == ["anew.mp4"]


def test_an_external_process_goes_on_and_is_dated_right_while_its_camera_is_away() -> None:
    """A stream's clock is that of its pictures; where none come, a film is still shown to who stands there."""
    told: list[ProcessMessage] = []
    document = config(Path("unused"), ongoings_interval_in_msec=100)
    document["streams"][0]["url"] = "rtsp://127.0.0.1:9/none"
    agent = Agent(document)
    agent.subscribe(told.append)
    with agent:
        eventually(lambda: agent.streams()[0].state == "backoff")
        film = {"name": "a.mp4", "class_": "media", "stream_uuid": UUID}
        before = time.time()
        agent.external.begin(**film, repeats=False, duration=0, started_at=0)
        after = time.time()
        eventually(lambda: [m.reason for m in told].count("ongoing") >= 3)
        agent.external.end(**film, stopped_at=0)
    assert [m.reason for m in told[:4]] == ["begin", "ongoing", "ongoing", "ongoing"]
    begin, *_, end = (m.processes[0] for m in told)
    assert iso_instant(before) <= begin["time_interval"][0] <= iso_instant(after)
    assert (end["finalized"], end["time_interval"][0]) == (True, begin["time_interval"][0])
    assert end["internal_time_interval"][1] >= 200
    assert [p["time_interval"][1] for m in told for p in m.processes] == sorted(
        p["time_interval"][1] for m in told for p in m.processes
    )


def test_an_external_process_that_ends_while_the_periodic_message_is_made_does_not_come_back(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ProcessMessage] = []
    document = config(pictures, ongoings_interval_in_msec=100)
    document["streams"][0].update(pace="real", loop=True)
    agent = Agent(document)
    open_now = agent.external.ongoing

    def then_ended(stream_uuid: str) -> list[dict[str, Any]]:
        records = open_now(stream_uuid)
        agent.external.terminate_all(stream_uuid="")
        return records

    monkeypatch.setattr(agent.external, "ongoing", then_ended)
    agent.subscribe(told.append)
    with agent:
        agent.external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID)
        eventually(lambda: len(told) >= 2)
    assert [(m.reason, m.processes[0]["finalized"]) for m in told] == [("begin", False), ("end", True)]


def test_stopping_in_the_middle_is_quick_and_can_be_done_twice(pictures: Path) -> None:
    document = config(pictures)
    document["streams"][0].update(pace="real", loop=True)
    agent = Agent(document)
    agent.start()
    assert not agent.wait(0.3)
    agent.stop()
    agent.stop()
    assert agent.streams()[0].state == "ended"


@pytest.mark.parametrize("of_streams", [True, False])
def test_it_may_be_stopped_in_a_callback(pictures: Path, tmp_path: Path, of_streams: bool) -> None:
    document = config(pictures, ongoings_interval_in_msec=100, delivery={"directory": str(tmp_path / "outbox")})
    document["streams"][0].update(pace="real", loop=True)
    before = threading.active_count()
    agent, took_s = Agent(document), []

    def stop(message: object) -> None:
        if of_streams or getattr(message, "reason", "") == "ongoing":
            begun = time.monotonic()
            agent.stop()
            took_s.append(time.monotonic() - begun)

    agent.subscribe_streams(stop) if of_streams else agent.subscribe(stop)
    with agent:
        agent.external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID)
        assert agent.wait(5)
    assert max(took_s) < 0.5
    assert agent.streams()[0].state == "ended"
    eventually(lambda: threading.active_count() == before)


def test_a_start_that_fails_leaves_nothing_running(pictures: Path, tmp_path: Path) -> None:
    document = config(pictures, state_folder=str(tmp_path), delivery={"directory": str(tmp_path / "outbox")})
    document["streams"][0].update(pace="real", loop=True)
    second = Agent(document)
    with Agent(document):
        before, begun = threading.active_count(), time.monotonic()
        with pytest.raises(ConfigError, match="another agent"):
            second.start()
        assert threading.active_count() == before
        second.stop()
        assert time.monotonic() - begun < 2.0


@pytest.mark.parametrize("in_a_handler", [True, False])
def test_stopped_while_it_starts_it_leaves_nothing_running(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_a_handler: bool
) -> None:
    document = config(pictures, delivery={"directory": str(tmp_path / "outbox")})
    document["streams"][0].update(pace="real", loop=True)
    before = threading.active_count()
    agent = Agent(document)
    start, stopping = agent.delivery.start, threading.Thread(target=agent.stop)

    def slow_start() -> None:
        if in_a_handler:  # of a signal, which Python runs in the midst of what this thread does
            agent.stop()
        else:
            stopping.start()
            stopping.join(0.1)
        start()

    monkeypatch.setattr(agent.delivery, "start", slow_start)
    agent.start()
    if not in_a_handler:
        stopping.join()
    assert agent.streams()[0].state in ("idle", "ended")
    eventually(lambda: threading.active_count() == before)
    Agent(document)  # which would refuse an outbox that is in use


FORKS = """
import os, sys, time
from omni import Agent
agent = Agent({"streams": [{"url": sys.argv[1], "pace": "real", "loop": True}],
               "pipelines": {"body_detector": {"enabled": False}}, "delivery": {"directory": sys.argv[2]}})
agent.start()
while agent.stats()["frames"] == 0:
    time.sleep(0.01)
if os.fork() == 0:
    begun = time.monotonic()
    agent.stop()
    print("child", time.monotonic() - begun < 0.5, flush=True)
    sys.exit(3)
print("parent", os.waitstatus_to_exitcode(os.wait()[1]), agent.streams()[0].state, flush=True)
"""


def test_a_process_that_was_forked_off_ends_nothing(pictures: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKS, str(pictures), str(tmp_path / "outbox")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.splitlines() == ["child True", "parent 3 online"]
    assert ended.stderr == ""


def test_an_agent_starts_once(pictures: Path) -> None:
    with Agent(config(pictures)) as agent, pytest.raises(RuntimeError, match="started once"):
        agent.start()


def test_a_callback_that_fails_harms_nobody(pictures: Path) -> None:
    told: list[ProcessMessage] = []
    document = config(pictures, ongoings_interval_in_msec=100)
    agent = Agent(document)

    def fail(_: ProcessMessage) -> None:
        raise RuntimeError("of the user")

    agent.subscribe(fail)
    unsubscribe = agent.subscribe(told.append)
    agent.external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID)
    assert len(told) == 1
    unsubscribe()
    agent.external.terminate_all(stream_uuid="")
    assert len(told) == 1


def test_a_callback_that_is_there_twice_is_taken_off_once(pictures: Path) -> None:
    told: list[ProcessMessage] = []
    agent = Agent(config(pictures))
    first, second = agent.subscribe(told.append), agent.subscribe(told.append)

    def begin() -> int:
        agent.external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID)
        return len(told)

    assert begin() == 2
    first()
    first()
    assert begin() == 3
    second()
    assert begin() == 3


def test_wrong_arguments_are_named(pictures: Path) -> None:
    with pytest.raises(TypeError, match="config: expected a mapping, a path"):
        Agent(42)  # type: ignore[arg-type]
    agent = Agent(config(pictures))
    for subscribe in (agent.subscribe, agent.subscribe_streams):
        with pytest.raises(TypeError, match="callback: expected a function, got NoneType"):
            subscribe(None)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match=r"view: expected one of the configuration \(none\), got 'top_view'"):
        agent.map_state()
    with pytest.raises(KeyError, match=rf"stream_uuid: expected one of the configuration \({UUID}\), got 'door'"):
        agent.latest("door")


def test_processes_can_be_awaited_one_record_at_a_time(pictures: Path) -> None:
    document = config(pictures, ongoings_interval_in_msec=500)

    async def collect() -> list[dict[str, Any]]:
        agent = Agent(document)
        agent.external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=UUID)
        records = agent.processes()
        first = asyncio.create_task(anext(records))
        await asyncio.sleep(0)
        await asyncio.to_thread(agent.start)
        found = [await first] + [record async for record in records]
        await asyncio.to_thread(agent.stop)
        return found

    found = asyncio.run(collect())
    assert {record["name"] for record in found} == {"a"}
    assert found[-1]["finalized"]


def test_a_failed_file_is_a_failed_stream_not_a_failed_agent(tmp_path: Path, pictures: Path) -> None:
    for picture in pictures.iterdir():
        picture.write_bytes(b"damaged")
    other = tmp_path / "other"
    other.mkdir()
    cv2.imwrite(str(other / "a.png"), np.zeros((8, 8, 3), np.uint8))
    document = config(pictures, map_tracking={"enabled": True, "views": []})
    document["streams"].append({"name": "other", "url": str(other), "pace": "fast"})
    with Agent(document) as agent:
        assert agent.wait(20)
        door, good = agent.streams()
        assert (door.state, door.frames) == ("failed", 0)
        assert "none of its 20 pictures can be decoded" in door.reason
        assert good.state == "ended"


def test_counters_of_lines_survive_the_agent_and_can_be_reset(pictures: Path, tmp_path: Path) -> None:
    corners = [{"x": x, "y": y} for x, y in ((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0))]
    line = {"name": "door", "uuid": LINE, "points": corners, "trigger_settings": {"direction": {"x": 1, "y": 0}}}
    document = config(pictures, mutlistream_ROI={"regions": [line]}, state_folder=str(tmp_path / "state"))
    LineCounts(tmp_path / "state").add(LINE, "reverse", 5.0)  # of an earlier run
    with Agent(document) as agent:
        assert agent.lines() == [{"uuid": LINE, "name": "door", "forward": 0, "reverse": 1, "since": 5.0}]
        agent.reset_line(LINE)
        assert agent.lines()[0]["reverse"] == 0
        with pytest.raises(UnknownLineError):
            agent.reset_line(UUID)
    assert agent.lines()[0]["reverse"] == 0  # they can be read when it has stopped


def test_a_region_that_is_none_is_refused_before_anything_starts(pictures: Path) -> None:
    corners = [{"x": x, "y": y} for x, y in ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))]
    with pytest.raises(ConfigError, match="region 'bow': points: expected edges that neither cross nor touch"):
        Agent(config(pictures, mutlistream_ROI={"regions": [{"name": "bow", "points": corners}]}))


def test_a_machine_that_cannot_keep_up_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that takes 50 ms, and cameras that give 100 frames a second: all fall alike, and it is told."""
    picture = np.zeros((48, 64, 3), np.uint8)
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter.fourcc(*"MJPG"), 100.0, (64, 48))
    for _ in range(100):
        writer.write(picture)
    writer.release()

    class Slow:
        batch = 1
        runs_on = RunsOn("slow", ("CPU",), {"CPU": 1})

        def detect_many(self, images: list[np.ndarray]) -> list[Detections]:
            threading.Event().wait(0.05)
            return [Detections.empty() for _ in images]

        def info(self) -> dict[str, Any]:
            return {}

    monkeypatch.setattr(networks, "_open_detector", lambda _: Slow())
    stream = {"url": clip, "pace": "live", "loop": True}
    agent = Agent({"streams": [stream, stream, stream]})
    with agent:
        while sum("the machine cannot keep up" in problem for problem in agent.problems()) < 3:
            assert not agent.wait(0.1)
        statuses = agent.streams()
    frames = [status.frames for status in statuses]
    assert max(frames) - min(frames) <= 2
    assert all(status.dropped > status.frames for status in statuses)
