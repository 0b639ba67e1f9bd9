"""How the streams are doing, for Prometheus (text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omni.types import StreamStatus


def stream_figures(streams: Sequence[StreamStatus]) -> str:
    """State, changes of it, pictures and decoders left behind of each stream."""
    return "".join(f"{line}\n" for line in _lines(streams))


def _lines(streams: Sequence[StreamStatus]) -> Iterator[str]:
    yield "# TYPE omni_stream_state gauge"
    for s in streams:
        yield f'omni_stream_state{{stream="{s.stream_uuid}",state="{s.state}"}} 1'
    yield "# TYPE omni_stream_changes_total counter"
    for s in streams:
        for state, cause, count in s.changes:
            yield f'omni_stream_changes_total{{stream="{s.stream_uuid}",state="{state}",cause="{cause}"}} {count}'
    for name, kind, field in (
        ("omni_stream_frames_total", "counter", "frames"),
        ("omni_stream_dropped_total", "counter", "dropped"),
        ("omni_stream_decoders_left_behind", "gauge", "left_behind"),
    ):
        yield f"# TYPE {name} {kind}"
        for s in streams:
            yield f'{name}{{stream="{s.stream_uuid}"}} {getattr(s, field)}'
