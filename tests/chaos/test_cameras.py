"""Cameras that fail, one test a row of the table in docs/cameras.md: what is told, and that it ends as it should."""

from __future__ import annotations

import gc
import logging
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from tests.chaos.conftest import LONG
from tests.chaos.watched import config, watched

from omni.config import StreamConfig
from omni.sources.decoder import Decoder, turn_to_open
from omni.sources.diagnosis import diagnose
from omni.sources.live import MOST_LEFT_BEHIND
from omni.testing import FaultCamera, number_in
from omni.types import UInt8

KINDS = ["rtsp", "ts"] if LONG else ["rtsp"]
"""Of what is the same for both, the short form waits for one."""

slow = pytest.mark.skipif(not LONG, reason="waits for 10 s (make chaos)")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is the shortest wait of a camera that failed; the tests take a fifth."""
    monkeypatch.setattr("omni.sources.backoff.SHORTEST_S", 0.2)
    monkeypatch.setattr("omni.sources.backoff.LONGEST_S", 0.3)


@pytest.mark.parametrize("kind", ["rtsp", "ts"])
def test_accepted_and_never_answered(kind: str) -> None:
    with FaultCamera() as camera:
        camera.silent = True
        with watched(camera.url(kind)) as watcher:
            told = watcher.until_told("backoff")
            assert told.cause == "silent"
            assert told.next_try_at is not None
            camera.silent = False
            watcher.until_more()


def test_stopping_takes_no_longer_because_nobody_answers() -> None:
    with FaultCamera() as camera:
        camera.silent = True
        with watched(camera.url()) as watcher:
            watcher.until(lambda: camera.connections > 0)
            assert watcher.close() < 2.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_stall_is_told_then_given_up_then_mended(kind: str) -> None:
    with FaultCamera() as camera, watched(camera.url(kind)) as watcher:
        watcher.until_more()
        camera.sending = False
        watcher.until_told("degraded", "stalled")
        watcher.until_told("backoff", "stalled")
        camera.sending = True
        assert watcher.until_more()[-1].segment > 0
        assert max(watcher.ages_s) < 1.5


def test_what_was_held_back_is_not_taken_for_new() -> None:
    with FaultCamera(fps=20.0) as camera, watched(camera.url()) as watcher:
        before = watcher.until_more()[-1]
        camera.keeps_unsent, camera.sending = True, False
        watcher.until_told("degraded", "stalled")
        camera.sending = True
        after = watcher.until_more()
        assert after[0].segment == before.segment
        assert number_in(after[0].image) - number_in(before.image) > 20
        gap = after[0].timestamp - before.timestamp
        assert gap == pytest.approx((number_in(after[0].image) - number_in(before.image)) / 20, abs=0.3)
        assert max(watcher.ages_s) < 1.5


def test_a_reset_connection_is_made_again() -> None:
    with FaultCamera() as camera, watched(camera.url()) as watcher:
        watcher.until_more()
        camera.cut()
        watcher.until_told("backoff", "lost")
        watcher.until(lambda: watcher.frames[-1].segment == 1)
        stamps = [frame.timestamp for frame in watcher.frames]
        assert stamps == sorted(set(stamps))


@pytest.mark.parametrize("seconds", [-5.0, 3600.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_jumps_begins_a_segment_and_time_goes_on(kind: str, seconds: float) -> None:
    with FaultCamera() as camera, watched(camera.url(kind)) as watcher:
        watcher.until_more(25)
        camera.jump(seconds)
        watcher.until_told("degraded", "clock_jump")
        watcher.until(lambda: watcher.frames[-1].segment == 1)
        assert np.diff([frame.timestamp for frame in watcher.frames]).max() < 2.0


def test_a_frozen_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.watch.FROZEN_S", 2.0)
    with FaultCamera() as camera, watched(camera.url()) as watcher:
        watcher.until_more()
        camera.frozen = True
        watcher.until_told("degraded", "frozen")
        camera.frozen = False
        watcher.until(lambda: watcher.told[-1].state == "online")


def test_a_camera_that_became_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.watch.WINDOW_S", 1.5)
    with FaultCamera(fps=20.0) as camera, watched(camera.url()) as watcher:
        watcher.until_more(30)
        camera.fps = 2.0
        watcher.until_told("degraded", "slow")
        camera.fps = 20.0
        watcher.until(lambda: watcher.told[-1].state == "online")


@pytest.mark.parametrize("digest", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_is_told_and_tried_rarely(kind: str, digest: bool) -> None:
    with FaultCamera(login=("ann", "right"), digest=digest) as camera:
        with watched(camera.url(kind, login=("ann", "wrong"))) as watcher:
            failed = watcher.until_told("failed")
            assert failed.cause == "unauthorized"
            assert failed.next_try_s is not None
            assert failed.next_try_s > 200
        with watched(camera.url(kind, login=("ann", "right"))) as watcher:
            watcher.until_more()


def told_of(url: str) -> str:
    """The cause of a camera's failure."""
    failure = diagnose(url)
    assert failure is not None
    return failure.cause


@pytest.mark.parametrize(("status", "cause"), [(404, "not_found"), (453, "busy"), (500, "refused")])
def test_a_refusal_says_why(status: int, cause: str) -> None:
    with FaultCamera() as camera:
        camera.status = status
        assert told_of(camera.url()) == cause
        with watched(camera.url()) as watcher:
            watcher.until_told("backoff", cause)
            camera.status = None
            watcher.until_more()


def test_no_host_no_port_no_camera() -> None:
    assert told_of("rtsp://127.0.0.1:9/x") == "refused"
    assert told_of("rtsp://no-such-host.invalid/x") == "unknown_host"


@slow
def test_a_camera_that_is_full_is_got_when_it_has_room() -> None:
    with FaultCamera(max_clients=1) as camera, watched(camera.url()) as first:
        first.until_more()
        with watched(camera.url()) as second:
            second.until_told("backoff", "silent")
            first.close()
            second.until_more()


@slow
def test_another_size_in_the_middle() -> None:
    """The pictures go on, in the size that the connection began with; the next one has the new size."""
    with FaultCamera() as camera, watched(camera.url()) as watcher:
        before = number_in(watcher.until_more()[-1].image)
        camera.size = (128, 96)
        watcher.until_more()  # on their way
        shown = watcher.until_more()[-1]
        assert (shown.size, shown.segment) == ((64, 48), 0)
        assert before < number_in(np.kron(shown.image, np.ones((2, 2, 1), np.uint8))) < before + 100
        camera.cut()
        watcher.until(lambda: watcher.frames[-1].size == (128, 96))
        assert number_in(watcher.until_more()[-1].image) > before


def test_joined_between_key_frames_shows_nothing_until_the_next() -> None:
    with FaultCamera(fps=20.0, gop=60) as camera:
        time.sleep(0.3)
        with watched(camera.url()) as watcher:
            first = watcher.until_more()[0]
            assert number_in(first.image) >= 60  # grey pictures made from parts would say other numbers


@slow
def test_key_frames_that_are_far_apart_are_waited_for() -> None:
    """Longer than a stall may last: the second connection has the patience."""
    with FaultCamera(fps=20.0, gop=300) as camera:
        time.sleep(1.0)
        with watched(camera.url()) as watcher:
            watcher.until_told("backoff", "no_picture")
            watcher.until_more()


@slow
@pytest.mark.parametrize("fps", [0.5, 0.8])
def test_a_slow_camera_is_opened_at_the_first_try(fps: float) -> None:
    with FaultCamera(fps=fps, gop=1) as camera, watched(camera.url()) as watcher:
        watcher.until_more(8)
        assert [c.state for c in watcher.told] == ["probing", "online"]
        assert {frame.segment for frame in watcher.frames} == {0}


@slow
def test_a_slow_camera_is_not_told_of_as_stalled() -> None:
    with FaultCamera(fps=0.4, gop=1) as camera, watched(camera.url()) as watcher:
        watcher.until_more(5)
        before = list(watcher.told)
        watcher.until_more(5)
        assert watcher.told == before


@slow
def test_no_parameter_sets_is_told_and_mended() -> None:
    with FaultCamera() as camera:
        camera.parameter_sets = False
        with watched(camera.url()) as watcher:
            watcher.until_told("backoff", "no_picture")
            camera.parameter_sets = True
            watcher.until_more()


def test_damaged_bytes_do_not_end_it() -> None:
    with FaultCamera() as camera, watched(camera.url("ts")) as watcher:
        watcher.until_more()
        camera.damaged = 1
        time.sleep(1.0)
        camera.damaged = 0
        watcher.until_more()


class HangingDecoder:
    """A decoder that never comes back, until it is let."""

    def __init__(self, release: threading.Event) -> None:
        self._release = release

    def grab(self) -> bool:
        self._release.wait()
        return False

    def pts(self) -> float | None:
        return None

    def picture(self) -> UInt8:
        return np.zeros((16, 16, 3), np.uint8)

    def close(self) -> None:
        """Nothing to close."""


def test_decoders_that_hang_are_left_counted_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.reader._HUNG_S", -4.8)
    release, opened = threading.Event(), []

    def open_one(stream: StreamConfig, open_s: float, read_s: float) -> Decoder:
        opened.append((stream.uuid, open_s, read_s))
        return HangingDecoder(release)

    with watched("0", open_one) as watcher:
        watcher.until_told("failed", "hung")
        assert watcher.source.left_behind == MOST_LEFT_BEHIND
        assert len(opened) == MOST_LEFT_BEHIND + 1
        assert watcher.close() < 2.0
        assert watcher.source.left_behind == MOST_LEFT_BEHIND + 1
        release.set()
        watcher.until(lambda: watcher.source.left_behind == 0)


def test_a_camera_that_fails_holds_up_no_other() -> None:
    with FaultCamera() as good, FaultCamera() as bad:
        bad.silent = True
        with watched(bad.url()) as failing, watched(good.url()) as watcher:
            failing.until_told("backoff")
            watcher.until_more()
            assert [c.state for c in watcher.told] == ["probing", "online"]


def test_a_camera_that_answers_and_sends_nothing_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV opens one address after the other: that one must not get there."""
    monkeypatch.setattr("omni.sources.handshake.PICTURE_S", 6.5)  # a busy machine needs them for the other
    with FaultCamera() as good, FaultCamera() as bad:
        bad.sending = False
        with watched(bad.url()) as failing:
            failing.until(lambda: bad.connections > 0)
            with watched(good.url()) as watcher:
                watcher.until_more()
                assert [c.state for c in failing.told] == ["probing"]
            failing.until_told("backoff", "no_picture")


def test_who_waits_to_be_opened_neither_hangs_nor_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV opens one address at a time: of many cameras the last waits long."""
    with FaultCamera() as camera, ExitStack() as another, watched(camera.url()) as stopped:
        another.enter_context(turn_to_open(threading.Event()))
        with monkeypatch.context() as patched, watched(camera.url()) as watcher:
            patched.setattr("omni.sources.reader.OPEN_S", -3.0)  # what is being opened hangs from the first moment on
            patched.setattr("omni.sources.reader._LEAST_OPEN_S", -4.0)
            watcher.until(lambda: camera.connections >= 2)
            time.sleep(1.0)  # it is looked at every 0.2 s
            assert [c.state for c in watcher.told] == ["probing"]
            assert watcher.source.left_behind == 0
            assert stopped.close() < 2.0
            patched.undo()
            another.close()
            watcher.until_more()
            assert [c.state for c in watcher.told] == ["probing", "online"]


def test_no_credentials_anywhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultCamera(login=("ann", "s3cret")) as camera:
        for kind in ("rtsp", "ts", "mjpeg"):
            for password in ("s3cret", "wr0ng"):
                with watched(camera.url(kind, login=("ann", password))) as watcher:
                    watcher.until(lambda: bool(watcher.frames) or (watcher.log.now.away and len(watcher.told) > 2))
                    camera.cut()
                    told = str(watcher.told)
                    assert password not in told
    seen = caplog.text + "".join(capfd.readouterr())
    assert "s3cret" not in seen
    assert "wr0ng" not in seen


OPENS = 10_000 if LONG else 300


def test_failed_opens_leave_memory_flat() -> None:
    def memory_kib() -> int:
        gc.collect()
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    if not Path("/proc/self/status").exists():
        pytest.skip("tells memory on Linux only")
    from omni.sources.decoder import OpenCvDecoder

    with FaultCamera() as camera:
        camera.status = 404

        def fail(count: int) -> None:
            for i in range(count):
                url = camera.url("ts" if i % 2 else "rtsp")
                assert told_of(url) == "not_found"
                with pytest.raises(ConnectionError):
                    OpenCvDecoder(config(url), 5.0, 5.0)

        fail(100)
        before = memory_kib()
        threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
        fail(OPENS)
        assert memory_kib() - before < 4096
        assert threading.active_count() == threads
        assert len(list(Path("/proc/self/fd").iterdir())) <= files + 2
