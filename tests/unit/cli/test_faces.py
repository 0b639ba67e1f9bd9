"""``omni faces`` on photos of real people."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omni.cli import main
from omni.detect.models import status
from omni.faces import Gallery

GROUP = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    if any(status(name).state != "ready" for name in ("centerface", "dlib-128")):
        pytest.skip("face models are not on this machine (omni models pull centerface dlib-128)")
    (tmp_path / "run_params.json").write_text("{}")
    return tmp_path


def faces(capsys: pytest.CaptureFixture[str], site: Path, *arguments: str, code: int = 0) -> Any:
    assert main(["faces", *arguments, "--config", str(site), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_people_are_imported_matched_and_removed(
    site: Path, measured: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    photos = measured("faces-face-recognition")
    shutil.copytree(photos / "train", site / "people")
    (site / "people" / "obama" / "broken.jpg").write_bytes(b"no picture")
    imported = faces(capsys, site, "import", str(site / "people"), "--group", GROUP, code=1)
    assert {p["name"]: p["samples"] for p in imported["profiles"]} == {
        "alex_lacamoire": 1, "biden": 2, "kit_harington": 2, "obama": 2, "rose_leslie": 2,
    }  # fmt: skip
    assert [(Path(r["photo"]).name, r["why"]) for r in imported["refused"]] == [
        ("broken.jpg", "it is no picture that can be read")
    ]
    again = faces(capsys, site, "import", str(site / "people"), code=1)
    assert again["profiles"] == imported["profiles"]

    by_id = {p["id"]: p["name"] for p in imported["profiles"]}
    found = faces(capsys, site, "match", str(photos / "test" / "obama_and_biden.jpg"))["faces"]
    assert [[by_id[match["id"]] for match in face["profiles"]] for face in found] == [["biden"], ["obama"], []]
    assert found[0]["profiles"][0]["groups"] == [GROUP]

    obama = next(id_ for id_, name in by_id.items() if name == "obama")
    faces(capsys, site, "remove", obama)
    assert obama not in {p["id"] for p in faces(capsys, site, "list")["profiles"]}
    found = faces(capsys, site, "match", str(photos / "test" / "obama1.jpg"))["faces"]
    assert [face["profiles"] for face in found] == [[]]


def test_whose_name_is_no_text_is_refused_and_the_others_are_imported(
    site: Path, measured: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    photos, nobody = measured("faces-face-recognition/train/biden"), os.fsdecode(b"Ren\xe9")
    for name in ("Ann", nobody, "Zoe"):
        (site / "people" / name).mkdir(parents=True)
        shutil.copy(photos / "biden.jpg", site / "people" / name)
    imported = faces(capsys, site, "import", str(site / "people"), code=1)
    assert [profile["name"] for profile in imported["profiles"]] == ["Ann", "Zoe"]
    assert [(Path(r["photo"]).name, r["why"]) for r in imported["refused"]] == [
        (nobody, "the folder's name is not UTF-8: rename it")
    ]
    with pytest.raises(SystemExit):
        main(["faces", "add", nobody, str(photos / "biden.jpg"), "--config", str(site)])
    assert "expected a name" in capsys.readouterr().err


def test_somebody_is_added_by_photos_and_gets_more_later(
    site: Path, measured: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    photos = measured("faces-face-recognition/train/biden")
    [biden] = faces(capsys, site, "add", "Joe", str(photos / "biden.jpg"), "--group", GROUP)["profiles"]
    assert (biden["name"], biden["samples"], biden["groups"]) == ("Joe", 1, [GROUP])
    [biden] = faces(capsys, site, "add", "Joe", str(photos / "biden2.jpg"), "--profile", biden["id"])["profiles"]
    assert biden["samples"] == 2
    assert main(["faces", "list", "--config", str(site)]) == 0
    assert "Joe" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["add", "match"])
def test_what_is_no_photo_is_named(site: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["Ann"] if verb == "add" else []
    assert main(["faces", verb, *arguments, str(site / "absent.jpg"), "--config", str(site)]) == 3
    assert "absent.jpg: cannot be read: No such file" in capsys.readouterr().err


def test_of_profiles_of_which_one_is_unknown_none_is_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run_params.json").write_text("{}")
    somebody = Gallery(tmp_path / "state", "a network", 2).add("Ann", [], np.array([[1.0, 0.0]], np.float32), 0.0)
    assert main(["faces", "remove", somebody.id, GROUP, "--config", str(tmp_path)]) == 1
    assert f"no profile has the uuid {GROUP}" in capsys.readouterr().err
    assert [profile["id"] for profile in faces(capsys, tmp_path, "list")["profiles"]] == [somebody.id]


def test_a_name_clears_no_terminal(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = np.eye(1, 16, dtype=np.float32)
    Gallery(site / "state", "net", 16).add("Zo\xeb \u0645\u06cc\u200c\x1b[2J\n", [], row, 1.0)
    assert main(["faces", "list", "--config", str(site)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "Zo\xeb \u0645\u06cc\u200c\\x1b[2J\\n" in said


def test_removing_somebody_unknown_is_an_error(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces", "remove", GROUP, "--config", str(site)]) == 1
    assert f"no profile has the uuid {GROUP}" in capsys.readouterr().err
