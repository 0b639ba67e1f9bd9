"""How many instructions one update of the tracker takes: the same on every run, so a slower build shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "benches" / "results" / "instructions.json"
MARGIN = 1.3
"""Another compiler may make so many times as many."""


@pytest.fixture(scope="module")
def follow() -> Path:
    if not (shutil.which("valgrind") and shutil.which("cargo")):
        pytest.skip("counting instructions needs valgrind and cargo")
    # Built beside the Python module, so that nothing that the two share is compiled again with other features.
    packages = ["-p", "omni-py", "-p", "omni-benches", "--bin", "follow"]
    command = ["cargo", "build", "--quiet", "--release", "--locked", *packages]
    subprocess.run([*command, "--message-format=short"], cwd=ROOT, check=True, timeout=300)
    return ROOT / "target" / "release" / "follow"


def counted(follow: Path, people: int, frames: int) -> int:
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", str(follow)]
    done = subprocess.run([*command, str(people), str(frames)], capture_output=True, text=True, check=True, timeout=100)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert found
    return int(found[1].replace(",", ""))


def an_update(follow: Path, people: int) -> float:
    """Instructions of one update with its scene, the start of the program taken out."""
    return (counted(follow, people, 40) - counted(follow, people, 20)) / 20


@pytest.mark.timeout(400)
def test_an_update_takes_no_more_than_recorded_and_grows_with_the_crowd(follow: Path) -> None:
    recorded = json.loads(RECORDED.read_bytes())["tracker_update"]
    now = {people: an_update(follow, int(people)) for people in recorded}
    assert all(now[people] < MARGIN * count for people, count in recorded.items()), now
    assert now["1000"] < 13 * now["100"], now
