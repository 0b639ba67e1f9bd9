from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from omni.cli import main


def test_check_config_tells_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run_params.json").write_text(json.dumps({"streams": [{"url": "a.avi"}]}))
    assert main(["check-config", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "streams": 1, "regions": 0, "views": 0, "subscribers": 0}


def test_check_config_of_a_wrong_one_is_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run_params.json").write_text('{"stream": []}')
    assert main(["check-config", str(tmp_path)]) == 3
    assert 'did you mean "streams"' in capsys.readouterr().err


def test_check_config_names_every_polygon_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crossed = [{"x": x, "y": y} for x, y in ((0, 0), (1, 1), (1, 0), (0, 1))]
    regions = [{"name": name, "points": crossed} for name in "ab"]
    (tmp_path / "run_params.json").write_text(json.dumps({"mutlistream_ROI": {"regions": regions}}))
    assert main(["check-config", str(tmp_path), "--json"]) == 3
    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert [problem["path"] for problem in problems] == [f"/mutlistream_ROI/regions/{i}" for i in range(2)]


@pytest.mark.parametrize(
    ("views", "why"),
    [
        ([], "views is empty"),
        ([{"name": "hall"}], "view 'hall', camera .*all on one line"),
        ([{"name": "yard"}], "yard"),
    ],
)
def test_check_config_names_what_turns_the_map_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], views: list[dict[str, Any]], why: str
) -> None:
    uuid, other = "7c9e6679-7425-40de-944b-e07fc1f90ae7", "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
    points = [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]
    for view in views:
        camera = {"stream_uuid": other if view["name"] == "yard" else uuid, "points": points}
        view |= {"cameras": [camera], "image": "of-another-machine.png"}
    streams = [{"stream_uuid": uuid, "url": "a.avi"}]
    document: dict[str, Any] = {"streams": streams, "map_tracking": {"enabled": True, "views": views}}
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    assert main(["check-config", str(tmp_path)]) == 3
    assert re.search(f"map tracking: .*{why}", capsys.readouterr().err)
    document["map_tracking"]["enabled"] = False
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    assert main(["check-config", str(tmp_path)]) == 0


def test_check_config_names_all_that_turns_the_map_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uuids = [f"7c9e6679-7425-40de-944b-e07fc1f90ae{i}" for i in range(3)]
    line = [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]
    cameras = [{"stream_uuid": uuid, "points": line} for uuid in uuids]
    views = [{"name": "hall", "cameras": cameras}, {"name": "yard", "cameras": cameras[:1]}]
    streams = [{"stream_uuid": uuid, "url": "a.avi"} for uuid in uuids[:2]]
    document = {"streams": streams, "map_tracking": {"enabled": True, "views": views}}
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    assert main(["check-config", str(tmp_path), "--json"]) == 3
    told = [problem["message"] for problem in json.loads(capsys.readouterr().out)["error"]["problems"]]
    places = [*(("hall", uuid) for uuid in (*uuids, uuids[2])), ("yard", uuids[0])]
    assert [(view in message, uuid in message) for (view, uuid), message in zip(places, told, strict=True)] == [
        (True, True)
    ] * 5


def test_schemas_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    for of in ("processes", "events", "config"):
        assert main(["schema", of]) == 0
        assert "$defs" in json.loads(capsys.readouterr().out)
