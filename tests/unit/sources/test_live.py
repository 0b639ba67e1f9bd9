"""Cameras as they should be, and the parts that decide what is done when they are not."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from omni.config import StreamConfig
from omni.sources import open_source
from omni.sources.backoff import PERMANENT_S, Backoff
from omni.sources.clock import CameraClock
from omni.sources.diagnosis import Failure
from omni.sources.watch import PictureWatch
from omni.testing import FaultCamera, number_in
from omni.types import Frame

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def frames(url: str, count: int, **more: object) -> list[Frame]:
    stop, found = threading.Event(), list[Frame]()
    guard = threading.Timer(20, stop.set)
    guard.start()
    for frame in open_source(StreamConfig.model_validate({"stream_uuid": UUID, "url": url, **more}), 0.0, stop):
        if frame is not None:
            found.append(frame)
        if len(found) == count:
            stop.set()
    guard.cancel()
    assert len(found) == count
    return found


@pytest.mark.parametrize("kind", ["rtsp", "ts", "mjpeg"])
def test_pictures_come_in_order_each_with_its_own_time(kind: str) -> None:
    with FaultCamera(fps=20.0) as camera:
        found = frames(camera.url(kind), 15)
    numbers = [number_in(frame.image) for frame in found]
    assert numbers == sorted(set(numbers))
    assert [frame.index for frame in found] == list(range(15))
    stamps = [frame.timestamp for frame in found]
    assert stamps == sorted(set(stamps))
    assert {frame.segment for frame in found} == {0}
    if kind != "mjpeg":  # which carries no time
        taken = np.array([f.video_timestamp for f in found]) - np.array(numbers) / 20
        assert np.ptp(taken) < 0.2


def test_max_fps_thins() -> None:
    with FaultCamera(fps=20.0) as camera:
        found = frames(camera.url(), 6, max_fps=5)
    assert np.diff([f.timestamp for f in found]).min() > 0.09


def test_a_camera_is_opened_without_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")  # where nothing listens
    with FaultCamera(fps=20.0) as camera:
        frames(camera.url("mjpeg"), 2)


class TestClock:
    def dated(self, clock: CameraClock, pairs: list[tuple[float, float]]) -> list[float]:
        return [clock.date(pts, arrival).at for pts, arrival in pairs]

    def test_late_pictures_keep_their_time(self) -> None:
        clock = CameraClock()
        clock.connected()
        at = self.dated(clock, [(0.0, 100.0), (0.1, 100.1), (0.2, 104.0), (0.3, 104.0), (4.0, 104.0)])
        assert at == pytest.approx([100.0, 100.1, 100.2, 100.3, 104.0], abs=0.01)

    def test_a_jump_begins_anew_and_never_goes_back(self) -> None:
        clock = CameraClock()
        clock.connected()
        pairs = [(50.0, 1.0), (50.1, 1.1), (53.0, 4.0), (0.0, 4.1), (0.1, 4.2), (9e4, 4.3)]
        moments = [clock.date(pts, arrival) for pts, arrival in pairs]
        assert [m.segment for m in moments] == [0, 0, 0, 1, 1, 2]
        assert [m.jumped for m in moments] == [False, False, False, True, False, True]
        assert [m.at for m in moments] == pytest.approx([arrival for _, arrival in pairs])

    def test_a_slow_camera_whose_time_ffmpeg_counts_anew_did_not_jump(self) -> None:
        clock = CameraClock()
        clock.connected()
        pairs = [(0.0, 1.0), (1.25, 1.0), (2.5, 1.0), (None, 3.2), (None, 4.5), (1.25, 5.7), (2.5, 7.0), (3.8, 8.2)]
        moments = [clock.date(pts, arrival) for pts, arrival in pairs]
        assert {(m.segment, m.jumped) for m in moments} == {(0, False)}
        assert np.diff([m.at for m in moments])[-2:] == pytest.approx([1.25, 1.25], abs=0.1)

    def test_what_waited_when_the_connection_began_is_known(self) -> None:
        clock = CameraClock()
        clock.connected()
        pairs = [(i / 10, 5.0) for i in range(20)] + [(2.0, 5.1), (2.1, 5.2)]
        assert [clock.date(p, a).waited for p, a in pairs] == [True] * 20 + [False] * 2

    def test_pictures_that_are_always_late_begin_anew_once(self) -> None:
        clock = CameraClock()
        clock.connected()
        moments = [clock.date(i / 10, i / 10) for i in range(5)]
        moments += [clock.date(i / 10, i / 10 + 3.0) for i in range(5, 100)]
        assert moments[-1].lag_s < 0.5
        assert moments[-1].segment == 1

    def test_pictures_without_time_are_dated_by_their_arrival(self) -> None:
        clock = CameraClock()
        clock.connected()
        assert [clock.date(None, a).at for a in (1.0, 1.3, 9.0)] == [1.0, 1.3, 9.0]


class TestBackoff:
    def test_it_grows_from_1_s_to_60_s_and_is_random(self) -> None:
        backoff, lost = Backoff(random.Random(1)), Failure("lost", "")
        waits = [backoff.next_s(lost, 0.0)[0] for _ in range(200)]
        assert all(1.0 <= wait <= min(60.0, 2.0 ** (i + 1)) for i, wait in enumerate(waits))
        assert max(waits) > 50
        assert np.std(waits[20:]) > 10

    def test_a_good_connection_begins_anew_a_short_one_does_not(self) -> None:
        backoff, lost = Backoff(random.Random(1)), Failure("lost", "")
        for _ in range(20):
            backoff.next_s(lost, 59.0)
        assert max(backoff.next_s(lost, 59.0)[0] for _ in range(20)) > 30
        assert backoff.next_s(lost, 60.0)[0] <= 2.0

    def test_what_only_somebody_can_mend_is_believed_the_third_time(self) -> None:
        backoff, refused = Backoff(), Failure("unauthorized", "", permanent=True)
        tries = [backoff.next_s(refused, 0.0) for _ in range(4)]
        assert [permanent for _, permanent in tries] == [False, False, True, True]
        assert tries[3][0] == PERMANENT_S
        assert backoff.next_s(Failure("lost", ""), 0.0)[1] is False


class TestWatch:
    def play(self, watch: PictureWatch, arrivals: list[float], *, same: bool = False) -> None:
        clock = CameraClock()
        clock.connected()
        for i, at in enumerate(arrivals):
            watch.arrived(clock.date(at, at), at)
            watch.seen(np.full((32, 32, 3), 7 if same else i % 256, np.uint8), at)

    def test_slow(self) -> None:
        watch = PictureWatch()
        self.play(watch, [i / 10 for i in range(100)] + [10 + i for i in range(10)])
        trouble = watch.trouble(0.0, 19.0)
        assert trouble is not None
        assert (trouble.cause, "of 10.0 pictures" in trouble.reason) == ("slow", True)

    def test_frozen(self) -> None:
        watch = PictureWatch()
        self.play(watch, [i / 10 for i in range(120)], same=True)
        trouble = watch.trouble(0.0, 12.0)
        assert trouble is not None
        assert trouble.cause == "frozen"

    def test_all_is_well(self) -> None:
        watch = PictureWatch()
        self.play(watch, [i / 10 for i in range(200)])
        assert watch.trouble(0.0, 19.9) is None

    @pytest.mark.parametrize(("fps", "limit_s"), [(10.0, 5.0), (2.0, 5.0), (0.5, 20.0)])
    def test_the_stall_limit_is_ten_intervals_and_5_s_at_least(self, fps: float, limit_s: float) -> None:
        watch = PictureWatch()
        self.play(watch, [i / fps for i in range(10)])
        assert watch.stall_limit_s == pytest.approx(limit_s)
