from __future__ import annotations

from omni.service.metrics import stream_metrics
from omni.types import StreamStatus


def test_streams_are_told_to_prometheus() -> None:
    changes = (("backoff", "silent", 2), ("online", "", 1))
    status = StreamStatus(
        "u", "gate", "rtsp://***@cam", "backoff", "", 7, 3, 0.0, None, next_try_s=4.0, changes=changes, left_behind=1
    )
    lines = [line for line in stream_metrics([status]) if not line.startswith("#")]
    stream = 'stream="u",name="gate"'
    assert f'omni_stream_state{{{stream},state="backoff"}} 1' in lines
    assert f'omni_stream_changes_total{{{stream},state="backoff",cause="silent"}} 2' in lines
    assert f'omni_stream_changes_total{{{stream},state="online"}} 1' in lines
    assert f"omni_stream_frames_total{{{stream}}} 7" in lines
    assert f"omni_stream_decoders_left_behind{{{stream}}} 1" in lines
