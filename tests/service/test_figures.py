from __future__ import annotations

from omni.service.figures import stream_figures
from omni.types import StreamStatus


def test_streams_are_told_to_prometheus() -> None:
    changes = (("backoff", "silent", 2), ("online", "", 1))
    status = StreamStatus("u", "gate", "rtsp://***@cam", "backoff", "", 7, 3, 0.0, None, 4.0, changes, 1)
    lines = stream_figures([status]).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'omni_stream_state{stream="u",state="backoff"} 1',
        'omni_stream_changes_total{stream="u",state="backoff",cause="silent"} 2',
        'omni_stream_changes_total{stream="u",state="online",cause=""} 1',
        'omni_stream_frames_total{stream="u"} 7',
        'omni_stream_dropped_total{stream="u"} 3',
        'omni_stream_decoders_left_behind{stream="u"} 1',
    ]
