from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from omni.cli import main
from omni.delivery.folder import Folder


def looked(folder: Path, document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code, and for each part what was found last."""
    (folder / "run_params.json").write_text(json.dumps({"http": {"port": 0}, **document}))
    code = main(["doctor", "--config", str(folder), "--json"])
    told = json.loads(capsys.readouterr().out)
    return code, told.get("error") or {one["part"]: (one["state"], one["message"]) for one in told["findings"]}


def test_all_is_well(tmp_path: Path, person_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), np.zeros((64, 64, 3), np.uint8))
    document = {"streams": [{"name": "door", "url": str(tmp_path / "pictures")}], "detector": {"model": person_model}}
    code, found = looked(tmp_path, document, capsys)
    assert code == 0
    assert {state for state, _ in found.values()} == {"ok"}
    assert "CPUExecutionProvider" in found["people"][1]
    assert "MiB free" in found["state"][1]
    assert not (tmp_path / "state").exists(), "looking makes nothing"
    assert not (tmp_path / "outbox").exists()


def test_what_is_wrong_is_told_all_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file")
    taken = socket.create_server(("127.0.0.1", 0))
    nobody = socket.create_server(("127.0.0.1", 0))
    port, closed = taken.getsockname()[1], nobody.getsockname()[1]
    nobody.close()
    folder = Folder(tmp_path / "outbox")
    folder.take()
    document = {
        "http": {"port": port},
        "detector": {"model": "none.onnx"},
        "streams": [
            {"name": "gone", "url": "none.avi"},
            {"name": "dead", "url": f"rtsp://ann:s3cret@127.0.0.1:{closed}/1?token=s3cret"},
            {"name": "usb", "url": "/dev/video99"},
        ],
        "webhook_tracking_subscribers": [
            {"id": "x", "url": "http://h/", "streams": ["0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"]}
        ],
    }
    try:
        code, found = looked(tmp_path, document, capsys)
    finally:
        folder.release()
        taken.close()
    assert code == 1
    assert "s3cret" not in str(found)
    assert {part: state for part, (state, _) in found.items() if part != "software"} == {
        "networks": "wrong",
        "stream gone": "wrong",
        "stream dead": "wrong",
        "stream usb": "wrong",
        "webhook x": "warning",
        "state": "wrong",
        "outbox": "ok",
        "agent": "ok",
        "port": "warning",
    }
    assert "nothing listens at its port" in found["stream dead"][1]


def test_a_configuration_that_cannot_be_used_is_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = looked(tmp_path, {"strems": []}, capsys)
    assert (code, error["type"]) == (3, "config-invalid")
