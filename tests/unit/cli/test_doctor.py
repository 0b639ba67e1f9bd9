from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.delivery.conftest import new_delivery

from omni.cli import main

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture(autouse=True)
def without_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMNI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OMNI_MODELS", raising=False)


def doctor(folder: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> tuple[int, dict[str, Any]]:
    document = {
        "streams": [{"stream_uuid": UUID, "name": "gate", "url": "rtsp://user:hunter2@127.0.0.1:9/1"}],
        "pipelines": {"body_detector": {"enabled": False}},
        "webhook_tracking_subscribers": [{"url": "http://user:hunter2@127.0.0.1:9/in"}],
        **more,
    }
    (folder / "run_params.json").write_text(json.dumps(document))
    code = main(["doctor", "--config", str(folder), "--json"])
    text = capsys.readouterr().out
    assert "hunter2" not in text
    return code, json.loads(text)


def test_what_is_in_use_is_told_also_beside_a_running_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = doctor(tmp_path, capsys)
    assert (code, found["problems"], found["running"]) == (0, [], False)
    assert found["streams"] == [{"name": "gate", "url": "rtsp://***@127.0.0.1:9/1"}]
    assert (found["webhooks"], found["views"], found["models"]) == (["http://127.0.0.1:9/in"], [], {})
    assert {"onnxruntime", "python", "rust"} <= set(found["software"])
    delivery = new_delivery([], directory=str(tmp_path / "outbox"))
    delivery.start()
    try:
        code, found = doctor(tmp_path, capsys)
    finally:
        delivery.stop()
    assert (code, found["problems"], found["running"]) == (0, [], True)


def test_what_is_wrong_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, found = doctor(tmp_path, capsys, map_tracking={"enabled": True})
    assert (code, found["problems"]) == (1, ["map tracking: enabled, but map_tracking.views is empty"])
    code, found = doctor(tmp_path, capsys, streems=[])
    [problem] = found["problems"]
    assert code == 3
    assert 'did you mean "streams"?' in problem
    assert main(["doctor", "--config", str(tmp_path)]) == 3
    assert f"wrong: {problem}" in capsys.readouterr().out.splitlines()
    monkeypatch.setenv("OMNI_MODELS", str(tmp_path / "none"))
    code, found = doctor(tmp_path, capsys)
    assert (code, found["models"]) == (1, {})
    assert found["problems"][0].startswith("OMNI_MODELS: expected a folder")
