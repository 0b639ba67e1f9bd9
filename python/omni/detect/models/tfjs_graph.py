"""Nodes of a TensorFlow.js graph, and the order to walk them in."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the TensorFlow graph. ``inputs`` are node names, ``ports`` which output of each is meant."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    ports: tuple[int, ...]
    attributes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> Node:
        data = [reference.partition(":") for reference in node.get("input", ()) if not reference.startswith("^")]
        return cls(
            node["name"],
            node["op"],
            tuple(name for name, _, _ in data),
            tuple(int(port or 0) for _, _, port in data),
            node.get("attr", {}),
        )

    def number(self, key: str, default: float) -> float:
        return float(self.attributes.get(key, {}).get("f", default))

    def integer(self, key: str, default: int) -> int:
        return int(self.attributes.get(key, {}).get("i", default))

    def flag(self, key: str) -> bool:
        return bool(self.attributes.get(key, {}).get("b", False))

    def text(self, key: str) -> str:
        return _decode(self.attributes[key]["s"])

    def integers(self, key: str) -> list[int]:
        return [int(i) for i in self.attributes.get(key, {}).get("list", {}).get("i") or ()]

    def texts(self, key: str) -> list[str]:
        return [_decode(s) for s in self.attributes.get(key, {}).get("list", {}).get("s") or ()]


def _decode(value: str | list[int]) -> str:
    """A string attribute: base64, or a list of bytes as old exporters wrote it."""
    return (bytes(value) if isinstance(value, list) else base64.b64decode(value)).decode()


def in_order(nodes: Mapping[str, Node], inputs: Collection[str], outputs: Collection[str]) -> list[Node]:
    """The nodes between inputs and outputs, each after those it needs."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    pending, seen = list(outputs), set(inputs)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        sorter.add(name, *nodes[name].inputs)
        pending.extend(nodes[name].inputs)
    return [nodes[name] for name in sorter.static_order() if name not in inputs]
