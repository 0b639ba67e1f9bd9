from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.unit.delivery.conftest import Inbox, message, new_delivery

from omni.cli import main
from omni.delivery.store import FILE_NAME, Store

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def configured(folder: Path, *subscribers: dict[str, Any]) -> list[str]:
    (folder / "run_params.json").write_text(json.dumps({"webhook_tracking_subscribers": subscribers}))
    return ["--config", str(folder)]


def test_who_is_told_is_listed_without_secrets_and_with_what_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribers: tuple[dict[str, Any], ...] = (
        {"id": "site", "url": "http://user:hunter2@127.0.0.1:9/in?key=hunter2", "secret": SECRET, "paused": True},
        {"host": "::1", "port": "9", "type": "events"},
        {"id": "off", "url": "http://127.0.0.1:9/off", "enabled": False},
    )
    where = configured(tmp_path, *subscribers)
    assert main(["webhooks", "list", *where, "--json"]) == 0
    before = json.loads(capsys.readouterr().out)["webhooks"]
    assert [(row["id"], row["waiting"], row["dead"]) for row in before] == [("site", 0, 0), (before[1]["id"], 0, 0)]
    delivery = new_delivery(list(subscribers), directory=str(tmp_path / "outbox"))
    delivery.start()
    delivery.publish(message("begin", 1))
    delivery.stop()
    assert main(["webhooks", "list", *where]) == 0
    site, events = capsys.readouterr().out.splitlines()
    assert site == "site  http://127.0.0.1:9/in  processes  1 waiting  0 dead  (paused)"
    assert events.endswith("  http://[::1]:9/trigger  events  0 waiting  0 dead")


def test_a_test_says_who_takes_it_and_fails_if_one_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inbox = Inbox(SECRET)
    try:
        where = configured(
            tmp_path,
            {"id": "here", "url": inbox.address, "secret": SECRET},
            {"id": "nowhere", "url": "http://127.0.0.1:9/in"},
        )
        assert main(["webhooks", "test", "here", *where]) == 0
        assert capsys.readouterr().out.startswith("here  200  ")
        assert main(["webhooks", "test", *where, "--json"]) == 1
        here, nowhere = json.loads(capsys.readouterr().out)["webhooks"]
        assert (here["id"], here["delivered"], here["status"]) == ("here", True, 200)
        assert (nowhere["delivered"], nowhere["failure"]) == (False, "cannot be reached (nothing listens at its port)")
        assert [(m.reason, m.processes) for m in inbox.messages] == [("test", [])] * 2
        assert inbox.receiver.wrong == 0
        assert main(["webhooks", "test", "nobody", *where]) == 1
        assert "there are: here, nowhere" in capsys.readouterr().err
    finally:
        inbox.receiver.stop()


def test_an_outbox_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.delivery.log.LOCK_WAIT_S", 0.01)
    where, outbox = configured(tmp_path, {"id": "site", "url": "http://127.0.0.1:9/in"}), tmp_path / "outbox"
    outbox.mkdir()
    (outbox / FILE_NAME).touch()  # of an agent that ended at once
    assert main(["webhooks", "list", *where]) == 0
    assert main(["webhooks", "dead", *where]) == 3
    assert "no outbox" in capsys.readouterr().err
    Store(outbox / FILE_NAME, create=True).close()
    with closing(sqlite3.connect(outbox / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert main(["webhooks", "list", *where]) == 0
        for action in ("replay", "purge"):
            assert main(["webhooks", action, *where]) == 1
            assert capsys.readouterr().err.endswith("outbox.sqlite: cannot be used: database is locked\n")
    assert main(["webhooks", "purge", *where]) == 0
