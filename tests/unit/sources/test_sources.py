from __future__ import annotations

import errno
import os
import struct
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from omni.config import StreamConfig
from omni.errors import SourceError
from omni.sources import ConditionLog, open_source
from omni.sources.file import VideoReader
from omni.testing.h264 import Encoder, number_in, numbered
from omni.testing.packets import TsPacker
from omni.types import Frame

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def stream(url: Path | str, **more: Any) -> StreamConfig:
    return StreamConfig.model_validate({"stream_uuid": UUID, "url": str(url), "pace": "fast", **more})


def frames(url: Path | str, **more: Any) -> list[Frame]:
    return [f for f in open_source(stream(url, **more), 1000.0, threading.Event()) if f is not None]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return written(tmp_path / "v.avi", 10.0)


def written(path: Path, fps: float) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), i * 10, np.uint8))
    writer.release()
    return path


def test_every_frame_of_a_file_with_its_own_time(video: Path) -> None:
    found = frames(video)
    assert [f.index for f in found] == list(range(12))
    np.testing.assert_allclose([f.video_timestamp for f in found], np.arange(12) / 10, atol=1e-6)
    np.testing.assert_allclose([f.timestamp for f in found], 1000 + np.arange(12) / 10, atol=1e-6)
    assert found[0].size == (64, 48)
    assert not found[0].image.flags.writeable


def test_a_crop_is_relative(video: Path) -> None:
    assert frames(video, crop=[0.25, 0.5, 0.5, 0.5])[0].size == (32, 24)
    assert frames(video, crop=[0.999, 0.995, 0.001, 0.005])[0].size == (1, 1)


def test_max_fps_thins_evenly(video: Path) -> None:
    assert [f.video_timestamp for f in frames(video, max_fps=5)] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_a_loop_goes_on_in_time_and_tells_the_cut(video: Path) -> None:
    stop, found = threading.Event(), []
    for frame in open_source(stream(video, loop=True), 1000.0, stop):
        assert frame is not None
        found.append(frame)
        if len(found) == 30:
            stop.set()
    stamps = [f.timestamp for f in found]
    assert stamps == sorted(set(stamps))
    assert [f.segment for f in found] == [0] * 12 + [1] * 12 + [2] * 6


def looped(url: Path, count: int, **more: Any) -> list[Frame]:
    """The first frames of a file that begins again and again."""
    stop, found = threading.Event(), []
    for frame in open_source(stream(url, loop=True, **more), 1000.0, stop):
        assert frame is not None
        found.append(frame)
        if len(found) == count:
            stop.set()
    return found


@pytest.mark.parametrize(
    ("max_fps", "expected"),
    [
        (5, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4]),  # of 1.2 s, though the last picture is at 1.0 s
        (0.5, [0.0, 2.0, 4.0, 6.0]),  # less than one in each round
    ],
)
def test_a_loop_lasts_as_long_as_its_file_and_max_fps_holds_over_its_end(
    video: Path, max_fps: float, expected: list[float]
) -> None:
    assert [f.video_timestamp for f in looped(video, len(expected), max_fps=max_fps)] == pytest.approx(expected)


def test_a_damaged_last_picture_makes_a_loop_no_shorter(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "b.png").touch()
    assert [f.video_timestamp for f in looped(tmp_path, 3)] == pytest.approx([0.0, 0.2, 0.4])


def test_a_loop_over_a_video_that_has_lost_its_pictures_ends(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = iter(open_source(stream(video, loop=True), 1000.0, threading.Event()))
    next(pictures)
    monkeypatch.setattr(VideoReader, "_open", lambda _: cv2.VideoCapture())  # opens, and gives nothing
    with pytest.raises(SourceError, match=r"v\.avi: holds no picture that can be decoded any more"):
        list(pictures)


def transport_stream(path: Path, *recordings: Iterable[float], fps: float = 10.0) -> Path:
    """Recordings put one behind the other, by the timestamps of their pictures; ``fps`` is what they declare."""
    data = b""
    for times in recordings:
        encoder, packer = Encoder((64, 48), fps), TsPacker()
        for i, at in enumerate(times):
            units = [encoder.encode(numbered(i, (64, 48)), key=i == 0)]
            data += packer.pack([*encoder.parameter_sets, *units] if i == 0 else units, at)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("begins", [0.0, 460.0, 500.0])
def test_recordings_put_one_behind_the_other_follow_each_other(tmp_path: Path, begins: float) -> None:
    path = transport_stream(tmp_path / "v.ts", 500 + np.arange(15) / 10, begins + np.arange(15) / 10)
    np.testing.assert_allclose([f.video_timestamp for f in frames(path)], np.arange(30) / 10, atol=1e-3)


@pytest.mark.parametrize("doubled", range(1, 12))
def test_a_doubled_timestamp_makes_no_two_times_that_are_the_same(tmp_path: Path, doubled: int) -> None:
    path = transport_stream(tmp_path / "v.ts", np.insert(10 + np.arange(20) / 25, doubled, 10 + doubled / 25), fps=25.0)
    stamps = [f.timestamp for f in open_source(stream(path), 1.8e9, threading.Event()) if f is not None]
    assert (np.diff(stamps) > 0.01).all()


def test_a_recording_cut_between_key_frames_begins_with_the_next(tmp_path: Path) -> None:
    """It comes late, and what comes before it tells no size."""
    encoder, packer, data = Encoder((64, 48), 10.0), TsPacker(), b""
    for i in range(50):
        units = [encoder.encode(numbered(i, (64, 48)), key=i % 40 == 0)]
        if i > 5:
            data += packer.pack([*encoder.parameter_sets, *units] if i == 40 else units, i / 10)
    (tmp_path / "v.ts").write_bytes(data)
    assert [number_in(f.image) for f in frames(tmp_path / "v.ts")] == list(range(40, 50))


def test_a_loop_of_h264_that_counts_its_fields_lasts_as_long_as_its_file(tmp_path: Path) -> None:
    path = transport_stream(tmp_path / "v.ts", 500 + np.arange(5) / 10)
    np.testing.assert_allclose([f.video_timestamp for f in looped(path, 12)], np.arange(12) / 10, atol=1e-3)


def test_a_video_goes_on_behind_pictures_that_are_damaged(video: Path) -> None:
    data = video.read_bytes()
    pieces = data.split(b"00dc")
    for i in (5, 6):  # behind the heading, which has one more: the fourth and fifth picture
        pieces[i] = pieces[i][:4] + bytes(len(pieces[i]) - 4)
    video.write_bytes(b"00dc".join(pieces))
    found = [f.video_timestamp for f in frames(video)]
    assert found == pytest.approx([0.0, 0.1, 0.2, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])


def test_a_time_of_day_may_be_the_name_of_a_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "v.avi", 10.0).rename("10:30:00.avi")
    assert len(frames("10:30:00.avi")) == 12


def test_a_video_whose_name_is_no_text_is_refused_and_crashes_nothing(video: Path) -> None:
    with pytest.raises(SourceError, match="must be UTF-8"):
        VideoReader(video.rename(video.parent / "\udcff.avi"))


def test_a_part_of_a_longer_recording_holds_its_own_pictures_alone(tmp_path: Path) -> None:
    data = written(tmp_path / "v.mkv", 10.0).read_bytes()
    begin = data.index(b"\xe7\x81\x00")  # the time of its one cluster, behind a checksum of 6 bytes that nobody needs
    data = data[: begin - 6] + b"\xe7\x87" + (300_000).to_bytes(7, "big") + data[begin + 3 :]
    length = data.index(b"\x44\x89\x88") + 3
    data = data[:length] + struct.pack(">d", 301_200.0) + data[length + 8 :]
    (tmp_path / "v.mkv").write_bytes(data)
    assert VideoReader(tmp_path / "v.mkv").frames == 12
    assert len(frames(tmp_path / "v.mkv")) == 12


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.avi")
    with pytest.raises(SourceError, match=r"v\.avi: a pipe or a device; give a file, or of a camera its number"):
        frames(tmp_path / "v.avi")


def test_a_picture_in_twenty_seconds_is_no_25_a_second(tmp_path: Path) -> None:
    video = written(tmp_path / "v.avi", 0.05)
    assert VideoReader(video).fps == pytest.approx(0.05)
    assert looped(video, 14)[-1].video_timestamp == pytest.approx(13 * 20)


def test_real_pace_takes_the_time_of_the_video(video: Path) -> None:
    begun = time.monotonic()
    assert len(frames(video, pace="real")) == 12
    assert time.monotonic() - begun >= 1.05


def test_stop_ends_a_wait(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.25, stop.set).start()
    begun = time.monotonic()
    assert len(list(open_source(stream(written(tmp_path / "slow.avi", 0.02), pace="real"), 0.0, stop))) < 2
    assert time.monotonic() - begun < 40  # of the 50 s that the next frame is due in


def test_a_folder_of_pictures_in_the_order_of_names(tmp_path: Path) -> None:
    names = ["2 left.png", "10.png", "a.png", "b-1.5.png", "b-1.10.png", "b-02.png", "b-2.png", "b-10.png", "b.png"]
    for name in sorted(names):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), names.index(name), np.uint8))
    (tmp_path / "1.txt").write_text("x")
    (tmp_path / "._10.png").write_text("hidden")
    found = frames(tmp_path)
    assert [int(f.image[0, 0, 0]) for f in found] == list(range(len(names)))
    assert [f.video_timestamp for f in found] == pytest.approx(np.arange(len(names)) / 10)


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_what_is_no_video_is_refused_at_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.avi").write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.avi"):
        frames(tmp_path / "x.avi")


def test_a_file_that_goes_while_it_loops_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.avi", 10.0)
    pictures = iter(open_source(stream(path, loop=True), 1000.0, threading.Event()))
    next(pictures)
    path.unlink()
    with pytest.raises(SourceError, match=r"x\.avi: cannot be read: No such file"):
        list(pictures)


def test_pictures_of_a_folder_that_are_none_leave_a_gap_and_are_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (("a.png", 10), ("d.png", 40)):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), value, np.uint8))
    (tmp_path / "b.png").touch()
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    stop, found = threading.Event(), []
    for frame in open_source(stream(tmp_path, loop=True), 1000.0, stop):
        found.append((frame.index, int(frame.image[0, 0, 0]), round(frame.timestamp - 1000.0, 3)))
        if len(found) == 4:
            stop.set()
    assert found == [(0, 10, 0.0), (1, 40, 0.3), (2, 10, 0.4), (3, 40, 0.7)]
    told = [record.getMessage() for record in caplog.records]
    assert [line.split(": ")[0][-5:] for line in told] == ["b.png", "c.png"]


def test_a_folder_in_which_no_picture_can_be_decoded_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(SourceError, match="none of its 1 pictures"):
        frames(tmp_path)


def test_what_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        frames(tmp_path / "none.avi")
    with pytest.raises(SourceError, match="no pictures"):
        frames(tmp_path)
    with pytest.raises(SourceError, match="expected a file"):
        frames("ftp://user:secret@host/x")
    with pytest.raises(SourceError, match="cannot be read: File name too long"):
        frames("a" * 300)


def test_a_folder_that_is_not_ours_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    for method in ("iterdir", "exists"):  # of the folder itself, of the one that it is in
        monkeypatch.setattr(Path, method, refused)
        with pytest.raises(SourceError, match="cannot be read: Permission denied"):
            frames(tmp_path)


def test_a_device_that_is_not_there_is_told() -> None:
    stop, log = threading.Event(), ConditionLog("gate")
    for _ in open_source(stream("/dev/video63"), 0.0, stop, log):
        if log.changes.get(("backoff", "not_found")):
            stop.set()
    assert "no such device" in log.now.reason


def test_credentials_are_not_in_the_error() -> None:
    with pytest.raises(SourceError) as caught:
        frames("ftp://user:secret@host/x")
    assert "secret" not in str(caught.value)


def test_a_camera_that_does_not_answer_holds_nobody_up(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()
    log = ConditionLog("gate")
    source = open_source(stream("rtsp://user:secret@127.0.0.1:9/x"), 0.0, stop, log)
    threading.Timer(0.5, stop.set).start()
    assert [frame for frame in source if frame is not None] == []
    assert log.now.away
    assert "secret" not in caplog.text + "".join(capfd.readouterr())
