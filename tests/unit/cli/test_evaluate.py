from __future__ import annotations

import json
from pathlib import Path

import pytest

from omni.cli import main

MOT = "1,1,10,10,20,40,1,1,1\n"
FLOOR = "frame,id,x_m,y_m\n1,1,0,0\n"


@pytest.mark.parametrize(
    ("kind", "truth", "result", "fault"),
    [
        ("mot", "", MOT, "gt: no rows; ground truth is needed"),
        ("mot", "hello\n", MOT, "gt, line 1: expected frame,id"),
        ("mot", MOT, "1,1,nan,10,20,40\n", "result, line 1: sizes must be"),
        ("mot", MOT, "4000000000,1,1,10,20,40\n", "result, line 1: frame must be"),
        ("floor", "", FLOOR, "gt: no rows; ground truth is needed"),
        ("floor", FLOOR, "frame,id,x_m,y_m\n1,1,nan,0\n", "result, line 2: expected frame,id,x_m,y_m"),
        ("floor", FLOOR, "1,1.5,0,0\n", "result, line 1: expected frame,id,x_m,y_m, the first two whole numbers"),
        ("floor", FLOOR, "1.5,1,0,0\n", "result, line 1: expected frame,id,x_m,y_m"),
        ("floor", FLOOR, "1,1,1e300,0\n", "result, line 1: expected frame,id,x_m,y_m"),
        ("floor", FLOOR, "1,1e300,0,0\n", "result, line 1: expected frame,id,x_m,y_m"),
        ("floor", "1" * 200_000, FLOOR, "gt, line 1: expected a row of numbers"),
        ("floor", "1,1,0\n1,1,0,0\n", FLOOR, "gt, line 1: expected frame,id,x_m,y_m"),
        ("floor", "frame,id,x_m,y_m\n1,1,0\n", FLOOR, "gt, line 2: expected frame,id,x_m,y_m"),
    ],
)
def test_what_cannot_be_scored_is_named(
    tmp_path: Path, kind: str, truth: str, result: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gt").write_text(truth)
    (tmp_path / "result").write_text(result)
    more = ["--radius", "1"] if kind == "floor" else []
    assert main(["evaluate", kind, str(tmp_path / "gt"), str(tmp_path / "result"), *more, "--json"]) == 3
    assert fault in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "far"])
def test_a_radius_is_above_nought(radius: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "floor", "gt", "result", "--radius", radius])
    assert ended.value.code == 2


def test_what_the_scorer_refuses_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trackers.eval")
    (tmp_path / "gt").write_text(MOT)
    (tmp_path / "result").write_text(f"\ufeff{MOT}")
    assert main(["evaluate", "mot", str(tmp_path / "gt"), str(tmp_path / "result"), "--json"]) == 3
    assert "the scorer refuses it: " in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_radius_may_be_of_any_length(tmp_path: Path) -> None:
    pytest.importorskip("motmetrics")
    (tmp_path / "gt").write_text(FLOOR)
    assert main(["evaluate", "floor", str(tmp_path / "gt"), str(tmp_path / "gt"), "--radius", "1e308"]) == 0


def test_who_finds_nobody_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("motmetrics")
    (tmp_path / "gt").write_text(FLOOR)
    (tmp_path / "result").write_text("frame,id,x_m,y_m\n")
    assert main(["evaluate", "floor", str(tmp_path / "gt"), str(tmp_path / "result"), "--radius", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["MOTA"] == 0.0


def test_people_between_the_frames_of_the_truth_are_too_many_and_more_columns_do_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("motmetrics")
    (tmp_path / "gt").write_text("frame,id,x_m,y_m,z_m\n1,1,0,0,0.8\n3,1,0,0,0.8\n")
    (tmp_path / "result").write_text("frame,id,x_m,y_m\n1,7,0.3,0\n2,7,0,0\n3,7,0,0.4\n")
    assert main(["evaluate", "floor", str(tmp_path / "gt"), str(tmp_path / "result"), "--radius", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["MOTA"], told["switches"]) == (50.0, 0)
    assert told["error_m"] == pytest.approx(((0.3**2 + 0.4**2) / 2) ** 0.5, abs=1e-3)
