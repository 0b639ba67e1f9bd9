"""``omni fuse``: made-up walkers before cameras that look straight down."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.cli.mot_files import walkers

from omni.cli import main


def test_fuse_puts_two_cameras_on_one_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for camera in ("cam1", "cam2"):
        walkers(tmp_path / f"{camera}.txt")
    matrix = [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]
    cameras = {name: {"H_image_to_floor": matrix} for name in ("cam1", "cam2")}
    calibration = tmp_path / "calibration.json"
    calibration.write_text(json.dumps({"unit": "m", "image_size": [1920, 1080], "cameras": cameras}))
    floor = tmp_path / "floor.csv"
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]
    assert main([*arguments, "-o", str(floor), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 2
    assert floor.read_text().splitlines()[0] == "frame,id,x_m,y_m"


def test_fuse_reads_the_files_to_their_end_and_live_does_not(tmp_path: Path) -> None:
    with walkers(tmp_path / "cam.txt", frames=30).open("a") as file:
        file.write("40,-1,1500,900,40,120,0.1\n")  # nobody: too unsure
    calibration, floor = tmp_path / "calibration.json", tmp_path / "floor.csv"
    camera = {"H_image_to_floor": [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]}
    calibration.write_text(json.dumps({"image_size": [1920, 1080], "cameras": {"cam": camera}}))
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]

    def told(*more: str) -> set[int]:
        assert main([*arguments, "-o", str(floor), *more]) == 0
        return {int(row.split(",")[0]) for row in floor.read_text().splitlines()[1:]}

    assert told() == set(range(1, 31))
    live = told("--live")
    assert 1 not in live  # who was seen once may be nobody
    assert 31 in live  # nor is it known then that they are not seen again


@pytest.mark.parametrize("live", [[], ["--live"]])
def test_a_frame_without_rows_is_no_word_of_the_camera_that_nobody_is_there(tmp_path: Path, live: list[str]) -> None:
    """One camera stops for eight seconds in front of somebody whom another sees now and then, as a pillar lets it."""
    rows = {
        "stops": [f"{f},-1,500,500,40,120,0.9\n" for f in range(1, 141) if not 40 <= f < 120],
        "pillar": [f"{f},-1,500,500,40,120,0.9\n" for f in range(1, 141) if f % 10 == 0],
    }
    for name, lines in rows.items():
        (tmp_path / f"{name}.txt").write_text("".join(lines))
    camera = {"H_image_to_floor": [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]}
    calibration, floor = tmp_path / "calibration.json", tmp_path / "floor.csv"
    calibration.write_text(json.dumps({"image_size": [1920, 1080], "cameras": dict.fromkeys(rows, camera)}))
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]
    assert main([*arguments, "-o", str(floor), *live]) == 0
    told = np.loadtxt(floor, delimiter=",", skiprows=1)
    assert set(told[:, 1]) == {1}
    assert {60, 80, 100} <= set(told[:, 0])


def test_cameras_that_look_at_every_fifth_frame_are_fused_in_these(tmp_path: Path) -> None:
    for name, offset in (("a", 0), ("b", 2)):  # b has people from its second picture on
        rows = [f"{f},-1,{500 + 2 * f},500,40,120,0.9\n" for f in range(4 + 5 * offset, 200, 5)]
        (tmp_path / f"{name}.txt").write_text("".join(rows))
    camera = {"H_image_to_floor": [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]}
    calibration, floor = tmp_path / "calibration.json", tmp_path / "floor.csv"
    calibration.write_text(json.dumps({"image_size": [1920, 1080], "cameras": {"a": camera, "b": camera}}))
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "25"]
    assert main([*arguments, "-o", str(floor)]) == 0
    told = np.loadtxt(floor, delimiter=",", skiprows=1)
    assert told[:, 0].tolist() == list(range(4, 200, 5))
    assert set(told[:, 1]) == {1}


def fused(folder: Path, document: dict[str, object], *more: str) -> np.ndarray:
    (folder / "calibration.json").write_text(json.dumps({"image_size": [1920, 1080], **document}))
    arguments = ["fuse", "--calibration", str(folder / "calibration.json"), "--detections", str(folder), "--fps", "10"]
    assert main([*arguments, "-o", str(folder / "floor.csv"), *more]) == 0
    return np.loadtxt(folder / "floor.csv", delimiter=",", skiprows=1)


@pytest.mark.parametrize("unit", [{"unit": "cm"}, {"metres_per_unit": 0.01}, {"unit": "ft", "metres_per_unit": 0.01}])
def test_a_floor_in_another_unit_is_told_of_in_metres(tmp_path: Path, unit: dict[str, object]) -> None:
    def cameras(scale: float) -> dict[str, object]:
        start = {"a": 0.0, "b": 0.2}  # b shows everybody 0.2 m further along x
        return {
            n: {"H_image_to_floor": [[0.01 * scale, 0, x * scale], [0, 0.01 * scale, 0], [0, 0, 1]]}
            for n, x in start.items()
        }

    for camera in "ab":
        walkers(tmp_path / f"{camera}.txt", frames=100)
    corrected = tmp_path / "corrected.json"
    metres = fused(tmp_path, {"cameras": cameras(1)})
    told = fused(tmp_path, {**unit, "cameras": cameras(100)}, "--corrected", str(corrected))
    np.testing.assert_allclose(told, metres, atol=2e-3)
    document = json.loads(corrected.read_text())
    assert unit.items() <= document.items()
    apart = document["cameras"]["b"]["H_image_to_floor"][0][2] - document["cameras"]["a"]["H_image_to_floor"][0][2]
    assert abs(apart) < 10


def test_a_camera_that_recorded_nothing_is_left_out_and_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walkers(tmp_path / "a.txt")
    camera = {"H_image_to_floor": [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]}
    told = fused(tmp_path, {"cameras": {"a": camera, "off": camera, "not surveyed": {}}})
    assert set(told[:, 1]) == {1, 2}
    assert "no off.txt[.gz], not surveyed.txt[.gz]: left out" in capsys.readouterr().err


def test_boxes_that_do_not_suit_the_calibration_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walkers(tmp_path / "a.txt")
    metres = [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]
    fused(tmp_path, {"image_size": [640, 480], "cameras": {"a": {"H_image_to_floor": metres}}})
    assert "beyond" not in capsys.readouterr().err
    fused(tmp_path, {"image_size": [320, 240], "cameras": {"a": {"H_image_to_floor": metres}}})
    assert "boxes lie beyond the picture, which is calibrated as 320x240" in capsys.readouterr().err
    calibration = tmp_path / "calibration.json"
    calibration.write_text(json.dumps({"cameras": {"a": {"H_image_to_floor": [[1e6, 0, 0], [0, 1e6, 0], [0, 0, 1]]}}}))
    arguments = ["--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]
    assert main(["fuse", *arguments, "-o", str(tmp_path / "floor.csv")]) == 0
    assert "nobody is on the floor: does" in capsys.readouterr().err


def test_fuse_writes_the_calibration_without_the_offset_between_cameras(tmp_path: Path) -> None:
    for camera in ("a", "b"):
        walkers(tmp_path / f"{camera}.txt", frames=200)
    start = {"a": 0.0, "b": 0.2}  # b shows everybody 0.2 m further along x
    cameras = {n: {"H_image_to_floor": [[0.01, 0, x], [0, 0.01, 0], [0, 0, 1]]} for n, x in start.items()}
    calibration, corrected = tmp_path / "calibration.json", tmp_path / "corrected.json"
    calibration.write_text(json.dumps({"unit": "m", "cameras": cameras}))
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]

    assert main([*arguments, "-o", str(tmp_path / "floor.csv"), "--corrected", str(corrected)]) == 0

    document = json.loads(corrected.read_text())
    assert document["unit"] == "m"
    apart = document["cameras"]["b"]["H_image_to_floor"][0][2] - document["cameras"]["a"]["H_image_to_floor"][0][2]
    assert abs(apart) < 0.1


def test_a_calibration_that_cannot_be_used_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibration = tmp_path / "c.json"
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "4", "-o", "x"]
    for content in ("{", "{}", '{"cameras": {"c": {"H_image_to_floor": [[1, 0], [0, 1]]}}}'):
        calibration.write_text(content)
        assert main(arguments) == 3
        assert "c.json" in capsys.readouterr().err


def test_a_camera_that_is_there_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers of JSON would drop the first, and with it what somebody thinks is in use."""
    calibration = tmp_path / "c.json"
    calibration.write_text('{"cameras": {"west": {"H_image_to_floor": []}, "west": {"H_image_to_floor": []}}}')
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "4", "-o", "x"]
    assert main(arguments) == 3
    assert f"{calibration}: not JSON that can be used: given twice in one object: west" in capsys.readouterr().err


def test_a_calibration_names_the_camera_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibration = tmp_path / "c.json"
    for camera in "ab":
        walkers(tmp_path / f"{camera}.txt")
    matrix = [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]
    arguments = ["fuse", "--calibration", str(calibration), "--detections", str(tmp_path), "--fps", "10"]
    for document, fault in (
        ({"cameras": {}}, "no cameras in it"),
        ({"unit": "yard", "cameras": {"a": {}}}, "unit: expected m, cm, mm, ft, in, or metres_per_unit; got 'yard'"),
        ({"metres_per_unit": 0, "cameras": {"a": {}}}, "metres_per_unit: expected a number above 0, got 0"),
        ({"unit": ["m"], "cameras": {"a": {}}}, "unit: expected m, cm, mm, ft, in, or metres_per_unit; got ['m']"),
        ({"metres_per_unit": 10**400, "cameras": {"a": {}}}, "metres_per_unit: expected a number above 0, got 1000"),
        ({"cameras": {"a": None}}, 'camera a: expected {"H_image_to_floor": 3x3}, got None'),
        ({"cameras": {"a": {"H_image_to_floor": [[10**400, 0, 0], *matrix[1:]]}}}, "camera a: matrix: expected real"),
        ({"cameras": {"a": {"H_image_to_floor": matrix, "image_size": 5}}}, "camera a: image_size: expected (width"),
        ({"cameras": {"a": {"H_image_to_floor": matrix}, "b": {"H_image_to_floor": [[1]]}}}, "camera b: matrix"),
        ({"cameras": {"a": {"H_image_to_floor": matrix}, "b": {}}}, "camera b: expected 'H_image_to_floor'"),
    ):
        calibration.write_text(json.dumps(document))
        assert main([*arguments, "-o", str(tmp_path / "f.csv")]) == 3
        assert fault in capsys.readouterr().err
