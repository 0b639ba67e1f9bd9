from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from omni.cli import main

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def test_the_same_files_give_the_same_bytes(street_clip: Path, person_model: str, tmp_path: Path) -> None:
    assert person_model
    folder = tmp_path / "street"
    folder.mkdir()
    capture = cv2.VideoCapture(str(street_clip))
    for i in range(12):
        readable, picture = capture.read()
        assert readable
        cv2.imwrite(str(folder / f"{i:04d}.bmp"), picture)
    capture.release()
    run_params = tmp_path / "run_params.json"
    run_params.write_text(json.dumps({"streams": [{"stream_uuid": STREAM, "url": str(folder), "loop": True}]}))
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for file in files:
        assert main(["replay", "--config", str(run_params), "-o", str(file)]) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    records = [json.loads(line) for line in first.splitlines()]
    assert {record["object"]["class"] for record in records} == {"human", "body"}
    assert records[-1]["finalized"]
    assert not (tmp_path / "outbox").exists()


def test_a_camera_cannot_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_params = tmp_path / "run_params.json"
    run_params.write_text(json.dumps({"streams": [{"name": "door", "stream_uuid": STREAM, "url": "rtsp://a/b"}]}))
    assert main(["replay", "--config", str(run_params), "-o", str(tmp_path / "r.jsonl")]) == 3
    assert "door: a camera cannot be replayed" in capsys.readouterr().err
