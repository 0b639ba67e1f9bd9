"""The bytes of a POST: ``{"processes": [...]}``, with pictures where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from omni.types import ProcessMessage, UInt8

MOST_BYTES = 1 << 20
"""A POST is at most this large; a longer array is split (delivery, line 11)."""

_HEAD, _TAIL = b'{"processes":[', b"]}"

EncodePicture = Callable[[UInt8], str]
"""A picture (H, W, 3) uint8 BGR -> base64 of its JPEG."""


def bodies(message: ProcessMessage, encode: EncodePicture | None) -> list[bytes]:
    """The POST bodies of one message, in order; more than one only when the array is larger than ``MOST_BYTES``.

    Args:
        message: the processes.
        encode: makes best shots; None: no picture goes along.
    """
    if not message.processes:
        return []
    processes = [_with_picture(process, message, encode) for process in message.processes]
    whole = orjson.dumps({"processes": processes}, option=orjson.OPT_SERIALIZE_NUMPY)
    if len(whole) <= MOST_BYTES:
        return [whole]
    records = [orjson.dumps(process, option=orjson.OPT_SERIALIZE_NUMPY) for process in processes]
    groups: list[list[bytes]] = []
    room = 0
    for record in records:
        if not groups or len(record) + 1 > room:
            groups.append([])
            room = MOST_BYTES - len(_HEAD) - len(_TAIL)
        groups[-1].append(record)
        room -= len(record) + 1
    return [_HEAD + b",".join(group) + _TAIL for group in groups]


def event_bodies(message: ProcessMessage) -> list[bytes]:
    """The POST bodies of one message for a subscriber of type ``events``: one object each."""
    return [orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY) for event in message.events]


def _with_picture(process: dict[str, Any], message: ProcessMessage, encode: EncodePicture | None) -> dict[str, Any]:
    picture = message.best_shots.get(process["id"])
    return process if picture is None or encode is None else {**process, "best_shot": encode(picture)}
