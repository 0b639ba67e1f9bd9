from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.delivery.conftest import Inbox

from omni.cli import main

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_who_is_told_and_whether_they_can_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inbox = Inbox(SECRET)
    subscribers = [
        {"id": "well", "url": inbox.address, "secret": SECRET},
        {"id": "away", "url": "http://ann:s3cret@127.0.0.1:9/x?key=s3cret", "type": "events", "paused": True},
        {"id": "off", "url": "http://127.0.0.1:9/y", "enabled": False},
    ]
    (tmp_path / "run_params.json").write_text(json.dumps({"webhook_tracking_subscribers": subscribers}))
    config = ["--config", str(tmp_path), "--json"]
    try:
        assert main(["webhooks", "list", *config]) == 0
        told = capsys.readouterr().out
        assert [(one["id"], one["type"], one["waiting"]) for one in json.loads(told)["webhooks"]] == [
            ("well", "processes", 0),
            ("away", "events", 0),
        ]
        assert main(["webhooks", "test", "well", *config]) == 0
        assert json.loads(capsys.readouterr().out)["tests"] == [
            {"id": "well", "delivered": True, "status": 200, "failure": ""}
        ]
        assert [(m.reason, m.processes) for m in inbox.messages] == [("test", [])]
        assert main(["webhooks", "test", *config]) == 1
        told += (out := capsys.readouterr().out)
        assert [one["delivered"] for one in json.loads(out)["tests"]] == [True, False]
        assert main(["webhooks", "test", "off", *config]) == 1
        assert "no webhook 'off'; there are: well, away" in json.loads(capsys.readouterr().out)["error"]["message"]
    finally:
        inbox.receiver.stop()
    assert "s3cret" not in told
    assert not (tmp_path / "outbox").exists()
