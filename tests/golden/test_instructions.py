"""How many instructions an update of the tracker or the map takes: the same on every run, so a slower build shows."""

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
def programs() -> Path:
    """The folder of the programs whose instructions are counted."""
    if not (shutil.which("valgrind") and shutil.which("cargo")):
        pytest.skip("counting instructions needs valgrind and cargo")
    # Built beside the Python module, so that nothing that the two share is compiled again with other features.
    packages = ["-p", "omni-py", "-p", "omni-benches", "--bins"]
    command = ["cargo", "build", "--quiet", "--release", "--locked", *packages]
    subprocess.run([*command, "--message-format=short"], cwd=ROOT, check=True, timeout=300)
    return ROOT / "target" / "release"


def counted(*program: object) -> int:
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run([*command, *map(str, program)], capture_output=True, text=True, check=True, timeout=100)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert found
    return int(found[1].replace(",", ""))


def an_update(*program: object) -> float:
    """Instructions of one update with its scene, the start of the program taken out."""
    return (counted(*program, 40) - counted(*program, 20)) / 20


@pytest.mark.timeout(400)
def test_an_update_takes_no_more_than_recorded_and_grows_with_the_crowd(programs: Path) -> None:
    recorded = json.loads(RECORDED.read_bytes())["tracker_update"]
    now = {people: an_update(programs / "follow", people) for people in recorded}
    assert all(now[people] < MARGIN * count for people, count in recorded.items()), now
    assert now["1000"] < 13 * now["100"], now


@pytest.mark.timeout(400)
def test_an_update_of_the_map_takes_no_more_than_recorded(programs: Path) -> None:
    recorded = json.loads(RECORDED.read_bytes())["fusion_update"]
    now = {hall: an_update(programs / "gather", *hall.split(" x ")) for hall in recorded}
    assert all(now[hall] < MARGIN * count for hall, count in recorded.items()), now
