from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from omni.cli import main
from omni.cli.output import page_address, whole_file


def test_an_address_can_be_clicked_on() -> None:
    assert page_address("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert page_address("::1", 8080) == "http://[::1]:8080/"


def test_a_file_that_fails_on_the_way_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"before")
    with contextlib.suppress(KeyboardInterrupt), whole_file(path, "wb") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("arguments", [["bench", "tracker", "--save"], ["calibrate", "points.json", "--picture"]])
def test_where_nothing_can_be_written_nothing_is_worked_for(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("omni.cli.bench._measure", lambda _: pytest.fail("it was measured"))
    pairs = [{"image": [x, y], "map": [x, y]} for x, y in ((0, 0), (9, 0), (0, 9), (9, 9))]
    Path("points.json").write_text(json.dumps({"cameras": {"a": {"points": pairs}}}))
    assert main([*arguments, "none/result"]) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("omni: none/result: cannot be written")
