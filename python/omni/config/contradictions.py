"""What no part of a configuration shows on its own: names given twice, names of nothing, one thing said in two ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, LiteralString

from omni.config.secrets import masked_address

CONTRADICTION: Final[LiteralString] = "contradiction"
"""What pydantic calls such an error."""

Place = tuple[int | str, ...]


def contradictions(document: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Where, and what is wrong, of a document as it is written; what is malformed is somebody else's to tell."""
    streams = list(_objects(document.get("streams"), ("streams",)))
    yield from _twice(streams, "stream_uuid")
    known = {_uuid(stream.get("stream_uuid")) for _, stream in streams}
    for key in ("mutlistream_ROI", "multistream_ROI"):
        section = document.get(key)
        regions = list(_objects(section.get("regions") if isinstance(section, Mapping) else None, (key, "regions")))
        yield from _twice(regions, "uuid")
        for place, region in regions:
            named = region.get("stream_uuid")
            if named is not None and _uuid(named) not in known:
                yield (*place, "stream_uuid"), f"expected one of the streams, got {masked_address(str(named)):.80}"
    yield from _subscribers(document)
    # Beside a desired_score the original ignores the two, and so do we.
    if document.get("desired_score") is None and None not in (document.get("faR"), document.get("frR")):
        yield ("frR",), "faR and frR: each of them is the threshold of a match; give one"


def _subscribers(document: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    broker = document.get("mqtt_settings")
    # What the broker is called in figures and addresses.
    known = {"mqtt"} if isinstance(broker, Mapping) and broker.get("enable") is True else set()
    key = "webhook_tracking_subscribers"
    for place, subscriber in _objects(document.get(key), (key,)):
        if (name := str(subscriber.get("id") or "")) in known:
            yield (*place, "id"), f"{masked_address(name)!r} is given twice"
        known |= {name} - {""}


def _objects(value: Any, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for i, item in enumerate(value if isinstance(value, list | tuple) else ()):
        if isinstance(item, Mapping):
            yield (*place, i), item


def _twice(items: list[tuple[Place, Mapping[str, Any]]], key: str) -> Iterator[tuple[Place, str]]:
    first: dict[str, Place] = {}
    for place, item in items:
        if (uuid := _uuid(item.get(key))) is None:
            continue
        if uuid in first:
            yield (
                (*place, key),
                f"{key} {masked_address(str(item[key]))} is given twice, first to {first[uuid][-2]}[{first[uuid][-1]}]",
            )
        first.setdefault(uuid, place)


def _uuid(value: Any) -> str | None:
    """A UUID however it is written; None: there is none."""
    return None if value is None else str(value).lower().replace("-", "").strip("{}").removeprefix("urn:uuid:")
