from __future__ import annotations

import json

import numpy as np

from omni.delivery.body import bodies, event_bodies
from omni.types import ProcessMessage

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
    [body] = bodies(message, None)
    assert json.loads(body) == {"processes": [expected]}
    assert "\u8d70\u5eca".encode() in body  # as UTF-8, not escaped
    [body] = event_bodies(message)
    assert json.loads(body) == expected
