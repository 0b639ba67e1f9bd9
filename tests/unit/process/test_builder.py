from __future__ import annotations

from itertools import count
from uuid import UUID

import numpy as np

from omni.process import ProcessBuilder, ShotSettings, schema_errors
from omni.types import CONFIRMED, Frame, ProcessMessage, Run, Tracks

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RUN = Run(UUID(int=1), 1_000_000_000.0)


def builder(best_shots: bool = False, interval_s: float = 5.0) -> ProcessBuilder:
    return ProcessBuilder(
        STREAM,
        RUN,
        count(1),
        ongoings_interval_s=interval_s,
        best_shots=ShotSettings(anonymous=False, whole_frame=False) if best_shots else None,
    )


def frame(index: int, fps: float = 10.0) -> Frame:
    at = index / fps
    return Frame(STREAM, index, RUN.started_at + at, at, np.full((240, 320, 3), index % 256, np.uint8))


def tracks(of: Frame, boxes: dict[int, tuple[float, ...]], first: float | None = None) -> Tracks:
    n = len(boxes)
    return Tracks(
        timestamp=of.timestamp,
        track_id=np.array(list(boxes), np.int64),
        xyxy=np.array(list(boxes.values()), np.float32).reshape(-1, 4),
        confidence=np.full(n, 0.8, np.float32),
        class_id=np.zeros(n, np.int32),
        state=np.full(n, CONFIRMED, np.uint8),
        detection_index=np.arange(n, dtype=np.int32),
        first_timestamp=np.full(n, of.timestamp if first is None else first),
    )


INSIDE = (100.0, 50.0, 150.0, 200.0)
AT_BORDER = (0.0, 50.0, 40.0, 200.0)


def walk(people: ProcessBuilder, frames: range, box: tuple[float, ...] = INSIDE) -> list[ProcessMessage]:
    out: list[ProcessMessage] = []
    for i in frames:
        out += people.update(frame(i), tracks(frame(i), {7: box}), [])
    return out


def test_a_person_is_a_human_and_a_body_that_begin_go_on_and_end() -> None:
    people = builder()
    messages = walk(people, range(0, 61))
    messages += people.update(frame(61), tracks(frame(61), {}), [7])
    assert [m.reason for m in messages] == ["begin", "ongoing", "end"]
    for message in messages:
        assert schema_errors({"processes": list(message.processes)}) == []
        human, body = message.processes
        assert (human["object"]["class"], body["object"]["class"]) == ("human", "body")
        assert body["parent"] == human["id"]
    begin, _, end = (m.processes[0] for m in messages)
    assert begin["id"] == end["id"]
    assert (begin["finalized"], end["finalized"]) == (False, True)
    assert end["time_interval"] == ["2001-09-09T01:46:40.000Z", "2001-09-09T01:46:46.000Z"]
    assert end["frame_interval"] == [0, 60]
    assert end["omni"]["end_reason"] == "lost"


def test_begin_carries_the_time_first_seen_not_the_time_confirmed() -> None:
    people = builder()
    people.update(frame(3), tracks(frame(3), {}), [])
    [message] = people.update(frame(4), tracks(frame(4), {7: INSIDE}, first=frame(3).timestamp), [])
    assert message.processes[0]["frame_interval"] == [3, 4]
    assert message.processes[0]["time_interval"][0] == "2001-09-09T01:46:40.300Z"


def test_who_is_gone_from_the_border_has_left() -> None:
    people = builder()
    walk(people, range(3), AT_BORDER)
    [message] = people.update(frame(4), tracks(frame(4), {}), [7])
    assert message.processes[0]["omni"]["end_reason"] == "left"


def test_no_process_stays_open_when_the_stream_ends() -> None:
    people = builder()
    walk(people, range(3))
    [message] = people.finish(frame(3).timestamp, "end_of_file")
    assert [p["omni"]["end_reason"] for p in message.processes] == ["end_of_file"] * 2
    assert people.people_open == 0
    assert people.finish(frame(3).timestamp, "end_of_file") == []


def test_ongoing_comes_by_the_streams_own_time_and_once_after_a_gap() -> None:
    people = builder(interval_s=1.0)
    assert [m.reason for m in walk(people, range(0, 31))].count("ongoing") == 3
    assert [m.reason for m in walk(people, range(1000, 1005))].count("ongoing") == 1


def test_the_same_frames_give_the_same_records_and_numbers_are_per_instance() -> None:
    first, second = walk(builder(), range(0, 60)), walk(builder(), range(0, 60))
    assert [m.processes for m in first] == [m.processes for m in second]
    assert first[0].processes[0]["numerical_id"] == 1


def test_the_best_shot_is_the_whole_body_not_the_cut_one() -> None:
    people = builder(best_shots=True)
    walk(people, range(0, 3), AT_BORDER)
    walk(people, range(3, 6), INSIDE)
    walk(people, range(6, 9), AT_BORDER)
    [message] = people.finish(frame(9).timestamp, "agent_stopped")
    body = message.processes[1]
    picture = message.best_shots[body["id"]]
    assert picture.shape == (150, 50, 3)
    assert int(picture[0, 0, 0]) == 3
    assert body["omni"]["quality"]["whole"] == 1.0


def test_without_best_shots_no_picture_is_kept() -> None:
    people = builder(best_shots=False)
    assert all(not m.best_shots for m in walk(people, range(0, 60)))


def test_who_comes_back_under_the_old_number_is_the_same_person_in_a_new_process() -> None:
    people = builder()
    first = walk(people, range(3))[0].processes
    people.update(frame(3), tracks(frame(3), {}), [7])
    second = walk(people, range(100, 103))[0].processes
    for before, after in zip(first, second, strict=True):
        assert before["object"] == after["object"]
        assert before["id"] != after["id"]
        assert before["numerical_id"] != after["numerical_id"]
