"""Going on under another configuration: what ends, what does not, and that no number comes twice."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import pytest
from tests.unit.agent.test_stream_change import region
from tests.unit.delivery.conftest import Inbox, eventually

from omni import Agent
from omni.config import NEEDS_RESTART
from omni.errors import ConfigError, UnknownLineError, UnknownStreamError
from omni.process.clock import iso_instant
from omni.types import ProcessMessage, Run, StreamChange

DOOR = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
YARD = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
NEW = "3e5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e02"


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """Two endless streams without a detector: what is tested is what begins anew."""
    streams = []
    for uuid, name in ((DOOR, "door"), (YARD, "yard")):
        folder = tmp_path / name
        folder.mkdir()
        for i in range(30):
            cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((48, 64, 3), i, np.uint8))
        streams.append({"stream_uuid": uuid, "name": name, "url": str(folder), "loop": True, "max_fps": 50.0})
    return {"streams": streams, "pipelines": {"body_detector": {"enabled": False}}}


@pytest.fixture
def agent(document: dict[str, Any]) -> Iterator[Agent]:
    with Agent(document) as running:
        eventually(lambda: all(status.frames for status in running.streams()))
        yield running


def begin(agent: Agent, stream: str, name: str) -> None:
    agent.external.begin(name=name, class_="media", repeats=False, duration=0, started_at=0, stream_uuid=stream)


def but(document: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    change(changed)
    return changed


def test_who_counts_nothing_counts_no_line_that_comes_later_either(document: dict[str, Any]) -> None:
    corners = [{"x": 0.4, "y": 0.0}, {"x": 0.6, "y": 0.0}, {"x": 0.5, "y": 1.0}]
    uuid = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"
    line = {"uuid": uuid, "name": "gate", "points": corners, "trigger_settings": {"direction": {"x": 1, "y": 0}}}
    with Agent(document, counts=False) as agent:
        agent.reconfigure(but(document, lambda d: d.update(mutlistream_ROI={"regions": [line]})))
        with pytest.raises(UnknownLineError):
            agent.reset_line(uuid)


def test_only_the_stream_that_changes_begins_anew(agent: Agent, document: dict[str, Any]) -> None:
    told: list[ProcessMessage] = []
    agent.subscribe(told.append)
    begin(agent, DOOR, "film")
    begin(agent, YARD, "other film")
    frames = {status.name: status.frames for status in agent.streams()}
    agent.reconfigure(but(document, lambda d: d["streams"][0].update(crop=[0, 0, 0.5, 1])))
    ends = [(m.stream_uuid, m.processes[0]["omni"]["end_reason"]) for m in told if m.reason == "end"]
    assert ends == [(DOOR, "config_changed")]
    eventually(lambda: agent.streams()[0].image_size == (32, 48))
    assert agent.streams()[1].frames >= frames["yard"]
    assert agent.streams()[1].image_size == (64, 48)


def test_a_stream_comes_and_one_goes(agent: Agent, document: dict[str, Any]) -> None:
    def change(d: dict[str, Any]) -> None:
        d["streams"][1] = {**d["streams"][1], "stream_uuid": NEW, "name": "new"}

    before = threading.active_count()
    agent.reconfigure(but(document, change))
    assert [status.name for status in agent.streams()] == ["door", "new"]
    begin(agent, NEW, "film")
    with pytest.raises(LookupError):
        begin(agent, YARD, "film")
    with pytest.raises(KeyError):
        agent.latest(YARD)
    assert threading.active_count() <= before
    agent.reconfigure(but(document, lambda d: d.update(streams=[])))
    assert agent.streams() == []


def test_whoever_waits_waits_for_streams_that_begin_meanwhile(agent: Agent, document: dict[str, Any]) -> None:
    waited: list[bool] = []
    waiting = threading.Thread(target=lambda: waited.append(agent.wait()))
    waiting.start()
    agent.reconfigure(but(document, lambda d: [stream.update(crop=[0, 0, 0.5, 1]) for stream in d["streams"]]))
    waiting.join(0.3)
    assert waited == []
    agent.reconfigure(but(document, lambda d: d.update(streams=[])))
    waiting.join()
    assert waited == [True]


def test_a_callback_cannot_change_the_agent_whose_stream_it_holds(agent: Agent, document: dict[str, Any]) -> None:
    refused: list[str] = []

    def change(_: ProcessMessage) -> None:
        try:
            agent.reconfigure(but(document, lambda d: d.update(streams=[])))
        except RuntimeError as error:
            refused.append(str(error))

    agent.subscribe(change)
    begin(agent, DOOR, "film")
    assert [why.partition(":")[0] for why in refused] == ["a callback of the agent cannot change it"]
    goes_on(agent)


def test_an_external_process_of_a_file_that_comes_is_dated_by_its_beginning(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ProcessMessage] = []
    with Agent(document, run=Run(UUID(int=1), time.time() - 3600.0)) as agent:
        agent.subscribe(told.append)
        reconfigure, now = agent.delivery.reconfigure, time.time()

        def meanwhile(*args: Any, **more: Any) -> None:
            begin(agent, NEW, "film")
            reconfigure(*args, **more)

        monkeypatch.setattr(agent.delivery, "reconfigure", meanwhile)
        agent.reconfigure(but(document, lambda d: d["streams"][1].update(stream_uuid=NEW)))
        eventually(lambda: agent.streams()[1].frames > 3)
        agent.external.end(name="film", class_="media", stopped_at=0, stream_uuid=NEW)
    end = told[-1].processes[0]
    assert end["time_interval"][0] >= iso_instant(now)
    assert end["internal_time_interval"][1] < 60_000


def test_what_is_begun_again_as_its_stream_goes_is_refused_or_belongs_to_the_new_one(
    agent: Agent, document: dict[str, Any]
) -> None:
    told: list[dict[str, Any]] = []
    refused: list[str] = []

    def again(message: ProcessMessage) -> None:
        told.extend(message.processes)
        if message.reason == "end" and message.processes[0]["omni"]["end_reason"] == "config_changed":
            try:
                begin(agent, message.stream_uuid, "again")
            except UnknownStreamError as error:
                refused.append(str(error))

    for stream in (DOOR, YARD):
        begin(agent, stream, "film")
    agent.subscribe(again)

    def door_begins_anew_and_yard_goes(d: dict[str, Any]) -> None:
        d["streams"] = [{**d["streams"][0], "crop": [0, 0, 0.5, 1]}]

    agent.reconfigure(but(document, door_begins_anew_and_yard_goes))
    assert len(refused) == 1
    assert YARD in refused[0]
    eventually(lambda: agent.streams()[0].frames > 3)
    agent.stop()
    last = {process["id"]: process for process in told}.values()
    assert [(p["name"], p["source"], p["omni"]["end_reason"]) for p in last] == [
        ("film", DOOR, "config_changed"), ("again", DOOR, "agent_stopped"), ("film", YARD, "config_changed")
    ]  # fmt: skip
    assert all(p["frame_interval"] == sorted(p["frame_interval"]) for p in told)


def test_a_stream_that_ends_late_ends_nothing_of_the_one_in_its_place(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.agent.agent.STOP_S", 0.05)
    held, go_on = threading.Event(), threading.Event()

    def hold(change: StreamChange) -> None:
        if change.stream_uuid == DOOR and not held.is_set():
            held.set()
            go_on.wait(20)

    agent = Agent(document)
    agent.subscribe_streams(hold)
    with agent:
        late = agent._pipelines[DOOR]
        assert held.wait(20)
        agent.reconfigure(but(document, lambda d: d["streams"][0].update(crop=[0, 0, 0.5, 1])))
        begin(agent, DOOR, "film")
        go_on.set()
        assert late.join(20)
        assert [process["name"] for process in agent.external.ongoing(DOOR)] == ["film"]


def test_a_name_is_nothing_to_a_stream(agent: Agent, document: dict[str, Any]) -> None:
    frames = agent.streams()[0].frames
    agent.reconfigure(but(document, lambda d: d["streams"][0].update(name="gate")))
    assert agent.streams()[0].name == "gate"
    assert agent.streams()[0].frames >= frames


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda d: d["streams"][1].update(url="none.avi"), "/streams/1/url"),
        (lambda d: d.update(map_tracking={"enabled": True}), "/map_tracking"),
        (
            lambda d: d.update(appearance={"descriptor": "none.onnx"}, pipelines={}, detector={"model": "none"}),
            "/detector",
        ),
    ],
)
def test_what_cannot_be_used_leaves_all_as_it_was(
    agent: Agent, document: dict[str, Any], change: Callable[[dict[str, Any]], object], path: str
) -> None:
    config, threads = agent.config, threading.active_count()

    def all_and(d: dict[str, Any]) -> None:
        d["streams"][0].update(crop=[0, 0, 0.5, 1])
        change(d)

    with pytest.raises(ConfigError) as caught:
        agent.reconfigure(but(document, all_and))
    assert [where for where, _ in caught.value.problems] == [path]
    assert agent.config is config
    assert threading.active_count() == threads
    assert all(status.image_size == (64, 48) for status in agent.streams())


def test_with_another_descriptor_all_begin_anew_for_looks_of_two_cannot_be_compared(
    agent: Agent, document: dict[str, Any]
) -> None:
    """The tracker would refuse the next frame, and the stream end by that."""
    for appearance, begin_anew in (({"descriptor": "colour"}, [DOOR, YARD]), ({"providers": ["CPU"]}, [])):
        assert list(agent.prepare(but(document, lambda d, a=appearance: d.update(appearance=a))).fresh) == begin_anew


def test_what_was_prepared_for_another_configuration_is_refused(agent: Agent, document: dict[str, Any]) -> None:
    prepared = agent.prepare(but(document, lambda d: d["streams"][0].update(name="a")))
    agent.reconfigure(but(document, lambda d: d["streams"][0].update(name="b")))
    with pytest.raises(RuntimeError, match="prepare"):
        agent.apply(prepared)
    assert agent.streams()[0].name == "b"


@pytest.mark.parametrize("path", NEEDS_RESTART)
def test_what_needs_a_restart_stays_as_it_runs(
    agent: Agent, document: dict[str, Any], path: str, tmp_path: Path
) -> None:
    _, *sections, name = path.split("/")
    values = {
        "host": "127.0.0.2",
        "port": 9,
        "map_tracking_path": "/floor",
        "names": ["a.example"],
        "open_endpoints": True,
        "threads": 3,
        "enabled": False,
    }
    running = agent.config

    def change(d: dict[str, Any]) -> None:
        for section in sections:
            d = d.setdefault(section, {})
        d[name] = values.get(name, str(tmp_path / "elsewhere"))

    agent.reconfigure(but(document, change))
    assert agent.config == running
    assert not (tmp_path / "elsewhere").exists()


def test_a_preparation_that_is_left_out_leaves_nothing_behind(agent: Agent, document: dict[str, Any]) -> None:
    threads, lanes = threading.active_count(), agent._scheduler.lanes
    for _ in range(3):
        agent.prepare(but(document, lambda d: d["streams"][0].update(crop=[0, 0, 0.5, 1])))
    assert (threading.active_count(), agent._scheduler.lanes) == (threads, lanes)
    agent.reconfigure(but(document, lambda d: d["streams"].pop()))
    assert agent._scheduler.lanes == lanes - 1


def test_webhooks_come_change_and_go(agent: Agent, document: dict[str, Any]) -> None:
    first, second = Inbox(), Inbox()
    try:
        hook = {"id": "a", "url": first.address}
        agent.reconfigure(but(document, lambda d: d.update(webhook_tracking_subscribers=[hook])))
        begin(agent, DOOR, "one")
        eventually(lambda: [m.reason for m in first.messages if m.reason != "ongoing"] == ["begin"])
        moved = {"id": "a", "url": second.address, "streams": [DOOR]}
        agent.reconfigure(but(document, lambda d: d.update(webhook_tracking_subscribers=[moved])))
        begin(agent, YARD, "not told")
        begin(agent, DOOR, "two")
        eventually(lambda: [m.processes[0]["name"] for m in second.messages if m.reason == "begin"] == ["two"])
        sequences = [int(m.sequence) for box in (first, second) for m in box.messages]
        assert sequences == sorted(set(sequences))  # one endpoint, one count
        agent.reconfigure(document)
        begin(agent, DOOR, "three")
        assert agent.delivery.stats()["endpoints"] == []
        assert "three" not in [m.processes[0]["name"] for m in second.messages]
    finally:
        first.receiver.stop()
        second.receiver.stop()


def test_a_region_that_is_added_is_told_of_and_no_id_comes_twice(street_clip: Path, person_model: str) -> None:
    stream = {"stream_uuid": DOOR, "url": str(street_clip), "loop": True, "pace": "fast"}
    document = {"streams": [stream], "detector": {"model": person_model, "threads": 2}}
    told: list[ProcessMessage] = []
    inbox = Inbox()
    try:
        with Agent(document) as agent:
            agent.subscribe(told.append)
            eventually(lambda: sum(m.reason == "begin" for m in told) >= 3, 60)
            hook = {"url": inbox.address, "type": "events"}
            added = {**document, "mutlistream_ROI": {"regions": [region(1)]}, "webhook_tracking_subscribers": [hook]}
            agent.reconfigure(added)
            eventually(lambda: inbox.messages, 60)
            ended = [m.processes[0]["omni"]["end_reason"] for m in told if m.reason == "end"]
            assert "config_changed" not in ended
            agent.reconfigure({**added, "streams": [{**stream, "max_fps": 5.0}]})
            count = len(told)
            eventually(lambda: sum(m.reason == "begin" for m in told[count:]) >= 2, 60)
    finally:
        inbox.receiver.stop()
    records = [process for message in told for process in message.processes]
    numbers = {(process["id"], process["numerical_id"]) for process in records}
    assert len(numbers) == len({number for _, number in numbers}) == len({id_ for id_, _ in numbers})
    finalized = [p["id"] for m in told if m.reason != "ongoing" for p in m.processes if p["finalized"]]
    assert len(finalized) == len(set(finalized))
    assert {p["id"] for p in records} == set(finalized)  # all that began has ended
    assert "config_changed" in {p["omni"].get("end_reason") for p in records}
    first_life = {p["object"]["id"] for m in told[:count] for p in m.processes}
    assert not first_life & {p["object"]["id"] for m in told[count:] if m.reason == "begin" for p in m.processes}


# The map


def view(*streams: str, shift: float = 0.0, **more: Any) -> dict[str, Any]:
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    points = [{"image": c, "map": [c[0] * 10 + shift, c[1] * 10]} for c in corners]
    return {"cameras": [{"stream_uuid": stream, "points": points} for stream in streams], **more}


def mapped(document: dict[str, Any], *views: dict[str, Any]) -> dict[str, Any]:
    return {**document, "map_tracking": {"enabled": True, "views": list(views)}}


def goes_on(agent: Agent) -> None:
    """Every stream gives frames, every map moves."""
    sequences = {tick.name: tick.sequence for tick in agent.map_ticks()}
    frames = [status.frames for status in agent.streams()]
    eventually(lambda: all(s.frames > n + 5 for s, n in zip(agent.streams(), frames, strict=True)))
    eventually(lambda: all(tick.sequence > sequences[tick.name] for tick in agent.map_ticks()))


def test_a_map_comes_changes_and_goes_while_files_wait_for_each_other(agent: Agent, document: dict[str, Any]) -> None:
    """Files of one view hold each other back; whoever changes first must not leave the other waiting for ever."""
    for document_ in (
        mapped(document, view(DOOR, YARD)),
        mapped(document, view(DOOR, YARD, shift=5.0)),
        mapped(document, view(DOOR, name="one"), view(YARD, name="two")),
        mapped(document, view(DOOR, YARD)),
        document,
    ):
        agent.reconfigure(document_)
        goes_on(agent)
    assert agent.map_ticks() == []


def test_a_map_that_is_the_same_goes_on_also_with_another_plan(
    agent: Agent, document: dict[str, Any], tmp_path: Path
) -> None:
    plan = tmp_path / "plan.png"
    cv2.imwrite(str(plan), np.zeros((8, 8, 3), np.uint8))
    agent.reconfigure(mapped(document, view(DOOR, YARD)))
    eventually(lambda: agent.map_ticks()[0].sequence > 3)
    agent.reconfigure({**mapped(document, view(DOOR, YARD, image=str(plan))), "anonymous_mode": False})
    assert agent.map_ticks()[0].sequence > 3
    with pytest.raises(ConfigError, match=r"plan .*none\.png: no such file"):  # which the next start would refuse
        agent.reconfigure(mapped(document, view(DOOR, YARD, image=str(tmp_path / "none.png"))))
    plan.unlink()
    agent.reconfigure(mapped(document, view(DOOR, YARD, image=str(plan))))  # the map itself is none the worse
    before = agent.map_ticks()[0].sequence
    agent.reconfigure(mapped(document, view(DOOR, YARD, shift=1.0)))
    assert agent.map_ticks()[0].sequence > before  # a tick is never given twice


def test_a_camera_of_a_map_is_switched_off_and_on_while_the_other_stays_on_it(
    agent: Agent, document: dict[str, Any]
) -> None:
    agent.reconfigure(mapped(document, view(DOOR, YARD)))
    for enabled in (False, True):
        switched = [{**s, "enabled": enabled or s["stream_uuid"] != YARD} for s in document["streams"]]
        agent.reconfigure({**mapped(document, view(DOOR, YARD)), "streams": switched})
        goes_on(agent)
        shown = {DOOR, YARD} if enabled else {DOOR}
        eventually(lambda: set(agent.map_state()["camera_frames_data"]) == shown)  # noqa: B023 -- at once
    with pytest.raises(ConfigError, match="is not a stream of this agent"):
        agent.reconfigure(mapped(document, view(DOOR, "7c9e6679-7425-40de-944b-e07fc1f90ae9")))


def test_a_calibration_that_gives_no_map_is_refused(agent: Agent, document: dict[str, Any]) -> None:
    wrong = view(DOOR)
    wrong["cameras"][0]["points"] = [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]
    with pytest.raises(ConfigError) as caught:
        agent.reconfigure(mapped(document, wrong))
    assert [path for path, _ in caught.value.problems] == ["/map_tracking"]
    assert agent.map_ticks() == []
