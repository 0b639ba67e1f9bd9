"""The suites of ``omni bench`` are there, and those that need nothing else work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omni.cli import main
from omni.cli.bench import BENCHES, SUITES


@pytest.mark.parametrize("suite", SUITES)
def test_each_suite_has_its_program(suite: str) -> None:
    assert (BENCHES / "python" / f"bench_{suite}.py").is_file()


def test_a_suite_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "webhooks"])
    assert ended.value.code == 2
    assert ", ".join(SUITES) in capsys.readouterr().err


def test_the_service_is_measured_beside_a_bare_one(tmp_path: Path) -> None:
    rows = briefly("service", tmp_path)
    assert [row["case"].split(",")[0] for row in rows] == ["GET /map_tracking", "GET /api/v1/status", "GET /readyz"]
    for row in rows:
        assert row["omni_per_s"] > 0 < row["bare_sanic_per_s"]
        assert 0 < row["omni_p50_ms"] <= row["omni_p99_ms"]


def test_delivery_is_measured_beside_a_bare_loop(tmp_path: Path) -> None:
    rows = briefly("delivery", tmp_path)
    assert [row["unit"] for row in rows] == ["messages/s"] * 2 + ["ms"] * 4 + ["us"] * 2
    for row in rows:
        assert row["omni"] > 0
        assert row["unit"] == "us" or row["bare_aiohttp"] > 0 < row["omni_to_bare"]


def briefly(suite: str, folder: Path) -> list[dict[str, Any]]:
    program = [sys.executable, str(BENCHES / "python" / f"bench_{suite}.py"), "--brief"]
    done = subprocess.run(
        program, env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_a_program_that_lacks_the_measuring_data_says_which(tmp_path: Path) -> None:
    program = [sys.executable, str(BENCHES / "system" / "floor.py"), "stress"]
    done = subprocess.run(
        program, env={**os.environ, "OMNI_DATA": str(tmp_path)}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"floor.py: no cmc-dev in {tmp_path} (OMNI_DATA; see docs/benchmarks/README.md)"
    ]
