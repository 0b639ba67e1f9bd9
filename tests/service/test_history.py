"""The history over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.service.fakes import Server
from tests.unit.history.conftest import LINE, REGION, STREAM, T0, crossing, message, record, stay, uuid

from omni.history import History, Shots
from omni.process import stream_errors, stream_event
from omni.types import ProcessMessage, StreamChange


@pytest.fixture
def kept(server: Server, tmp_path: Path) -> Iterator[History]:
    shots = Shots(lambda _: "/9j/", anonymous=False)
    history = History(tmp_path, retention_days=30, max_bytes=1 << 30, shots=shots, clock=lambda: T0)
    history.start()
    records = [record(n, begin_s=n) for n in range(1, 6)]
    history.record(message(*records, crossing(8, 1, 5), stay(9, 0, 60), shots={uuid(1): np.zeros((2, 2, 3), np.uint8)}))
    assert history.flush(5)
    server.agent.history = history
    yield history
    history.stop()


def test_without_a_history_it_is_said(server: Server) -> None:
    answer = server.call("/api/v1/processes")
    assert (answer.status, answer.document["type"]) == (409, "urn:omni:problem:history-off")


def test_pages(server: Server, kept: History) -> None:
    assert kept
    first = server.call("/api/v1/processes?type=track&limit=3").document
    rest = server.call(f"/api/v1/processes?type=track&limit=3&cursor={first['next']}").document
    assert [p["numerical_id"] for p in first["processes"] + rest["processes"]] == [5, 4, 3, 2, 1]
    assert (rest["next"], rest["best_shots"]) == (None, [uuid(1)])


def test_what_streams_did(server: Server, kept: History) -> None:
    states = ["probing", "online", "backoff"]
    for i, state in enumerate(states):
        change = StreamChange(STREAM if i else LINE, "gate", T0 + i, state, "", "", None)
        event = stream_event(uuid(50 + i), change)
        kept.record(ProcessMessage("stream", change.stream_uuid, change.timestamp, (), events=(event,)))
    assert kept.flush(5)
    first = server.call("/api/v1/stream_changes?limit=2").document
    rest = server.call(f"/api/v1/stream_changes?limit=2&cursor={first['next']}").document
    assert [change["state"] for change in first["changes"] + rest["changes"]] == states[::-1]
    assert rest["next"] is None
    [one] = server.call(f"/api/v1/stream_changes?stream={STREAM}&to={T0 + 2:.0f}").document["changes"]
    assert stream_errors(one) == []
    assert (one["state"], one["stream"]) == ("online", {"uuid": STREAM, "name": "gate"})
    assert server.call("/api/v1/processes?type=track").document["processes"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("stream_changes?limit=0", "$.limit"),
        ("stream_changes?cursor=nonsense", "$.cursor"),
        ("processes?limit=0", "$.limit"),
        ("processes?cursor=nonsense", "$.cursor"),
        ("processes?stream=x", "$.stream"),
        ("processes/export?format=xml", "$.format"),
        ("counts?bucket_s=0", "$.bucket_s"),
        ("counts?bucket_s=1", "$.bucket_s"),
        ("counts?from=20&to=10", "$.to"),
        (f"counts?from=1&to=100&bucket_s={2**63 - 1}", "$.bucket_s"),
        (f"processes?from={2**63 - 1}", "$.from"),
        (f"processes/export?to={2**63 - 1}", "$.to"),
        (f"stream_changes?to={2**63 - 1}", "$.to"),
        *[(f"{path}?to=0", "$.to") for path in ("processes", "processes/export", "stream_changes", "counts")],
        ("occupancy", "$.region"),
        *[
            (f"{path}?{name}=9223372036854775807", f"$.{name}")
            for path in ("processes", "processes/export", "stream_changes", "counts")
            for name in ("from", "to")
        ],
        ("counts?bucket_s=9223372036854775807", "$.bucket_s"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(server: Server, kept: History, path: str, field: str) -> None:
    assert kept
    answer = server.call(f"/api/v1/{path}")
    assert (answer.status, answer.document["field"]) == (400, field)


def test_exports(server: Server, kept: History) -> None:
    assert kept
    as_json = server.call("/api/v1/processes/export?format=json")
    assert len(as_json.document["processes"]) == 7
    assert "attachment" in as_json.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(server.call("/api/v1/processes/export?format=csv").body.decode())))
    assert [row["id"] for row in rows] == [process["id"] for process in as_json.document["processes"]]
    nothing = server.call(f"/api/v1/processes/export?person={uuid(77)}").document
    assert nothing == {"processes": []}


def test_best_shots(server: Server, kept: History) -> None:
    assert kept
    assert server.call(f"/api/v1/processes/{uuid(1)}/best_shot").body == b"\xff\xd8\xff"
    missing = server.call(f"/api/v1/processes/{uuid(2)}/best_shot")
    assert (missing.status, missing.document["type"]) == (404, "urn:omni:problem:no-best-shot")


def test_figures(server: Server, kept: History) -> None:
    assert kept
    span = f"from={int(T0)}&to={int(T0) + 60}&bucket_s=30"
    assert server.call(f"/api/v1/counts?line={LINE}&{span}").document["buckets"][0]["forward"] == 1
    found = server.call(f"/api/v1/occupancy?region={REGION}&{span}").document["buckets"]
    assert [bucket["max"] for bucket in found] == [1, 1]
