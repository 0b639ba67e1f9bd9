from __future__ import annotations

import json
from pathlib import Path

import pytest

from omni.cli import main
from omni.tokens import Tokens, digest_of


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    (tmp_path / "run_params.json").write_text("{}")
    return ["--config", str(tmp_path)]


def test_a_token_is_printed_once_alone_on_standard_output(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tokens", "add", "wall", "--scopes", "read,faces", *config]) == 0
    token = capsys.readouterr().out.strip()
    found = Tokens(tmp_path / "state").find(digest_of(token))
    assert found is not None
    assert (found.name, found.scopes) == ("wall", ("read", "faces"))
    assert main(["tokens", "list", *config]) == 0
    said = capsys.readouterr()
    assert "wall" in said.out
    assert "read,faces" in said.out
    assert token not in said.out + said.err


def test_json(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", "add", "wall", "--json", *config]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["name"], made["scopes"]) == ("wall", ["read"])
    assert main(["tokens", "remove", "wall", "--json", *config]) == 0
    assert json.loads(capsys.readouterr().out) == {"tokens": []}


def test_what_cannot_be_is_one_line(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", "add", "wall", "--scopes", "raed", *config]) == 3
    assert "expected some of read, control, config, faces, got raed" in capsys.readouterr().err
    assert main(["tokens", "remove", "wall", *config]) == 3
    assert "no token is named 'wall'" in capsys.readouterr().err


def test_serve_refuses_another_address_without_a_token(
    config: list[str], person_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert person_model
    assert main(["serve", "--host", "0.0.0.0", "--port", "0", *config]) == 3
    assert "omni tokens add NAME" in capsys.readouterr().err
