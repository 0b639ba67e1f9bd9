"""Who is who, as several readings of one recording say, each with numbers of its own.

A person is known by the numbers that the readings gave them of late (evidence accumulation: Fred and Jain, IEEE
Transactions on Pattern Analysis and Machine Intelligence 27, 2005).
"""

from __future__ import annotations

import math
from collections.abc import Collection

Said = Collection[tuple[int, int]]
"""Readings that tell of somebody, and the number that each gives them."""


class Evidence:
    """The people so far, numbered from 0 in the order in which they come.

    Args:
        readings: how many there are.
        fps: frames a second.
        memory_s: what readings said fades with this time constant, seconds.
    """

    def __init__(self, readings: int, fps: float, memory_s: float) -> None:
        self._readings = readings
        self._fps = fps
        self._memory_s = memory_s
        self._last: list[int] = []  # for each person the frame in which they were last
        self._weights: list[
            list[dict[int, float]]
        ] = []  # for each person and reading their numbers, and how they weigh
        self._holders: list[dict[int, set[int]]] = [{} for _ in range(readings)]  # for each number who had it

    def __len__(self) -> int:
        return len(self._last)

    def note(self, person: int | None, said: Said, frame: int) -> int:
        """Take in what is said of a person in a frame, None: of somebody new. Returns who it is."""
        if person is None:
            person = len(self)
            self._last.append(frame)
            self._weights.append([{} for _ in range(self._readings)])
        left = math.exp((self._last[person] - frame) / self._fps / self._memory_s)
        self._last[person] = frame
        for reading, number in said:
            weights = self._weights[person][reading]
            for earlier in weights:
                weights[earlier] *= left
            weights[number] = weights.get(number, 0.0) + 1.0
            self._holders[reading].setdefault(number, set()).add(person)
        return person

    def shares(self, said: Said) -> dict[int, float]:
        """For each person who may be meant the share of these readings by which it is they."""
        sure: dict[int, float] = {}
        for reading, number in said:
            for person in self._holders[reading].get(number, ()):
                weights = self._weights[person][reading]
                sure[person] = sure.get(person, 0.0) + weights[number] / sum(weights.values())
        return {person: total / len(said) for person, total in sure.items()}


def elected(votes: Collection[tuple[float, int, int]]) -> dict[int, int]:
    """Of votes (how likely, person, place) who is in which place, surest first; nobody is in two."""
    who: dict[int, int] = {}
    taken: set[int] = set()
    for _, person, place in sorted((-likely, person, place) for likely, person, place in votes):
        if place not in who and person not in taken:
            who[place] = person
            taken.add(person)
    return who
