from __future__ import annotations

import threading
from pathlib import Path

import pytest

from omni.errors import StateError
from omni.regions import LineCount, LineCounts

DOOR = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"


def test_counters_survive_a_restart_and_can_be_reset(tmp_path: Path) -> None:
    counts = LineCounts(tmp_path / "state")
    assert counts.get(DOOR) == LineCount(0, 0, None)
    counts.add(DOOR, "forward", 100.0)
    counts.add(DOOR, "forward", 101.0)
    counts.add(DOOR, "reverse", 102.0)
    again = LineCounts(tmp_path / "state")  # the first one was never closed, as after a kill
    assert again.get(DOOR) == LineCount(2, 1, 100.0)
    again.reset(DOOR, 200.0)
    counts.add(DOOR, "reverse", 201.0)
    assert again.get(DOOR) == LineCount(0, 1, 200.0)


def test_without_a_folder_they_are_kept_in_memory() -> None:
    first, second = LineCounts(None), LineCounts(None)
    first.add(DOOR, "forward", 1.0)
    assert (first.get(DOOR).forward, second.get(DOOR).forward) == (1, 0)


def test_many_threads_lose_none(tmp_path: Path) -> None:
    counts = LineCounts(tmp_path)
    threads = [
        threading.Thread(target=lambda: [counts.add(DOOR, "forward", 1.0) for _ in range(100)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.get(DOOR).forward == 400


def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"counts\.sqlite: the counters of lines cannot be kept here"):
        LineCounts(tmp_path / "file")
    (tmp_path / "counts.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match="cannot be kept here"):
        LineCounts(tmp_path)


def test_while_the_disk_is_full_crossings_are_counted_in_memory_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts, other = LineCounts(tmp_path), LineCounts(tmp_path)
    counts.add(DOOR, "forward", 1.0)
    pages = counts._file.execute("PRAGMA page_count").fetchone()[0]
    counts._file.execute("CREATE TABLE filler (x BLOB)")
    counts._file.execute("PRAGMA max_page_count = 1")
    counts._file.execute(f"PRAGMA max_page_count = {pages + 1}")
    lines = [f"{DOOR[:-4]}{number:04}" for number in range(200)]
    for line in lines:
        counts.add(line, "forward", 2.0)
        counts.add(line, "reverse", 3.0)
    assert "is full" in counts.problem
    assert {counts.get(line) for line in lines} == {LineCount(1, 1, 2.0)}
    assert other.get(lines[-1]) == LineCount()
    counts._file.execute("PRAGMA max_page_count = 1000")
    counts.add(DOOR, "reverse", 4.0)
    assert counts.problem == ""
    assert {other.get(line) for line in lines} == {LineCount(1, 1, 2.0)}
    assert other.get(DOOR) == counts.get(DOOR) == LineCount(1, 1, 1.0)
    assert [record.getMessage()[-24:] for record in caplog.records][1:] == ["sqlite can be written again"[-24:]]


def test_a_file_that_is_locked_holds_up_the_counting_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.regions.counts._BUSY_S", 0.01)
    counts, other = LineCounts(tmp_path), LineCounts(tmp_path)
    other._file.execute("BEGIN IMMEDIATE")
    counts.add(DOOR, "forward", 1.0)
    assert "locked" in counts.problem
    other._file.execute("COMMIT")
    counts.add(DOOR, "forward", 2.0)
    assert other.get(DOOR) == LineCount(2, 0, 1.0)
