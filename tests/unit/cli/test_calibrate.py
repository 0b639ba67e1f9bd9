"""``omni calibrate``: points in, quality, calibration and picture out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from omni import Homography
from omni.cli import main

TILTED = np.array([[0.041, -0.46, 83.3], [-0.106, -0.304, 113.7], [0.00068, 0.0149, 1.0]])
PIXELS = np.array([[50, 200], [500, 220], [300, 400], [80, 650], [520, 700], [260, 560], [150, 330]], float)


def points_file(path: Path, **change: Any) -> Path:
    places = Homography(TILTED, (560, 720)).map_from_image(PIXELS)
    pairs = [{"image": p, "map": m} for p, m in zip(PIXELS.tolist(), places.tolist(), strict=True)]
    pairs[4] = {**pairs[4], "map": pairs[1]["map"][::-1]}
    cameras = {"west": {"points": pairs}, "east": {"points": pairs[:4]}}
    path.write_text(json.dumps({"image_size": [560, 720], "metres_per_unit": 0.5, "cameras": cameras, **change}))
    return path


def test_a_folder_without_a_name_is_no_file_of_points(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "/", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "/: cannot be read: Is a directory"


def test_quality_calibration_and_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, calibration = points_file(tmp_path / "points.json"), tmp_path / "calibration.json"
    assert main(["calibrate", str(source), "--output", str(calibration), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    west = told["cameras"]["west"]
    assert (west["points"], west["left_out"]) == (7, [4])
    assert west["rms"] < 1e-6 < 1 < west["residuals"][4]
    document = json.loads(calibration.read_text())
    assert document["metres_per_unit"] == 0.5
    entry = document["cameras"]["west"]
    np.testing.assert_allclose(entry["H_image_to_floor"], TILTED, rtol=1e-6)
    assert entry["image_size"] == [560, 720]
    picture = cv2.imread(told["picture"])
    assert picture is not None
    assert max(picture.shape) <= 1300
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_the_table_names_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "map.png"
    assert main(["calibrate", str(points_file(tmp_path / "points.json")), "--picture", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["camera", "points", "rms", "(map)", "rms", "(m)", "worst", "point", "left", "out"]
    assert lines[1].split()[0] == "west"
    assert lines[1].split()[-1] == "4"
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cameras": {"west": {"points": [{"image": [0, 0], "map": [0, 0]}]}}}, "camera west: .*at least 4"),
        ({"cameras": {}}, "cameras"),
        ({"metres_per_unit": 0}, "metres_per_unit"),
        ({"metres_per_unit": float("inf")}, "metres_per_unit: .*less than or equal to 1000000"),
        ({"metres_per_unit": 1e-310}, "metres_per_unit: .*greater than or equal to 0.000001"),
        ({"cameras": {"west": {"points": [{"image": [0, 0, 1], "map": [0, 0]}]}}}, "cameras.west.points.0.image"),
        ({"camera": {}}, "camera: Extra"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], reason: str
) -> None:
    assert main(["calibrate", str(points_file(tmp_path / "points.json", **change))]) == 3
    error = capsys.readouterr().err
    assert re.search(reason, error), error
    assert not (tmp_path / "points.png").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON that can be used"),
        ('{"cameras": {"west": {}, "west": {}}}', "given twice in one object: west"),
        ("[" * 100_000, "not JSON that can be used"),
    ],
)
def test_what_is_no_json_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str) -> None:
    points = tmp_path / "points.json"
    points.write_text(text)
    assert main(["calibrate", str(points)]) == 3
    assert f"{points}: " in (error := capsys.readouterr().err)
    assert reason in error


def test_shares_of_the_picture_are_no_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [{"image": [x, y], "map": [3 * x, y]} for x, y in [(0.1, 0.9), (1, 0.9), (0.7, 0.3), (0.2, 0.4)]]
    source = points_file(tmp_path / "points.json", cameras={"west": {"points": pairs}})
    assert main(["calibrate", str(source)]) == 3
    assert "camera west: image: expected pixels, got numbers from 0 to 1 only" in capsys.readouterr().err
    assert not (tmp_path / "points.png").exists()


def test_points_beyond_the_picture_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(points_file(tmp_path / "points.json", image_size=[520, 699]))]) == 0
    assert "camera west: points beyond its picture of 520x699 pixels: 4\n" in capsys.readouterr().err


def test_all_cameras_that_cannot_be_used_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = {"image": [1, 1], "map": [1, 1]}
    points = tmp_path / "points.json"
    points.write_text(json.dumps({"image_size": [640, 480], "cameras": {"a": {"points": [pair]}, "b": {"points": []}}}))
    assert main(["calibrate", str(points)]) == 3
    told = capsys.readouterr().err
    assert "camera a: image_points: expected at least 4 points, got 1" in told
    assert "camera b: image_points: expected at least 4 points, got 0" in told


def test_a_lens_that_ceases_to_hold_in_the_picture_is_drawn_as_far_as_it_holds(tmp_path: Path) -> None:
    """At some pixel of the picture the place is known, and not how sure it is: there is none beside it."""
    lens = {
        "camera_matrix": [[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]],
        "distortion": [-0.362, 0, 0, 0, 0],
    }
    pixels = np.array([[400, 200], [880, 220], [600, 640], [860, 600], [380, 560], [700, 250]], float)
    matrix = np.array([[0.01, 0.0, -6.0], [0.0, -0.02, 9.0], [0.0, 0.001, 1.0]])
    places = Homography(matrix, (1280, 720), lens["camera_matrix"], lens["distortion"]).map_from_image(pixels)
    pairs = [{"image": p, "map": m} for p, m in zip(pixels.tolist(), places.tolist(), strict=True)]
    points = tmp_path / "points.json"
    points.write_text(json.dumps({"image_size": [1280, 720], "cameras": {"hall": {"points": pairs, **lens}}}))
    assert main(["calibrate", str(points)]) == 0
    assert cv2.imread(str(tmp_path / "points.png")) is not None
