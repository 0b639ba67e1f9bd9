from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from omni.detect import DetectionMemory
from omni.types import Detections, UInt8

PICTURES = [np.full((4, 4, 3), shade, np.uint8) for shade in range(4)]


class Looks:
    """Finds a box in each picture, and counts them."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: Sequence[UInt8]) -> list[Detections]:
        self.seen += len(images)
        one, person = np.ones(1, np.float32), np.zeros(1, np.int32)
        return [Detections(np.full((1, 4), image[0, 0, 0], np.float32), one, person) for image in images]


def boxes(found: Sequence[Detections]) -> list[float]:
    return [float(each.xyxy[0, 0]) for each in found]


@contextlib.contextmanager
def stopped(path: Path) -> Iterator[DetectionMemory]:
    with contextlib.suppress(KeyboardInterrupt), DetectionMemory(path) as memory:
        yield memory
        raise KeyboardInterrupt


def test_who_is_killed_while_it_begins_again_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.seen"
    looks = Looks()
    with stopped(path) as memory:
        memory.recall(PICTURES[:3], "net", looks)
    with path.open("a") as file:
        file.write("0123 half a li")  # as a killed one leaves it
    before = path.read_bytes()
    with stopped(path):  # before it has looked at anything
        assert path.read_bytes() == before + b"\n"
    assert path.read_bytes() == before + b"\n"
    with DetectionMemory(path) as memory:
        assert boxes(memory.recall(PICTURES, "net", looks)) == [0.0, 1.0, 2.0, 3.0]
        assert (memory.recalled, looks.seen) == (3, 4)
        assert boxes(memory.recall(PICTURES[:1], "another net", looks)) == [0.0]
        assert looks.seen == 5
    assert not path.exists()


def test_on_a_full_disk_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        closed = False

        def write(self, _: str = "") -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        flush = close = write

    with DetectionMemory(tmp_path / "r.seen") as memory:
        memory._file.close()
        monkeypatch.setattr(memory, "_file", Full())
        for _ in range(2):
            assert boxes(memory.recall(PICTURES, "net", Looks())) == [0.0, 1.0, 2.0, 3.0]
        assert memory.recalled == 4
    [told] = [record.getMessage() for record in caplog.records]
    assert "r.seen: cannot be written: No space left on device; a run that is stopped does not go on" in told
