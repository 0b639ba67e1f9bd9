"""Streams and networks in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from omni.delivery.figures import family
from omni.types import StreamStatus


def stream_metrics(streams: Sequence[StreamStatus]) -> Iterator[str]:
    """State of each stream and how often it changed, frames analysed and dropped, the rate, decoders that hang."""
    labels = [{"stream": status.stream_uuid, "name": status.name} for status in streams]
    for name, kind, attribute in (
        ("omni_stream_frames_total", "counter", "frames"),
        ("omni_stream_dropped_total", "counter", "dropped"),
        ("omni_stream_fps", "gauge", "fps"),
        ("omni_stream_offered_fps", "gauge", "offered_fps"),
        ("omni_stream_decoders_left_behind", "gauge", "left_behind"),
    ):
        values = [getattr(status, attribute) for status in streams]
        yield from family(name, kind, list(zip(labels, values, strict=True)))
    states = [({**label, "state": s.state}, 1) for label, s in zip(labels, streams, strict=True)]
    yield from family("omni_stream_state", "gauge", states)
    changes = [
        ({**label, "state": state, "cause": cause}, n)
        for label, s in zip(labels, streams, strict=True)
        for state, cause, n in s.changes
    ]
    yield from family("omni_stream_changes_total", "counter", changes)


def network_metrics(networks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """How many nodes of each network a provider runs; ``asked`` is the one that was asked for first."""
    yield from family(
        "omni_network_nodes",
        "gauge",
        [
            (
                {
                    "role": network["role"],
                    "model": network["model"],
                    "asked": network["providers_asked"][0],
                    "provider": provider,
                },
                nodes,
            )
            for network in networks
            for provider, nodes in network["nodes"].items()
        ],
    )
