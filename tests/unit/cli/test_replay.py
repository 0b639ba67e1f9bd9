from __future__ import annotations

import contextlib
import json
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from omni import Agent, AgentConfig
from omni.cli import main
from omni.faces import Gallery
from omni.types import ProcessMessage

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LINE = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"


@pytest.fixture
def run_params(street_clip: Path, person_model: str, tmp_path: Path) -> Path:
    """The configuration of a folder with the first pictures of the demo's clip."""
    assert person_model
    folder = tmp_path / "street"
    folder.mkdir()
    capture = cv2.VideoCapture(str(street_clip))
    for i in range(12):
        readable, picture = capture.read()
        assert readable
        cv2.imwrite(str(folder / f"{i:04d}.bmp"), picture)
    capture.release()
    path = tmp_path / "run_params.json"
    path.write_text(json.dumps({"streams": [{"stream_uuid": STREAM, "url": str(folder), "loop": True}]}))
    return path


def test_the_same_files_give_the_same_bytes(run_params: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for file in files:
        assert main(["replay", "--config", str(run_params), "-o", str(file)]) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    records = [json.loads(line) for line in first.splitlines()]
    assert {record["object"]["class"] for record in records} == {"human", "body"}
    assert records[-1]["finalized"]
    assert not (tmp_path / "outbox").exists()


def test_after_a_stop_it_goes_on_to_the_same_bytes(
    run_params: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    assert main(["replay", "--config", str(run_params), "-o", str(whole)]) == 0
    seen = tmp_path / "stopped.jsonl.seen"

    def interrupt(_: Agent, timeout_s: float | None = None) -> bool:
        assert timeout_s is not None
        while seen.read_bytes().count(b"\n") < 5:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Agent, "wait", interrupt)
        assert main(["replay", "--config", str(run_params), "-o", str(stopped)]) == 130
    assert not stopped.exists()
    with seen.open("a") as file:
        file.write("0123 half a li")  # as a killed one leaves it
    capsys.readouterr()
    assert main(["replay", "--config", str(run_params), "-o", str(stopped), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 12
    assert told["recalled"] >= 5
    assert stopped.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("stopped*")) == ["stopped.jsonl"]


@pytest.mark.parametrize("faces", [True, False])
def test_of_the_state_folder_only_the_gallery_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: bool
) -> None:
    Gallery(tmp_path / "state", "a network", 128)
    before = sorted((tmp_path / "state").iterdir())
    corners = [{"x": 0.4, "y": 0.0}, {"x": 0.6, "y": 0.0}, {"x": 0.5, "y": 1.0}]
    line = {"uuid": LINE, "name": "door", "points": corners, "trigger_settings": {"direction": {"x": 1, "y": 0}}}
    document = {"streams": [], "pipelines": {"face": {"enabled": faces}}, "mutlistream_ROI": {"regions": [line]}}
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    given = []

    def made(config: AgentConfig, **more: Any) -> Agent:
        given.append(config.state_folder)
        return Agent(config.model_copy(update={"pipelines": AgentConfig().pipelines}), **more)

    monkeypatch.setattr("omni.agent.Agent", made)
    assert main(["replay", "--config", str(tmp_path), "-o", str(tmp_path / "r.jsonl")]) == 0
    assert given == [str(tmp_path / "state") if faces else None]
    assert sorted((tmp_path / "state").iterdir()) == before


def test_pictures_of_a_long_recording_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(contextlib.nullcontext[None]):
        def streams(self) -> list[Any]:
            return [SimpleNamespace(stream_uuid=STREAM, state="ended")]

        def subscribe(self, callback: Callable[[ProcessMessage], None]) -> None:
            self.tell = callback

        def wait(self, _: float) -> bool:
            picture = np.zeros((9, 9, 3), np.uint8)
            self.tell(ProcessMessage("end", STREAM, 1.0, ({"id": "a"},), best_shots={"a": picture}))
            kept = weakref.ref(picture)
            del picture
            assert kept() is None
            return True

        def stats(self) -> dict[str, int]:
            return {"frames": 1}

    monkeypatch.setattr("omni.agent.Agent", lambda *_, **__: Busy())
    (tmp_path / "run_params.json").write_text('{"streams": []}')
    assert main(["replay", "--config", str(tmp_path), "-o", str(tmp_path / "r.jsonl")]) == 0
    assert (tmp_path / "r.jsonl").read_text() == '{"id": "a"}\n'


def test_a_camera_cannot_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_params = tmp_path / "run_params.json"
    run_params.write_text(json.dumps({"streams": [{"name": "door", "stream_uuid": STREAM, "url": "rtsp://a/b"}]}))
    assert main(["replay", "--config", str(run_params), "-o", str(tmp_path / "r.jsonl")]) == 3
    assert "door: a camera cannot be replayed" in capsys.readouterr().err
