"""The bytes that leave: ``{"processes": [...]}``, with pictures where they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from omni.types import ProcessMessage, UInt8

logger = logging.getLogger(__name__)

MOST_BYTES = 1 << 20
"""A POST is at most this large; a longer array is split (delivery, line 11)."""

NOTHING = b'{"processes":[]}'
"""What a test and a heartbeat carry."""

_HEAD, _TAIL = b'{"processes":[', b"]}"
_PICTURE = "best_shot"

EncodePicture = Callable[[UInt8], str]
"""A picture (H, W, 3) uint8 BGR -> base64 of its JPEG."""


@dataclass(frozen=True, slots=True)
class Body:
    """What one POST carries: for which type of subscriber, the bytes, whether there are pictures in them."""

    kind: str
    data: bytes
    pictures: bool


def bodies(message: ProcessMessage, encode: EncodePicture | None) -> list[Body]:
    """The bodies of one message, in order; more than one only when the array is larger than ``MOST_BYTES``.

    Args:
        message: the processes.
        encode: makes best shots; None: no picture goes along. One that cannot be made is left out.
    """
    pictures = {} if encode is None else _encoded(message, encode)
    processes = [
        {**process, _PICTURE: pictures[process["id"]]} if process["id"] in pictures else process
        for process in message.processes
    ]
    told = [Body("processes", data, bool(pictures)) for data in _arrays(processes)]
    kind = "streams" if message.reason == "stream" else "events"
    return told + [Body(kind, _dumps(event), False) for event in message.events]


def _arrays(processes: list[dict[str, Any]]) -> list[bytes]:
    """``{"processes": [...]}``, as few of them as fit."""
    if not processes:
        return []
    whole = _dumps({"processes": processes})
    if len(whole) <= MOST_BYTES:
        return [whole]
    records = [_fitting(process) for process in processes]
    groups: list[list[bytes]] = []
    room = 0
    for record in records:
        if not groups or len(record) + 1 > room:
            groups.append([])
            room = MOST_BYTES - len(_HEAD) - len(_TAIL)
        groups[-1].append(record)
        room -= len(record) + 1
    return [_HEAD + b",".join(group) + _TAIL for group in groups]


def _fitting(process: dict[str, Any]) -> bytes:
    """A record, without its picture where that alone is more than a POST may be: many receivers refuse such a one."""
    record = _dumps(process)
    if len(record) <= MOST_BYTES - len(_HEAD) - len(_TAIL) or _PICTURE not in process:
        return record
    logger.warning(
        "the best shot of process %s is too large for a message (%d kB); the process goes without: "
        "choose a smaller best_shot.max_side or quality",
        process["id"],
        len(process[_PICTURE]) // 1000,
    )
    return _dumps({name: value for name, value in process.items() if name != _PICTURE})


def _dumps(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def without_pictures(data: bytes) -> bytes:
    """The same body, its pictures left out; that of an event has none."""
    document: dict[str, Any] = orjson.loads(data)
    for record in document.get("processes", ()):
        record.pop(_PICTURE, None)
    return orjson.dumps(document)


def _encoded(message: ProcessMessage, encode: EncodePicture) -> dict[str, str]:
    made = {}
    for process_id, picture in message.best_shots.items():
        try:
            made[process_id] = encode(picture)
        except Exception:
            logger.exception("the best shot of process %s cannot be encoded; the process goes without", process_id)
    return made
