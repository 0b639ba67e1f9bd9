"""Streams and networks in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from omni.delivery.figures import family
from omni.types import StreamStatus


def stream_metrics(streams: Sequence[StreamStatus]) -> Iterator[str]:
    """How many frames of each stream were analysed and dropped, and at what rate."""
    labels = [{"stream": status.stream_uuid, "name": status.name} for status in streams]
    for name, kind, attribute in (
        ("omni_stream_frames_total", "counter", "frames"),
        ("omni_stream_dropped_total", "counter", "dropped"),
        ("omni_stream_fps", "gauge", "fps"),
        ("omni_stream_offered_fps", "gauge", "offered_fps"),
    ):
        values = [getattr(status, attribute) for status in streams]
        yield from family(name, kind, list(zip(labels, values, strict=True)))


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
