"""What every verb does with what goes wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from omni.cli import main


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"http": {"port": %s}}' % ("9" * 5000)])
def test_a_failure_is_json_too_where_json_is_asked_for(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run_params.json").write_text(text)
    assert main(["check-config", str(tmp_path), "--json"]) == 3
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["type"] == "config-invalid"
    assert error["message"] in told.err
    assert main(["check-config", str(tmp_path)]) == 3
    assert capsys.readouterr().out == ""


def test_each_fault_of_a_configuration_is_an_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run_params.json").write_text(json.dumps({"strems": [], "http": {"port": 99999}}))
    assert main(["check-config", str(tmp_path), "--json"]) == 3
    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert {problem["path"] for problem in problems} == {"/strems", "/http/port"}


def test_wrong_use_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["webhooks", "replay", "--id", "seven", "--json"])
    assert ended.value.code == 2
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "wrong-use"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["serve", "--port", "99999"], "expected a port from 0 to 65535"),
        (["webhooks", "purge", "--since", "yesterday"], "expected a time such as 2026-11-30T17:00"),
        (["webhooks", "replay", "--id", "99999999999999999999"], "expected the number of a letter"),
        (["webhooks", "purge", "--id", "-1"], "expected the number of a letter"),
        (["webhooks", "dead", "--endpoint", "a\udcff"], "expected text"),
        (["faces", "add", " ", "photo.jpg"], "expected a name"),
        (["webhooks", "listen", "--path", "trigger"], "expected a path that begins with /"),
        (["webhooks", "listen", "--count", "0"], "expected a number from 1 on"),
        (["demo", "--seconds", "nan"], "expected seconds"),
        (["replay", "--started-at", "nan", "-o", "r.jsonl"], "expected seconds"),
        (["detect", "a.avi", "-o", "d.txt", "--confidence", "7"], "expected a number from 0 to 1"),
    ],
)
def test_wrong_arguments_say_what_is_expected(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert expected in capsys.readouterr().err


def test_who_reads_no_further_is_no_fault() -> None:
    """As ``head`` does, once it has its lines."""
    command = f"{sys.executable} -m omni.cli schema config | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_the_machine_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device", "somewhere/file")

    monkeypatch.setattr("omni.cli.configuration.print_schema", fail)
    assert main(["schema", "--json"]) == 1
    told = capsys.readouterr()
    assert told.err == "omni: somewhere/file: No space left on device\n"
    assert json.loads(told.out)["error"]["type"] == "machine"


@pytest.mark.parametrize("verb", ["serve", "run"])
def test_a_service_that_is_ended_while_it_starts_was_not_interrupted(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A supervisor takes the code of an interruption for a failure."""

    def end(_: Path) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("omni.config.logs.log_as_configured", end)
    assert main([verb, "--config", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "omni: stopped while it was starting\n"
