from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.delivery.conftest import Inbox, message, new_delivery

from omni.cli import main

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


@pytest.mark.parametrize("value", ["", "whsec_", "hunter2!"])
def test_a_receiver_does_not_listen_with_what_is_no_secret(
    value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OF_THE_RECEIVER", value)
    assert main(["webhooks", "listen", "--port", "0", "--secret-env", "OF_THE_RECEIVER"]) == 3
    told = capsys.readouterr().err
    assert "--secret-env" in told
    assert "hunter2" not in told
