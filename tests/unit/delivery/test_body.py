from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from uuid import UUID

import numpy as np

from omni.delivery.body import bodies, without_pictures
from omni.delivery.store import Store
from omni.delivery.writer import LogWriter
from omni.types import ProcessMessage, Run

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def test_numbers_of_numpy_nan_and_names_of_any_script_come_out_as_json() -> None:
    record = {
        "id": "a",
        "name": "Caf\u00e9 \u8d70\u5eca \U0001f600",
        "numbers": [np.float32(0.5), np.int64(7), np.uint8(1), np.bool_(True), np.float64(0.25)],
        "array": np.arange(3),
        "unknown": [float("nan"), float("inf"), np.float32("nan")],
    }
    message = ProcessMessage("begin", STREAM, 1.0, (record,), events=(record,))
    expected = {
        "id": "a",
        "name": "Caf\u00e9 \u8d70\u5eca \U0001f600",
        "numbers": [0.5, 7, 1, True, 0.25],
        "array": [0, 1, 2],
        "unknown": [None, None, None],
    }
    processes, event = bodies(message, None)
    assert (processes.kind, event.kind) == ("processes", "events")
    assert json.loads(processes.data) == {"processes": [expected]}
    assert "\u8d70\u5eca".encode() in processes.data  # as UTF-8, not escaped
    assert json.loads(event.data) == expected


def test_an_event_beside_a_picture_is_kept_and_outlives_it(tmp_path: Path) -> None:
    event = {"id": "b", "type": "identification", "parents": [{"id": "a", "type": "human"}]}
    with_both = ProcessMessage(
        "match",
        STREAM,
        1.0,
        ({"id": "a", "numerical_id": 1, "finalized": False},),
        best_shots={"a": np.zeros((2, 2, 3), np.uint8)},
        events=(event,),
    )
    writer = LogWriter(Run(UUID(int=1), 1.0), [], lambda _: "cGljdHVyZQ==", "all", Counter())
    store = Store(tmp_path / "outbox.sqlite", create=True)
    prepared = writer.prepared(with_both, 1.0)
    assert prepared is not None
    with store:
        writer.append(store, [prepared])
        assert store.drop_pictures(10) == 1  # and not the event's
    process, told = [json.loads(one.body) for one in store.events(0, 10)]
    store.close()
    assert (list(process), told) == (["processes"], event)
    assert "best_shot" not in process["processes"][0]


def test_a_body_without_pictures_is_left_as_it_is() -> None:
    event = {"id": "b", "parents": [{"id": "a"}]}  # in an outbox of before, events may be marked as pictured
    assert json.loads(without_pictures(json.dumps(event).encode())) == event
