"""``omni models`` on a cache of its own."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omni.cli.models import add_parser
from omni.detect.models import MODELS

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def models(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``omni models ...``; gives the exit code and what it printed as its result."""
    del empty_cache

    def run(*arguments: str) -> tuple[int, str]:
        parser = argparse.ArgumentParser("omni")
        add_parser(parser.add_subparsers())
        options = parser.parse_args(["models", *arguments])
        return options.func(options), capsys.readouterr().out

    return run


def put(folder: Path, name: str, content: bytes = b"weights") -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(content)
    about = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "package": {"version": MODELS[name].package.version},
    }
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


def test_list_names_every_model_with_its_state_and_licence(models: Command, empty_cache: Path) -> None:
    put(empty_cache, "centerface")
    code, text = models("list")
    rows = {line.split()[0]: line for line in text.splitlines()[1:]}
    assert code == 0
    assert list(rows) == list(MODELS)
    assert "ready" in rows["centerface"]
    assert "missing" in rows["nanodet-g-416"]
    assert "Apache-2.0" in rows["nanodet-g-416"]


def test_list_as_json_tells_the_origin(models: Command) -> None:
    code, text = models("list", "--json")
    documents: list[dict[str, Any]] = json.loads(text)
    assert code == 0
    assert [document["name"] for document in documents] == list(MODELS)
    for document in documents:
        assert document["state"] == "missing"
        assert document["path"] is None
        assert document["package"]["sha256"] == MODELS[document["name"]].package.sha256
        assert document["training_data"]


def test_check_fails_when_a_file_is_damaged(models: Command, empty_cache: Path) -> None:
    assert models("check") == (0, "")
    path = put(empty_cache, "centerface")
    assert models("check")[0] == 0
    path.write_bytes(b"other")
    code, text = models("check", "--json")
    assert code == 1
    assert [(row["name"], row["state"]) for row in json.loads(text)] == [("centerface", "damaged")]


def test_pull_prints_the_paths(models: Command, empty_cache: Path) -> None:
    path = put(empty_cache, "centerface")
    assert models("pull", "centerface") == (0, f"centerface  {path}\n")
    assert json.loads(models("pull", "centerface", "--json")[1]) == [{"name": "centerface", "path": str(path)}]


@pytest.mark.parametrize("arguments", [(), ("centerface", "--all")])
def test_pull_wants_either_names_or_all(models: Command, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as error:
        models("pull", *arguments)
    assert error.value.code == 2
