"""Standard streams that are closed, full, or read by somebody who wants no more."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.cli.mot_files import walkers

from omni.cli import main
from omni.cli.standard import Lines


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of the shell's, in which ``omni`` is this one."""
    line = f'omni() {{ "{sys.executable}" -m omni.cli "$@"; }}; {command}'
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("omni schema config >&-", "omni: standard output: Bad file descriptor\n"),
        ("omni schema config >/dev/full", "omni: standard output: No space left on device\n"),
        ("omni schema config 2>&- | true; exit ${PIPESTATUS[0]}", ""),
    ],
)
def test_a_result_that_nobody_gets_is_no_success(command: str, told: str, tmp_path: Path) -> None:
    done = run(command, tmp_path)
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.parametrize("closed", ["2>/dev/full", "<&- >&- 2>&-"])
def test_a_result_in_a_file_needs_nobody_who_reads_the_rest(closed: str, tmp_path: Path) -> None:
    walkers(tmp_path / "det.txt")
    done = run(f"omni track det.txt --fps 10 --live -o tracks.txt {closed}", tmp_path)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    rows = (tmp_path / "tracks.txt").read_text().splitlines()
    assert rows
    assert all(len(row.split(",")) == 10 for row in rows)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("-o >(cat > rows); wait $!", 0),  # the shell does not wait for what it has begun there
        ("-o /dev/stdout >> log; mv log rows", 1),
        ("-o - >> log; mv log rows", 1),
    ],
)
def test_a_result_goes_where_the_shell_leads_it_behind_what_is_there(where: str, kept: int, tmp_path: Path) -> None:
    walkers(tmp_path / "det.txt")
    (tmp_path / "log").write_text("kept\n")
    done = run(f"omni track det.txt --fps 10 --live {where}", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    rows = (tmp_path / "rows").read_text().splitlines()
    assert rows[:kept] == ["kept"][:kept]
    assert [row.split(",")[0] for row in rows[kept:]][-1] == "30"


@pytest.mark.parametrize("where", ["-o /dev/stdout --json | cat", "-o - --json | cat", "-o both --json >> both"])
def test_two_results_never_go_into_one(where: str, tmp_path: Path) -> None:
    walkers(tmp_path / "det.txt")
    done = run(f"set -o pipefail; omni track det.txt --fps 10 --live {where}", tmp_path)
    assert done.returncode == 2
    assert "is standard output, which has a result as well; name another file" in done.stderr


def test_a_descriptor_that_is_not_open_is_told(tmp_path: Path) -> None:
    walkers(tmp_path / "det.txt")
    done = run("omni track det.txt --fps 10 --live -o /dev/fd/77", tmp_path)
    assert (done.returncode, done.stderr) == (3, "omni: /dev/fd/77: cannot be written: Bad file descriptor\n")


def test_a_replay_into_a_device_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "run_params.json").write_text('{"streams": []}')
    (tmp_path / "null").symlink_to("/dev/null")
    assert main(["replay", "--config", str(tmp_path), "-o", str(tmp_path / "null")]) == 0
    assert not Path("/dev/null.seen").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["null", "run_params.json"]


def test_an_error_keeps_its_code_where_it_cannot_be_told(tmp_path: Path) -> None:
    done = run("omni track none.txt --fps 10 -o t.txt --json >/dev/full", tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_the_agent_ends_when_nobody_reads_its_records_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Closed:
        encoding = "utf-8"

        def write(self, _: str) -> None:
            raise BrokenPipeError

        def flush(self) -> None:
            pass

    class Endless:
        def start(self) -> None:
            pass

        stop = start

        def subscribe(self, callback: Callable[[Any], None]) -> None:
            callback(SimpleNamespace(processes=({"id": "a"},)))

        def wait(self, timeout_s: float | None = None) -> bool:
            assert timeout_s is not None
            return False

        def stats(self) -> dict[str, Any]:
            return {"networks": [], "frames": 1, "tracks": 1}

        def streams(self) -> list[Any]:
            return []

    (tmp_path / "run_params.json").write_text('{"streams": []}')
    monkeypatch.setattr("omni.agent.Agent", lambda _: Endless())
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["run", "--config", str(tmp_path), "--json"]) == 1
    assert capsys.readouterr().err == "omni: 1 frames, 1 people\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_the_output_cannot_hold_are_told_all_the_same(encoding: str, tmp_path: Path) -> None:
    given = (
        f"PYTHONIOENCODING={encoding}:strict omni track $'caf\\xc3\\xa9 \\xff \\xe2\\x82\\xac.txt' --fps 10 -o t.txt"
    )
    done = run(f"{given} --json 2>/dev/null", tmp_path)
    assert done.returncode == 3
    told = json.loads(done.stdout)["error"]["message"]
    assert told == "caf\u00e9 \udcff \u20ac.txt: cannot be read: No such file or directory"


def test_lines_of_several_threads_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(threading.Event())

    def tell() -> None:
        for _ in range(200):
            lines.print("x" * 50)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.check()
    assert capsys.readouterr().out.splitlines() == ["x" * 50] * 800


def test_after_a_line_that_cannot_be_written_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        tried = 0

        def write(self, _: str) -> None:
            self.tried += 1
            raise OSError(errno.ENOSPC, "No space left on device")

    end, full = threading.Event(), Full()
    monkeypatch.setattr(sys, "stdout", full)
    lines = Lines(end)
    lines.print("one")
    lines.print("two")
    assert end.is_set()
    assert full.tried == 1
    with pytest.raises(OSError, match="No space left"):
        lines.check()
