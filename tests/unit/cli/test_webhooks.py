from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omni.cli import main
from omni.receiver import Received, Receiver

NOBODY = "http://127.0.0.1:9/trigger"  # the port of "discard", where nothing listens


@pytest.fixture
def received() -> Iterator[tuple[str, list[Received]]]:
    seen: list[Received] = []
    receiver = Receiver(seen.append)
    yield receiver.start("127.0.0.1", 0), seen
    receiver.stop()


def told(
    capsys: pytest.CaptureFixture[str], folder: Path, urls: list[str], *arguments: str
) -> tuple[int, dict[str, Any]]:
    subscribers = [{"url": url} for url in urls]
    (folder / "run_params.json").write_text(json.dumps({"webhook_tracking_subscribers": subscribers}))
    code = main(["webhooks", *arguments, "--config", str(folder), "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else {}


def test_who_is_told_is_listed_and_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], received: tuple[str, list[Received]]
) -> None:
    address, seen = received
    code, listed = told(capsys, tmp_path, [address, NOBODY], "list")
    assert code == 0
    assert [(one["endpoint"], one["waiting"], one["dead"]) for one in listed["endpoints"]] == [
        (address, 0, 0),
        (NOBODY, 0, 0),
    ]
    there, not_there = (one["id"] for one in listed["endpoints"])
    code, tested = told(capsys, tmp_path, [address, NOBODY], "test")
    assert code == 1
    assert [(one["id"], one["delivered"]) for one in tested["tested"]] == [(there, True), (not_there, False)]
    assert "cannot be reached" in tested["tested"][1]["failure"]
    assert told(capsys, tmp_path, [address, NOBODY], "test", there)[0] == 0
    assert [message.wrong for message in seen] == [[], []]
    assert not (tmp_path / "outbox").exists()


def test_nobody_to_test_and_an_unknown_one_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, tmp_path, [], "test")[0] == 3
    assert told(capsys, tmp_path, [NOBODY], "test", "nope")[0] == 1
