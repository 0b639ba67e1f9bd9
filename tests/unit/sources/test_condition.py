from __future__ import annotations

import logging

import pytest

from omni.sources.condition import Condition, ConditionLog


def test_a_camera_that_is_away_for_long_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Each change is told all the same."""
    told: list[Condition] = []
    log = ConditionLog("gate", told.append)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            log.set("probing")
            log.set("backoff", "refused", "nothing listens at its port", 30.0)
        assert len(caplog.records) == 1
        for _ in range(100):
            log.set("probing")
            log.set("backoff", "silent", "it does not answer", 30.0)
        log.set("online")
        log.set("backoff", "refused", "nothing listens at its port", 1.0)
    words = [record.getMessage().split(";")[0] for record in caplog.records]
    assert words == [
        "stream gate: backoff: nothing listens at its port",
        "stream gate: backoff: it does not answer",
        "stream gate: online",
        "stream gate: backoff: nothing listens at its port",
    ]
    assert len(told) == 402


def test_who_was_never_away_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log = ConditionLog("gate")
        log.set("probing")
        log.set("online")
        log.set("ended")
    assert not caplog.records
