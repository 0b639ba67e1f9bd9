"""What is kept of what happened, and for how long."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.history.conftest import (
    LINE,
    REGION,
    STREAM,
    T0,
    Make,
    body,
    crossing,
    message,
    record,
    stay,
    uuid,
)  # fmt: skip

from omni.errors import StateError
from omni.history import Filter, History, Shots, Span, counts, occupancy, table
from omni.history.recorder import MOST_WAITING
from omni.history.store import FILE_NAME
from omni.process import stream_event
from omni.types import ProcessMessage, StreamChange

PICTURE = np.zeros((4, 4, 3), np.uint8)
OPEN = Shots(lambda picture: b64encode(b"jpeg" + picture.tobytes()).decode(), anonymous=False)
ANONYMOUS = Shots(OPEN.encode, anonymous=True)


def eventually(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ids(history: History, chosen: Filter = Filter()) -> list[str]:  # noqa: B008 -- frozen
    return [process["id"] for process in history.archive.page(chosen, limit=100).processes]


def test_the_newest_record_of_each_process_is_kept_and_what_is_finalized_stays(history: Make) -> None:
    kept = history()
    kept.record(message(record(1, open_=True), reason="begin"))
    kept.record(message(record(1, length_s=20)))
    kept.record(message(record(1, length_s=5, open_=True), reason="ongoing"))
    assert kept.flush(5)
    [found] = kept.archive.page(Filter(), limit=10).processes
    assert found == record(1, length_s=20)


def test_pages_go_from_the_newest_back_and_meet_at_their_cursors(history: Make) -> None:
    kept = history()
    kept.record(message(*(record(n, begin_s=n // 2) for n in range(1, 8))))
    assert kept.flush(5)
    first = kept.archive.page(Filter(), limit=3)
    second = kept.archive.page(Filter(), limit=3, cursor=str(first.next))
    third = kept.archive.page(Filter(), limit=3, cursor=str(second.next))
    found = [process["numerical_id"] for page in (first, second, third) for process in page.processes]
    assert found == [7, 6, 5, 4, 3, 2, 1]
    assert third.next is None
    assert [len(part) for part in kept.archive.export(Filter())] == [7]
    with pytest.raises(ValueError, match="cursor"):
        kept.archive.page(Filter(), limit=3, cursor="x'; DROP TABLE process")


def test_filters(history: Make) -> None:
    kept = history()
    long_ago = record(1, begin_s=-5000, length_s=4900)
    known = record(2, object={"id": uuid(50), "class": "human", "profile": {"id": uuid(51), "score": 0.9}})
    kept.record(message(long_ago, known, body(3, of=2), crossing(4, of=2, at_s=5), stay(5, 100, 50)))
    assert kept.flush(5)
    assert ids(kept, Filter(from_s=T0 - 200, to_s=T0 - 50)) == [uuid(1)]
    assert ids(kept, Filter(from_s=T0 + 60)) == [uuid(5)]
    assert ids(kept, Filter(person=uuid(50))) == [uuid(4), uuid(3), uuid(2)]
    assert ids(kept, Filter(person=uuid(51))) == [uuid(2)]
    assert ids(kept, Filter(class_="body")) == [uuid(3)]
    assert ids(kept, Filter(type="action", region=LINE)) == [uuid(4)]
    assert ids(kept, Filter(action="roi_presence", stream=STREAM)) == [uuid(5)]
    assert ids(kept, Filter(stream=uuid(9))) == []


def test_what_is_too_old_goes_with_its_picture(history: Make) -> None:
    kept = history(shots=OPEN, days=1.0, now=T0 + 86_400 + 15)
    kept.record(message(record(1), record(2, begin_s=100), shots={uuid(1): PICTURE, uuid(2): PICTURE}))
    eventually(lambda: ids(kept) == [uuid(2)])
    assert kept.archive.best_shot(uuid(1)) is None
    assert kept.archive.best_shot(uuid(2)) == b"jpeg" + PICTURE.tobytes()


def test_within_its_bytes_pictures_go_before_processes(history: Make, tmp_path: Path) -> None:
    filler = Shots(lambda _: b64encode(b"x" * 100_000).decode(), anonymous=False)
    kept = history(shots=filler, max_bytes=1 << 20)
    kept.record(message(*(record(n) for n in range(1, 31)), shots={uuid(n): PICTURE.copy() for n in range(1, 31)}))
    eventually(lambda: kept.stats()["bytes"])
    assert kept.stats()["bytes"] <= 1 << 20
    assert len(ids(kept)) == 30
    assert (tmp_path / "history.sqlite").stat().st_mode & 0o077 == 0


def test_pictures_are_those_of_the_body_and_are_shown_only_where_allowed(history: Make) -> None:
    kept = history(shots=OPEN)
    records = (record(1), body(2, of=1), crossing(3, of=1, at_s=5), record(4))
    kept.record(message(*records, shots={uuid(2): PICTURE}))
    assert kept.flush(5)
    assert all(kept.archive.best_shot(uuid(n)) for n in (1, 2, 3))
    assert kept.archive.best_shot(uuid(4)) is None
    assert set(kept.archive.page(Filter(), limit=9).best_shots) == {uuid(1), uuid(2), uuid(3)}
    kept.stop()
    hidden = history(shots=ANONYMOUS)
    assert hidden.archive.best_shot(uuid(2)) is None
    hidden.record(message(record(5), shots={uuid(5): PICTURE}))
    assert hidden.flush(5)
    assert hidden.archive.page(Filter(), limit=9).best_shots == [uuid(5)]
    hidden.stop()
    again = history(shots=OPEN)  # what was not allowed was deleted, not only hidden
    again.record(message(record(6)))
    assert again.flush(5)
    assert again.archive.best_shot(uuid(2)) is None
    assert again.archive.best_shot(uuid(5)) is not None


def test_a_picture_of_before_is_not_kept_as_one_without_heads(tmp_path: Path, history: Make) -> None:
    kept = history(shots=OPEN)
    kept.record(message(record(1), shots={uuid(1): PICTURE}))
    assert kept.flush(5)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # such as a backup: what comes meanwhile waits
        kept.record(message(record(2), shots={uuid(2): PICTURE}))
        kept.reconfigure(30.0, 1 << 30, ANONYMOUS)
        kept.record(message(record(3), shots={uuid(3): PICTURE}))
        other.execute("ROLLBACK")
    assert kept.flush(5)
    assert kept.archive.page(Filter(), limit=9).best_shots == [uuid(3)]
    assert kept.archive.rows("SELECT process FROM shot", ()) == [(uuid(3),)]


def test_heads_are_hidden_from_a_moment_on_in_the_midst_of_writing(history: Make) -> None:
    def encode(picture: np.ndarray) -> str:
        kept.reconfigure(30.0, 1 << 30, ANONYMOUS)
        return OPEN.encode(picture)

    kept = history(shots=Shots(encode, anonymous=False))
    change = StreamChange(STREAM, "door", T0, "online", "", "", None)
    told = ProcessMessage("stream", STREAM, T0, (), events=(stream_event(uuid(9), change),))
    kept.record(message(record(1), shots={uuid(1): PICTURE}))
    kept.record(told)
    assert kept.flush(5)
    eventually(lambda: kept.archive.rows("SELECT COUNT(*) FROM shot", ()) == [(0,)])
    assert len(kept.archive.changes(limit=9).changes) == 1, "each is written once"


def test_without_leave_no_picture_is_kept(history: Make) -> None:
    kept = history()
    kept.record(message(record(1), shots={uuid(1): PICTURE}))
    assert kept.flush(5)
    assert kept.archive.rows("SELECT COUNT(*) FROM shot", ()) == [(0,)]
    assert kept.stats()["dropped"] == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.history.conftest import crossing, message, record
from omni.history import History
history = History(Path(sys.argv[1]), retention_days=30, max_bytes=1 << 30, shots=None, clock=lambda: 1.7e9)
history.start()
history.record(message(record(1, open_=True), record(2)))
history.record(message(crossing(4, of=1, at_s=20)))
assert history.flush(5)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_agent_leaves_nothing_open_behind(history: Make, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[3], check=False)
    assert done.returncode == -9
    kept = history()
    kept.record(message(record(3, begin_s=50)))
    assert kept.flush(5)
    found = {p["numerical_id"]: p for p in kept.archive.page(Filter(), limit=9).processes}
    reasons = {number: p["omni"]["end_reason"] for number, p in found.items()}
    assert reasons == {1: "agent_restarted", 2: "left", 3: "left", 4: "left"}
    assert found[1]["time_interval"][1] == found[4]["time_interval"][1]  # who crosses a line is there


def test_on_a_full_disk_the_newest_wait_and_what_is_dropped_is_counted(history: Make) -> None:
    kept = history()
    kept.record(message(record(1)))
    assert kept.flush(5)
    assert kept._store is not None
    pages = kept._store._db.execute("PRAGMA page_count").fetchone()[0]
    kept._store._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite says that the disk is full
    padding = {"name": "x" * 10_000}
    for number in range(2, 12):
        kept.record(message(record(number, **padding)))
    eventually(kept.problems)
    assert "full" in kept.problems()[0]
    for number in range(12, MOST_WAITING + 12):
        kept.record(message(record(number, open_=True), reason="ongoing"))
    stats = kept.stats()
    assert stats["waiting"] == MOST_WAITING
    assert stats["dropped"] == {"ongoing": 10}
    kept._store._db.execute("PRAGMA max_page_count = 1073741823")
    assert kept.flush(10)
    eventually(lambda: not kept.problems())
    assert set(range(1, 12)) <= {p["numerical_id"] for part in kept.archive.export(Filter()) for p in part}


def test_what_cannot_be_kept_costs_no_other_message(history: Make) -> None:
    def encode(picture: np.ndarray) -> str:
        if picture.size == 0:
            raise RuntimeError("no picture at all")
        return "anBlZw=="

    recorder = history(shots=Shots(encode, anonymous=False))
    good = [message(record(n), shots={uuid(n): np.zeros((n - 1, 1, 3), np.uint8)}) for n in (1, 2, 3)]
    with recorder._filled:  # all of them in one commit
        recorder.record(good[0])
        recorder.record(message(record(9, name="\udcff")))
        recorder.record(good[1])
        recorder.record(message({"id": uuid(8)}))
        recorder.record(good[2])
    assert recorder.flush(10)
    page = recorder.archive.page(Filter(), limit=10)
    assert [one["numerical_id"] for one in page.processes] == [3, 2, 1]
    assert page.best_shots == [uuid(3), uuid(2)]
    assert recorder.stats()["dropped"] == {"message": 2}


def test_what_a_full_disk_costs_at_the_end_is_told_with_the_reason(
    history: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Old entries can be deleted on a full disk: that must not pass for a disk that can be written again."""
    monkeypatch.setattr("omni.history.recorder.RETAIN_EVERY_S", 0.0)
    kept = history()
    kept.record(message(record(1)))
    assert kept.flush(5)
    assert kept._store is not None
    pages = kept._store._db.execute("PRAGMA page_count").fetchone()[0]
    kept._store._db.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(2, 12):
        kept.record(message(record(number, name="x" * 10_000)))
    eventually(kept.problems)
    kept.stop(0.1)
    last = caplog.records[-1].getMessage()
    assert "messages could not be written" in last
    assert "full" in last
    assert "written again" not in caplog.text


def test_a_folder_that_cannot_be_used_is_said_and_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    kept = History(tmp_path / "state", retention_days=1, max_bytes=1 << 20, shots=None)
    kept.start()
    kept.record(message(record(1)))
    assert "cannot be written" in kept.problems()[0]
    with pytest.raises(StateError):
        kept.archive.page(Filter(), limit=1)
    kept.stop(0.0)


@pytest.mark.parametrize("moved", [True, False])
def test_a_file_that_is_taken_away_is_begun_anew(history: Make, tmp_path: Path, moved: bool) -> None:
    kept = history()
    kept.record(message(record(1)))
    assert kept.flush(5)
    files = list(tmp_path.iterdir())
    for file in files:
        file.rename(tmp_path.parent / f"{tmp_path.name}-{file.name}") if moved else file.unlink()
    kept.record(message(record(2)))
    assert kept.flush(5)
    assert ids(kept) == [uuid(2)]
    assert kept.problems() == []


def test_a_file_that_is_no_database_is_put_aside(history: Make, tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").write_bytes(b"no database" * 1000)
    kept = history()
    kept.record(message(record(1)))
    assert kept.flush(5)
    assert ids(kept) == [uuid(1)]
    assert list(tmp_path.glob("history.sqlite.damaged-*"))


def test_crossings_are_counted_in_buckets(history: Make) -> None:
    kept = history()
    kept.record(message(crossing(1, 9, 5), crossing(2, 9, 9, "reverse"), crossing(3, 9, 25), crossing(4, 9, 31)))
    assert kept.flush(5)
    span = Span(int(T0), int(T0) + 30, 10)
    assert counts(kept.archive, span, LINE) == [
        {"start": int(T0), "forward": 1, "reverse": 1},
        {"start": int(T0) + 10, "forward": 0, "reverse": 0},
        {"start": int(T0) + 20, "forward": 1, "reverse": 0},
    ]
    assert counts(kept.archive, span) == counts(kept.archive, span, LINE)
    assert not any(bucket["forward"] for bucket in counts(kept.archive, span, REGION))


def test_occupancy_is_the_mean_and_the_most_at_once(history: Make) -> None:
    kept = history()
    kept.record(message(stay(1, -5, 10), stay(2, 4, 2), stay(3, 15, 100)))
    assert kept.flush(5)
    span = Span(int(T0), int(T0) + 30, 10)
    found = occupancy(kept.archive, span, REGION, T0 + 1000)
    assert [(bucket["mean"], bucket["max"]) for bucket in found] == [(0.7, 2), (0.5, 1), (1.0, 1)]
    assert occupancy(kept.archive, span, LINE, T0 + 1000)[0] == {"start": int(T0), "mean": 0.0, "max": 0}


def test_who_has_not_left_is_there_however_long_ago_it_was_told(history: Make) -> None:
    kept = history()
    kept.record(message(record(1, 0.0, 400.0)))
    kept.record(message(record(2, 0.0, 10.0), stay(3, 0.0, 10.0)))
    kept.record(message(record(4, 0.0, 10.0, open_=True), {**stay(5, 0.0, 10.0), "finalized": False}, reason="roi"))
    assert kept.flush(5)
    assert sorted(ids(kept, Filter(from_s=T0 + 300))) == [uuid(number) for number in (1, 4, 5)]
    assert sorted(ids(kept, Filter(from_s=T0 + 500))) == [uuid(number) for number in (4, 5)]
    assert ids(kept, Filter(to_s=T0)) == []
    start = int(T0)
    [first, second, third] = occupancy(kept.archive, Span(start, start + 180, 60), REGION, T0 + 90)
    assert (first["mean"], first["max"]) == (pytest.approx(1 + 1 / 6, abs=0.001), 2)
    assert (second["mean"], second["max"], third["max"]) == (1.0, 1, 0)


def test_a_table_holds_no_formula() -> None:
    [line] = table.table([crossing(1, 2, 5)]).splitlines()
    cells = dict(zip(table.COLUMNS, line.split(","), strict=True))
    assert cells["region_name"] == "'=door"
    assert cells["direction"] == "forward"
    assert cells["finalized"] == "true"


def test_what_streams_did_is_kept_as_long_as_processes(history: Make) -> None:
    kept = history(days=1.0, now=T0 + 86_400 + 5)
    for i in range(3):
        event = stream_event(uuid(i), StreamChange(STREAM, "gate", T0 + 4 * i, "online", "", "", None))
        kept.record(ProcessMessage("stream", STREAM, T0 + 4 * i, (), events=(event,)))
    assert kept.flush(5)
    eventually(lambda: len(kept.archive.changes(limit=10).changes) == 1)


def test_what_is_young_is_kept_when_the_clock_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.history.recorder.RETAIN_EVERY_S", 0.01)
    day_s, ahead, at = 86_400.0, [0.0], [0.0]
    kept = History(
        tmp_path,
        retention_days=1,
        max_bytes=1 << 30,
        shots=None,
        clock=lambda: T0 + at[0] + ahead[0],
        monotonic=lambda: at[0],
    )
    kept.start()

    def record_now(number: int) -> None:
        kept.record(message(record(number, at[0] + ahead[0] - 10.0)))
        assert kept.flush(5)

    record_now(1)
    for number, ahead[0] in enumerate((10 * day_s, 0.0, -10 * day_s, 10 * day_s), 2):
        record_now(number)
    at[0] = 2 * 3600.0  # the clock is believed by now
    record_now(6)
    record_now(7)
    assert sorted(ids(kept)) == [uuid(number) for number in range(1, 8)]
    at[0] = 2.1 * day_s
    record_now(8)
    eventually(lambda: uuid(1) not in ids(kept))
    assert not {uuid(number) for number in range(1, 6)} & set(ids(kept))
    assert uuid(8) in ids(kept)
    kept.stop()
