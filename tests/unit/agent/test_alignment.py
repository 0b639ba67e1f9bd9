from __future__ import annotations

import random

import numpy as np

from omni.agent.alignment import FrameAligner
from omni.types import Frame, FrameResult, Tracks

IMAGE = np.zeros((2, 2, 3), np.uint8)
NOBODY = Tracks(
    0.0,
    np.zeros(0, np.int64),
    np.zeros((0, 4), np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.int32),
    np.zeros(0, np.uint8),
    np.zeros(0, np.int32),
    np.zeros(0),
)


def result(stream: str, at: float) -> FrameResult:
    return FrameResult(Frame(stream, round(at * 10), at, at, IMAGE), NOBODY, (), {})


def moments(groups: list[dict[str, FrameResult]]) -> list[tuple[float, list[str]]]:
    return [(round(min(r.frame.timestamp for r in g.values()), 3), sorted(g)) for g in groups]


def test_the_order_of_arrival_changes_nothing() -> None:
    frames = [result(s, i / 10) for i in range(50) for s in ("a", "b", "c")]
    expected = None
    for seed in range(20):
        queues = {s: [f for f in frames if f.frame.stream_uuid == s] for s in "abc"}
        shuffle, aligner, groups = random.Random(seed), FrameAligner("abc", ()), []
        while any(queues.values()):
            stream = shuffle.choice([s for s, q in queues.items() if q])
            groups += aligner.add(queues[stream].pop(0))
        for stream in "abc":
            groups += aligner.end(stream)
        expected = expected or moments(groups)
        assert moments(groups) == expected
    assert expected is not None
    assert expected[0] == (0.0, ["a", "b", "c"])
    assert len(expected) == 50


def test_a_file_that_ended_is_waited_for_no_longer() -> None:
    aligner = FrameAligner("ab", ())
    assert aligner.add(result("a", 0.0)) == []
    assert moments(aligner.end("b")) == [(0.0, ["a"])]
    assert moments(aligner.add(result("a", 0.1))) == [(0.1, ["a"])]


def test_a_camera_that_is_away_is_left_out_after_half_a_second() -> None:
    aligner = FrameAligner((), "ab")
    groups = []
    for i in range(20):
        groups += aligner.add(result("a", i / 10))
    assert len(groups) == 14
    assert all(g == ["a"] for _, g in moments(groups))


def test_different_rates_give_each_frame_once() -> None:
    aligner, groups = FrameAligner("ab", ()), []
    for i in range(30):
        groups += aligner.add(result("a", i / 30))
        if i % 6 == 0:
            groups += aligner.add(result("b", i / 30 + 0.004))
    groups += aligner.end("a") + aligner.end("b")
    assert sum("a" in g for _, g in moments(groups)) == 30
    assert sum("b" in g for _, g in moments(groups)) == 5
    assert [m for m, _ in moments(groups)] == sorted(m for m, _ in moments(groups))


def test_a_clock_that_is_set_back_leaves_nothing_waiting_for_it() -> None:
    aligner = FrameAligner((), "ab")
    groups = []
    for at in (1000.0, 1000.1):
        groups += [*aligner.add(result("a", at)), *aligner.add(result("b", at))]
    groups += aligner.add(result("a", 1000.2))
    for at in (400.3, 400.4, 400.5):  # b is dated anew first, a follows
        groups += aligner.add(result("b", at))
        groups += aligner.add(result("a", 1000.3 if at == 400.3 else at))
    assert moments(groups)[-1] == (400.5, ["a", "b"])
    assert max(aligner.backlog(stream) for stream in "ab") == 0


def test_who_went_away_before_the_clock_was_set_back_holds_up_nobody() -> None:
    aligner = FrameAligner((), "abc")
    for stream in "abc":
        aligner.add(result(stream, 1000.0))
    aligner.end("c")
    groups = []
    for at in (400.0, 400.1):
        groups += [*aligner.add(result("a", at)), *aligner.add(result("b", at))]
    assert moments(groups)[-1] == (400.1, ["a", "b"])


def test_a_clock_that_is_set_forward_waits_for_the_others() -> None:
    aligner = FrameAligner((), "ab")
    groups = [*aligner.add(result("a", 1000.0)), *aligner.add(result("b", 1000.0))]
    groups += [*aligner.add(result("a", 5000.1)), *aligner.add(result("b", 1000.1)), *aligner.add(result("b", 5000.1))]
    assert moments(groups) == [(1000.0, ["a", "b"]), (1000.1, ["b"]), (5000.1, ["a", "b"])]
