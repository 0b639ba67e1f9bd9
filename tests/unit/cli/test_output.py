from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from omni.cli import main
from omni.cli.output import page_address, whole_file
from omni.cli.unfinished import Unfinished


def test_an_address_can_be_clicked_on() -> None:
    assert page_address("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert page_address("::1", 8080) == "http://[::1]:8080/"


def test_a_result_may_be_read_by_whoever_might_read_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "result"
    path.touch(0o600)
    with whole_file(path) as file:
        file.write("new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    with Unfinished(path, {}) as unfinished:
        unfinished.write(1, ["row\n"])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("row\n", 0o600)


def test_a_file_that_fails_on_the_way_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"before")
    with contextlib.suppress(KeyboardInterrupt), whole_file(path, "wb") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("track det.txt --fps 10 -o det.txt", "--output: det.txt is read as well"),
        ("track det.txt --fps 10 -o ./link.txt", "--output: link.txt is read as well"),
        ("track det.txt --fps 10 -o hard.txt", "--output: hard.txt is read as well"),
        ("track det.txt --fps 10 -o c.json --calibration c.json", "--output: c.json is read as well"),
        ("detect clip.avi -o clip.avi", "--output: clip.avi is read as well"),
        ("detect clip.avi -o net.onnx --model net.onnx", "--output: net.onnx is read as well"),
        ("fuse --calibration c.json --detections . --fps 10 -o a.txt", "--output: a.txt is read as well"),
        (
            "fuse --calibration c.json --detections . --fps 10 -o new/../n.csv --corrected n.csv",
            "--corrected: n.csv is written by --output as well",
        ),
        (
            "fuse --calibration c.json --detections . --fps 10 -o n.csv --corrected c.json",
            "--corrected: c.json is read as well",
        ),
        ("calibrate c.json -o new.png --picture new.png", "--output: new.png is written by --picture as well"),
        ("calibrate c.png", "--picture: c.png is read as well"),
        ("replay --config run_params.json -o run_params.json", "--output: run_params.json is read as well"),
        ("replay --config . -o clip.avi", "--output: clip.avi is read as well"),
    ],
)
def test_no_file_is_for_two_things(
    command: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new").mkdir()
    for name in ("det.txt", "a.txt", "clip.avi", "net.onnx", "c.png"):
        Path(name).write_text("as it was")
    Path("link.txt").symlink_to("det.txt")
    Path("hard.txt").hardlink_to("det.txt")
    Path("c.json").write_text('{"cameras": {"a": {"H_image_to_floor": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}}}')
    stream = {"stream_uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "url": "clip.avi"}
    Path("run_params.json").write_text(json.dumps({"streams": [stream]}))
    before = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert main(command.split()) == 2
    assert capsys.readouterr().err == f"omni: {told}; name another file\n"
    assert {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


def test_devices_take_any_number_of_results(tmp_path: Path) -> None:
    pairs = [{"image": [x, y], "map": [x, y]} for x, y in ((0, 0), (9, 0), (0, 9), (9, 9))]
    (tmp_path / "points.json").write_text(json.dumps({"cameras": {"a": {"points": pairs}}}))
    assert main(["calibrate", str(tmp_path / "points.json"), "--picture", "/dev/null", "-o", "/dev/null"]) == 0


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
