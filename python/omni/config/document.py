"""A configuration as a JSON document: all of it, what differs, and what of it goes into the user's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from omni.config.agent import AgentConfig
from omni.config.faults import pointer
from omni.config.secrets import conceal, host_of, put_back, shown

_NAMES = ("uuid", "stream_uuid", "id", "name")
"""Members that tell one element of a list from the others; the first that all have."""

_OTHER_SPELLINGS = {"multistream_ROI": "mutlistream_ROI", "broker_address": "brocker_address"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs: JSON pointer, and both values; None for what is not there."""

    path: str
    old: Any
    new: Any


def document_of(config: AgentConfig, *, sparse: bool = False) -> dict[str, Any]:
    """A configuration as JSON, with its secrets ``Concealed``; ``sparse``: without what stands at its default."""
    document: dict[str, Any] = conceal(_plain(config.model_dump(by_alias=True, exclude_defaults=sparse)))
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def differences(old: Any, new: Any, path: tuple[int | str, ...] = ()) -> Iterator[Difference]:
    """What differs between two documents, in the new one's order. Elements of lists are known by what names them."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*new, *(n for n in old if n not in new)]:
            yield from differences(old.get(name), new.get(name), (*path, name))
    elif (pairs := _pairs(old, new)) is not None:
        places = [i for i, j in pairs if i is not None and j is not None]
        if places != sorted(places):  # another order, beside which nothing else is worth telling
            yield Difference(pointer(path), old, new)
            return
        for i, j in pairs:
            if i is None or j is None:
                before, after = (None if i is None else old[i]), (None if j is None else new[j])
                yield Difference(pointer((*path, i if j is None else j)), before, after)  # type: ignore[arg-type]
            else:
                yield from differences(old[i], new[j], (*path, j))
    elif old != new:
        yield Difference(pointer(path), old, new)


def restored(proposed: Any, current: Any) -> Any:
    """A proposed document with the secrets of the current one where it says ``***``."""
    if isinstance(proposed, Mapping):
        known = dict(current) if isinstance(current, Mapping) else {}
        if _origin(proposed) != _origin(known) or (_is_encrypted(known) and not _is_encrypted(proposed)):
            for name in ("headers", "path"):  # they may hold passwords, which go to no other host, nor in the clear
                known.pop(name, None)
        return {name: restored(value, known.get(_OTHER_SPELLINGS.get(name, name))) for name, value in proposed.items()}
    if isinstance(proposed, list):
        counterparts = _counterparts(proposed, current if isinstance(current, list) else [])
        return [restored(element, known) for element, known in zip(proposed, counterparts, strict=True)]
    return put_back(proposed, current)


def _counterparts(proposed: Sequence[Any], current: Sequence[Any]) -> list[Any]:
    """For each proposed element the current one that it was; None: there is none.

    What is just as it is shown comes first, so that of several at one address each keeps its own secret.
    """
    free = dict(enumerate(zip(current, map(shown, current), strict=True)))
    if all(known == text for known, text in free.values()):  # nothing is hidden, in thousands of corners for example
        return [None] * len(proposed)
    found: dict[int, Any] = {}
    for i, element in enumerate(proposed):
        places = (i, *free) if isinstance(element, Mapping) else (i,)
        same = next((place for place in places if place in free and free[place][1] == element), None)
        if same is not None:
            found[i] = free.pop(same)[0]
    left = {place: known for place, (known, _) in free.items()}
    return [found[i] if i in found else _counterpart(element, i, left) for i, element in enumerate(proposed)]


def _counterpart(element: Any, position: int, current: Mapping[int, Any]) -> Any:
    """The element of the current list that this one was: by what names it, by its address, else by its place."""
    if isinstance(element, Mapping):
        for name in ("uuid", "stream_uuid", "id", "url", "host"):
            same = [
                c for c in current.values() if isinstance(c, Mapping) and element.get(name) and _same(element, c, name)
            ]
            if len(same) == 1:
                return same[0]
    return current.get(position)


def _same(element: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    return bool(shown(other.get(name)) == element[name])


def _origin(record: Mapping[str, Any]) -> tuple[str, Any]:
    """Whom a subscriber's messages go to."""
    host = host_of(str(shown(record.get("url") or "")))[1].rpartition("@")[2]
    return (host, None) if host else (str(record.get("host") or ""), record.get("port"))


def _is_encrypted(record: Mapping[str, Any]) -> bool:
    url = str(shown(record.get("url") or ""))
    return url.lower().startswith("https:") if url else record.get("is_secured") is True


def merged(written: Any, old: Any, new: Any, sparse: Any) -> Any:
    """The user's document with what is new in it: their order, their spelling, and nothing that they left out.

    Args:
        written: as the user wrote it.
        old: all of what that means.
        new: all of what it is to mean.
        sparse: the new without what stands at its default.
    """
    if old == new:
        return written
    if isinstance(written, Mapping) and isinstance(old, Mapping) and isinstance(new, Mapping):
        sparse, kept = sparse or {}, {}
        for spelt, value in written.items():
            name = _OTHER_SPELLINGS.get(spelt, spelt)
            if name in new:
                kept[spelt] = merged(value, old.get(name), new[name], sparse.get(name))
            elif name not in old:
                kept[spelt] = value
        names = {_OTHER_SPELLINGS.get(spelt, spelt) for spelt in written}
        added = {name: value for name, value in sparse.items() if name not in names and old.get(name) != new[name]}
        return {**kept, **added}
    if (pairs := _pairs(old, new)) is not None and isinstance(written, list) and len(written) == len(old):
        was = {j: i for i, j in pairs if i is not None and j is not None}
        return [
            merged(written[was[j]], old[was[j]], new[j], sparse[j]) if j in was else sparse[j] for j in range(len(new))
        ]
    return new if sparse is None else sparse


def _pairs(old: Any, new: Any) -> list[tuple[int | None, int | None]] | None:
    """Positions of the same element in two lists, None where it is in one only; None: they are no such lists."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return None
    elements = [*old, *new]
    if not elements or not all(isinstance(element, Mapping) for element in elements):
        return None
    for name in _NAMES:
        keys_old, keys_new = [e.get(name) for e in old], [e.get(name) for e in new]
        if _tell_apart(keys_old) and _tell_apart(keys_new):
            break
    else:
        if not any("url" in element for element in elements):
            return None
        keys_old, keys_new = list(range(len(old))), list(range(len(new)))
    gone: list[tuple[int | None, int | None]] = [(i, None) for i, key in enumerate(keys_old) if key not in keys_new]
    return [(keys_old.index(key) if key in keys_old else None, j) for j, key in enumerate(keys_new)] + gone


def _tell_apart(keys: list[Any]) -> bool:
    """Whether each is a name, and of one element only; in a document that cannot be used they may be anything."""
    return all(isinstance(key, str) and key for key in keys) and len(set(keys)) == len(keys)
