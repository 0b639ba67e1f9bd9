from __future__ import annotations

from typing import Any

from omni.process import event_errors
from omni.process.events import identification_event, non_identification_event

EVENT, PERSON = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01", "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e02"
STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
HUMAN = {"id": PERSON, "source": STREAM}


def test_who_is_matched_and_who_is_not_is_an_event_of_their_human_process() -> None:
    profile: dict[str, Any] = {"id": PERSON, "groups": [], "score": 0.97, "far": 0.0, "frr": 0.1, "distance": 0.3}
    known = identification_event(EVENT, 1_700_000_000.25, HUMAN, [profile])
    unknown = non_identification_event(EVENT, 1_700_000_000.25, HUMAN)
    for event, type_ in ((known, "identification"), (unknown, "non_identification")):
        assert event_errors(event) == []
        assert event["type"] == type_
        assert event["timestamp"] == "2023-11-14T22:13:20.250Z"
        assert event["parents"] == [{"id": PERSON, "type": "human"}]
        assert event["omni"] == {"source": STREAM}
    assert known["profiles"] == [profile]
