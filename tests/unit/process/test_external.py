from __future__ import annotations

import json
import threading
from itertools import count
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from omni.errors import NotOpenError, StoppedError, UnknownStreamError
from omni.process import ExternalProcesses, Position, schema_errors
from omni.types import ProcessMessage, Run

A = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
B = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"


class Site:
    def __init__(self) -> None:
        self.now = (1000.0, 0)
        self.set_by = 0.0
        self.told: list[ProcessMessage] = []
        self.external = ExternalProcesses(Run(UUID(int=1), 1000.0), count(1), [A, B], self._position, self.told.append)

    def _position(self, _: str) -> Position:
        return Position(*self.now, self.now[0] - self.set_by)

    def begin(self, name: str = "clip.mp4", stream: str = A, **more: int) -> None:
        fields = {"repeats": False, "duration": 0, "started_at": 0, "class_": "media", **more}
        self.external.begin(name=name, stream_uuid=stream, **fields)  # type: ignore[arg-type]

    def end(self, name: str = "clip.mp4", stream: str = "", stopped_at: int = 0) -> None:
        self.external.end(name=name, class_="media", stopped_at=stopped_at, stream_uuid=stream)


def test_begin_and_end_tell_one_process_with_both_clocks() -> None:
    site = Site()
    site.begin(started_at=500, duration=30_000)
    site.now = (1004.25, 42)
    site.end(stopped_at=4750)
    begin, end = (message.processes[0] for message in site.told)
    assert [m.reason for m in site.told] == ["begin", "end"]
    assert schema_errors({"processes": [begin, end]}) == []
    assert (begin["id"], begin["finalized"], end["finalized"]) == (end["id"], False, True)
    assert end["internal_time_interval"] == [500, 4750]
    assert end["frame_interval"] == [0, 42]
    assert end["object"]["class"] == "media"


def test_an_end_without_its_own_time_takes_the_elapsed_one() -> None:
    site = Site()
    site.begin(started_at=500)
    site.now = (1002.0, 20)
    site.end()
    assert site.told[-1].processes[0]["internal_time_interval"] == [500, 2500]


def test_end_closes_the_last_opened_that_matches() -> None:
    site = Site()
    site.begin()
    site.begin()
    site.end()
    assert site.told[-1].processes[0]["id"] == site.told[1].processes[0]["id"]


def test_after_the_end_none_begins_for_none_would_end() -> None:
    site = Site()
    site.begin()
    site.external.stop("agent_stopped")
    with pytest.raises(StoppedError, match="stopping"):
        site.begin()
    assert [m.processes[0]["omni"].get("end_reason") for m in site.told] == [None, "agent_stopped"]
    site.external.terminate_all(stream_uuid="")
    assert len(site.told) == 2


def test_one_that_names_no_stream_is_ignored() -> None:
    site = Site()
    site.begin(stream="")
    assert site.told == []
    with pytest.raises(NotOpenError):
        site.end()


def test_an_unknown_stream_changes_nothing() -> None:
    site = Site()
    with pytest.raises(UnknownStreamError):
        site.begin(stream="00000000-0000-0000-0000-000000000000")
    assert site.told == []


def test_terminate_all_of_one_stream_and_of_all() -> None:
    site = Site()
    site.begin("a", A)
    site.begin("b", B)
    site.begin("c", B)
    site.external.terminate_all(stream_uuid=B)
    assert [m.processes[0]["name"] for m in site.told[3:]] == ["b", "c"]
    assert [p["name"] for p in site.external.ongoing(A)] == ["a"]
    site.external.terminate_all(stream_uuid="")
    assert site.told[-1].processes[0]["omni"]["end_reason"] == "terminated"


def test_calls_from_many_threads_lose_none() -> None:
    site = Site()
    threads = [threading.Thread(target=lambda: [site.begin() for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.external.ongoing(A)) == 1600
    assert len({m.processes[0]["numerical_id"] for m in site.told}) == 1600


def test_a_callback_may_end_what_just_began() -> None:
    told: list[ProcessMessage] = []

    def publish(message: ProcessMessage) -> None:
        told.append(message)
        if message.reason == "begin":
            external.terminate_all(stream_uuid="")

    external = ExternalProcesses(Run(UUID(int=1), 1000.0), count(1), [A], lambda _: Position(1000.0, 0, 0.0), publish)
    external.begin(name="a", class_="media", repeats=False, duration=0, started_at=0, stream_uuid=A)
    assert [message.reason for message in told] == ["begin", "end"]


def test_a_media_of_known_length_stands_still_at_its_end() -> None:
    site = Site()
    site.begin(started_at=500, duration=3000)
    site.now = (1001.0, 10)
    assert site.external.ongoing(A)[0]["internal_time_interval"] == [500, 1500]
    site.now = (1060.0, 600)
    site.end()
    assert site.told[-1].processes[0]["internal_time_interval"] == [500, 3000]


def test_a_loop_goes_round() -> None:
    site = Site()
    site.begin(started_at=500, duration=3000, repeats=True)
    site.now = (1007.0, 70)
    [record] = site.external.ongoing(A)
    assert (record["internal_time_interval"], record["omni"]["rounds"]) == ([500, 1500], 2)
    site.end(stopped_at=2900)
    record = site.told[-1].processes[0]
    assert record["internal_time_interval"] == [500, 2900]
    assert schema_errors({"processes": [record]}) == []


def test_of_unknown_length_it_runs_for_ever() -> None:
    site = Site()
    site.begin(repeats=True)
    site.now = (1000.0 + 86_400, 864_000)
    assert site.external.ongoing(A)[0]["internal_time_interval"] == [0, 86_400_000]


def test_an_end_names_the_stream_or_takes_the_last_of_any() -> None:
    site = Site()
    site.begin(stream=A)
    site.begin(stream=B)
    site.begin("other.mp4", stream=B)
    with pytest.raises(NotOpenError):
        site.end("other.mp4", A)
    site.end(stream=A)
    site.end()
    assert [m.stream_uuid for m in site.told[3:]] == [A, B]
    assert [p["name"] for p in site.external.ongoing(B)] == ["other.mp4"]


def test_what_is_begun_on_a_stream_that_is_over_is_over_at_once() -> None:
    """Nobody would ever end it, or tell of it."""
    site = Site()
    site.begin()
    site.external.end_stream(A, "end_of_file")
    site.begin()
    assert [m.reason for m in site.told] == ["begin", "end", "begin", "end"]
    assert site.told[-1].processes[0]["omni"]["end_reason"] == "end_of_file"
    with pytest.raises(NotOpenError):
        site.end()
    site.begin(stream=B)
    with site.external.change_streams([A, B], ended=[]):
        pass
    site.begin("still over")
    with site.external.change_streams([A, B], ended=[A]):
        pass
    site.begin("anew")
    assert [p["name"] for p in (*site.external.ongoing(A), *site.external.ongoing(B))] == ["anew", "clip.mp4"]


def test_class_is_part_of_the_key() -> None:
    site = Site()
    site.begin("a", class_="music")  # type: ignore[arg-type]
    with pytest.raises(NotOpenError, match=r"named 'a' of class 'media'"):
        site.end("a")
    assert site.told[-1].processes[0]["object"]["class"] == "music"


def test_ten_thousand_can_be_open_and_each_is_closed_once() -> None:
    site = Site()
    for i in range(10_000):
        site.begin(f"clip {i % 100}", (A, B)[i % 2])
    assert len(site.external.ongoing(A)) == len(site.external.ongoing(B)) == 5000
    for _ in range(100):
        site.end("clip 7")
    with pytest.raises(NotOpenError):
        site.end("clip 7")
    site.external.terminate_all(stream_uuid=A, end_reason="end_of_file")
    site.external.terminate_all(stream_uuid="")
    ended = [m.processes[0] for m in site.told if m.reason == "end"]
    assert len({p["id"] for p in ended}) == len(ended) == 10_000
    assert {p["omni"]["end_reason"] for p in ended} == {"ended", "end_of_file", "terminated"}
    assert site.external.ongoing(A) == site.external.ongoing(B) == []


def test_begin_and_end_from_many_threads_leave_nothing_open() -> None:
    site = Site()

    def come_and_go(name: str) -> None:
        for _ in range(200):
            site.begin(name)
            site.begin("shared")
            site.end(name)
            site.end("shared")

    threads = [threading.Thread(target=come_and_go, args=(f"clip {i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.external.ongoing(A) == []
    order: dict[str, list[str]] = {}
    for message in site.told:
        order.setdefault(message.processes[0]["id"], []).append(message.reason)
    assert set(map(tuple, order.values())) == {("begin", "end")}
    assert len(order) == 2400


def test_integers_of_numpy_come_out_plain_and_what_is_no_number_is_refused() -> None:
    site = Site()
    site.begin("Café 走廊", duration=np.int64(3000), repeats=np.bool_(True), started_at=np.uint8(7))  # type: ignore[arg-type]
    record = site.told[-1].processes[0]
    assert (record["name"], record["internal_time_interval"]) == ("Café 走廊", [7, 7])
    assert json.loads(json.dumps(record)) == record  # the standard library takes plain values only
    for wrong in (-1, 2.5, "3"):
        with pytest.raises((TypeError, ValueError)):
            site.begin(duration=wrong)  # type: ignore[arg-type]
        with pytest.raises((TypeError, ValueError)):
            site.end("Café 走廊", stopped_at=wrong)  # type: ignore[arg-type]
    assert len(site.external.ongoing(A)) == 1


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"name": ""}, ValueError, "name: expected text, not empty, got ''"),
        ({"name": None}, TypeError, "name: expected text, got NoneType"),
        ({"name": ["a"]}, TypeError, "name: expected text, got list"),
        ({"name": b"a"}, TypeError, "name: expected text, got bytes"),
        ({"name": "a\ud800"}, ValueError, "name: expected text, not empty, got 'a"),
        ({"class_": {}}, TypeError, "class_: expected text, got dict"),
        ({"class_": "\udfff"}, ValueError, "class_: expected text"),
        ({"duration": 2**64}, ValueError, "duration: expected an integer from 0 to 9223372036854775807, got 18446"),
        ({"started_at": 2**63}, ValueError, "started_at: expected an integer from 0 to"),
        ({"stream_uuid": "hall"}, ValueError, "stream_uuid: expected a UUID, or an empty text, got 'hall'"),
        ({"stream_uuid": 7}, TypeError, "stream_uuid: expected text, got int"),
    ],
)
def test_what_no_message_could_tell_of_is_refused_and_nothing_is_open(
    wrong: dict[str, Any], error: type[Exception], told: str
) -> None:
    """Before, it was open, and its messages were lost where they are written as JSON, with all that came with them."""
    site = Site()
    with pytest.raises(error, match=told):
        site.external.begin(
            **{"name": "a", "class_": "b", "repeats": False, "duration": 0, "started_at": 0, "stream_uuid": A, **wrong}
        )
    assert site.told == []
    assert site.external.ongoing(A) == []
    if wrong.keys() & {"name", "class_", "stream_uuid"}:
        with pytest.raises(error, match=told):
            site.external.end(**{"name": "a", "class_": "b", "stopped_at": 0, "stream_uuid": A, **wrong})


@pytest.mark.parametrize("set_by", [86_400.0, -86_400.0])
def test_a_clock_that_is_set_makes_a_media_neither_longer_nor_end_before_it_began(set_by: float) -> None:
    site = Site()
    site.begin(started_at=500)
    site.set_by, site.now = set_by, (1002.0 + set_by, 20)
    [record] = site.external.ongoing(A)
    assert record["internal_time_interval"] == [500, 2500]
    assert record["time_interval"][0] <= record["time_interval"][1]
    site.now = (1003.0 + set_by, 30)
    site.end()
    record = site.told[-1].processes[0]
    assert record["internal_time_interval"] == [500, 3500]
    assert record["time_interval"][0] <= record["time_interval"][1]
    assert schema_errors({"processes": [record]}) == []


def test_processes_that_nobody_ends_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("omni.process.external.MOST_OPEN", 3)
    site = Site()
    for number in range(5):
        site.begin(f"{number}.mp4")
    assert [record["name"] for record in site.external.ongoing(A)] == ["2.mp4", "3.mp4", "4.mp4"]
    ends = [m.processes[0] for m in site.told if m.reason == "end"]
    assert [(end["name"], end["omni"]["end_reason"]) for end in ends] == [
        ("0.mp4", "terminated"),
        ("1.mp4", "terminated"),
    ]
    assert [record.getMessage()[:34] for record in caplog.records] == ["external processes: 3 are open; th"]
    with pytest.raises(NotOpenError):
        site.end("0.mp4")
