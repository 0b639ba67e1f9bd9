from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from omni.cli import main
from omni.regions import LineCounts

DOOR, GATE = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59", "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a60"
POINTS = [{"x": 0.1, "y": 0.1}, {"x": 0.9, "y": 0.1}, {"x": 0.5, "y": 0.5}]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    trigger = {"direction": {"x": 0, "y": 1}}
    regions = [
        {"name": "door", "uuid": DOOR, "points": POINTS, "trigger_settings": trigger},
        {"name": "gate", "uuid": GATE, "points": POINTS, "trigger_settings": trigger},
        {"name": "till", "points": POINTS},
    ]
    (tmp_path / "run_params.json").write_text(json.dumps({"mutlistream_ROI": {"regions": regions}}))
    counts = LineCounts(tmp_path / "state")
    for line in (DOOR, DOOR, GATE):
        counts.add(line, "forward", 1_700_000_000.0)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["lines", *arguments, "--json"]) == 0
    return {line["name"]: line["forward"] for line in json.loads(capsys.readouterr().out)["lines"]}


def test_counters_are_listed_and_reset_by_name_uuid_or_all(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(site)]
    assert lines(capsys, "list", *config) == {"door": 2, "gate": 1}
    assert lines(capsys, "reset", "door", *config) == {"door": 0, "gate": 1}
    assert lines(capsys, "reset", GATE, *config) == {"door": 0, "gate": 0}
    assert lines(capsys, "reset", *config) == {"door": 0, "gate": 0}
    assert main(["lines", "list", *config]) == 0
    assert "door" in capsys.readouterr().out


def test_a_line_that_is_not_there_is_named(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lines", "reset", "dor", "--config", str(site)]) == 1
    assert "no line has the uuid or name 'dor'" in capsys.readouterr().err


def test_check_config_refuses_a_polygon_that_crosses_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crossed = [{"x": 0.1, "y": 0.1}, {"x": 0.9, "y": 0.9}, {"x": 0.9, "y": 0.1}, {"x": 0.1, "y": 0.9}]
    (tmp_path / "run_params.json").write_text(
        json.dumps({"mutlistream_ROI": {"regions": [{"name": "bow", "points": crossed}]}})
    )
    assert main(["check-config", str(tmp_path)]) == 3
    assert "region 'bow'" in (said := capsys.readouterr().err)
    assert "edges 0-1 and 2-3" in said
