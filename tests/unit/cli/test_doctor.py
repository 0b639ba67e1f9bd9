from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from omni.cli import main


def examined(capsys: pytest.CaptureFixture[str], folder: Path, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    (folder / "run_params.json").write_text(json.dumps(document))
    code = main(["doctor", "--config", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = examined(capsys, tmp_path, {"pipelines": {"body_detector": {"enabled": False}}})
    assert (code, told["ok"], told["problems"], told["networks"]) == (0, True, [], [])
    assert {"omni", "onnxruntime", "opencv", "python", "rust"} <= set(told["software"])
    assert main(["doctor", "--config", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "all is well"


def test_one_fault_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corners = [{"x": x, "y": y} for x, y in ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))]
    code, told = examined(
        capsys,
        tmp_path,
        {
            "streams": [{"url": "none.avi"}, {"url": "nowhere.avi"}],
            "detector": {"model": "no-such-model"},
            "mutlistream_ROI": {"regions": [{"name": "bow", "points": corners}]},
        },
    )
    assert (code, told["ok"]) == (1, False)
    for fault in ("no-such-model", "none.avi", "nowhere.avi", "region 'bow'"):
        assert any(fault in problem for problem in told["problems"]), fault


def test_a_configuration_that_is_none_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = examined(capsys, tmp_path, {"stremas": []})
    assert code == 1
    assert 'did you mean "streams"?' in told["problems"][0]
