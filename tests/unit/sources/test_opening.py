"""One budget of time for one try, from asking to opened."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from omni.config import StreamConfig
from omni.sources.backoff import Backoff
from omni.sources.clock import CameraClock
from omni.sources.condition import ConditionLog
from omni.sources.decoder import OPEN_S, Decoder, turn_to_open
from omni.sources.mailbox import Mailbox
from omni.sources.reader import CameraReader
from omni.testing import FaultCamera

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@contextmanager
def opening(url: str) -> Iterator[queue.Queue[float]]:
    """A reader of a camera. Gives the seconds within which it is to be opened, each time."""
    asked = queue.Queue[float]()

    def open_decoder(stream: StreamConfig, open_s: float, read_s: float) -> Decoder:
        del stream, read_s
        asked.put(open_s)
        raise ConnectionError

    stream = StreamConfig.model_validate({"stream_uuid": UUID, "url": url})
    reader = CameraReader(stream, ConditionLog("gate"), Mailbox(), CameraClock(), Backoff(), open_decoder)
    reader.start()
    try:
        yield asked
    finally:
        reader.let_go()
        assert reader.join(10)


def test_the_decoder_has_what_asking_left() -> None:
    with FaultCamera() as camera:
        camera.sending = False
        with opening(camera.url()) as asked:
            while camera.connections == 0:
                time.sleep(0.01)
            time.sleep(1.5)
            camera.sending = True
            assert 1.0 <= asked.get(timeout=20) <= OPEN_S - 1.0


def test_waiting_for_its_turn_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.reader.diagnose", lambda _: None)
    with ExitStack() as another:
        another.enter_context(turn_to_open(threading.Event()))
        with opening("rtsp://127.0.0.1:9/x") as asked:
            with pytest.raises(queue.Empty):
                asked.get(timeout=2.0)
            another.close()
            assert asked.get(timeout=20) > OPEN_S - 1.5


def test_a_second_is_left_whatever_asking_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.reader.diagnose", lambda _: None)
    monkeypatch.setattr("omni.sources.reader.OPEN_S", 0.0)
    with opening("rtsp://127.0.0.1:9/x") as asked:
        assert asked.get(timeout=20) == 1.0
