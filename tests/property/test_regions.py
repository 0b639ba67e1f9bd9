"""Crossings and presences against brute force, on walks at random and on real ones."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from tests.conftest import data_file
from tests.property import walks

from omni import _core

KINDS = ("entry", "exit", "forward", "reverse")


class Told(NamedTuple):
    """Something that the core told; the seconds of the first sight inside and of the last."""

    kind: str
    entered: float
    last: float


def ways(told: list[Told]) -> list[str]:
    """The crossings among it."""
    return [at.kind for at in told if at.kind in ("forward", "reverse")]


def watch(
    polygon: np.ndarray,
    direction: np.ndarray,
    people: list[tuple[np.ndarray, np.ndarray]],
    frames: int,
    height: tuple[float, float] = (1.0, 1.0),
) -> list[list[Told]]:
    """What the core tells of each of the people, (places, times) of each on one clock."""
    region = _core.Region(np.ascontiguousarray(polygon), presence=True, direction=tuple(direction))
    monitor = _core.RegionMonitor([region], inertia_frames=frames)
    told: list[list[Told]] = [[] for _ in people]
    at = [dict(zip(np.round(times, 6).tolist(), places, strict=True)) for places, times in people]
    for number, time in enumerate(sorted(set().union(*at))):
        seen = [i for i, places in enumerate(at) if time in places]
        points = np.array([at[i][time] for i in seen])
        happened = monitor.update(np.array(seen), points, np.tile(height, (len(seen), 1)), timestamp=time, frame=number)
        note(told, happened)
        note(told, monitor.forget(np.array([i for i in seen if time == max(at[i])], np.int64)))
    assert monitor.forget_all()[0].size == 0
    return told


def note(told: list[list[Told]], happened: tuple[np.ndarray, ...]) -> None:
    kinds, _, tracks, sights = happened
    for kind, track, (_, entered, last, _) in zip(kinds.tolist(), tracks.tolist(), sights.tolist(), strict=True):
        told[track].append(Told(KINDS[kind], entered[2], last[2]))


def zone(rng: np.random.Generator) -> np.ndarray:
    """A star-shaped polygon of 3 to 9 corners, mostly concave."""
    corners = int(rng.integers(3, 10))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    while np.diff(np.append(angles, angles[0] + 2 * np.pi)).max() > 3:
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.08, 0.35, corners)
    return 0.5 + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)


def stroll(rng: np.random.Generator, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """A walk of 20 s that wanders about the middle; frames are missing, as with a detector."""
    count = int(20 * rate)
    speed = rng.uniform(0.02, 0.4) / rate
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.6, count) / np.sqrt(rate))
    walk = rng.uniform(0.2, 0.8, 2) + np.cumsum(speed * np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    walk = 0.5 + (walk - walk.mean(0)) + rng.normal(0, 0.01, (count, 2))
    kept = np.sort(rng.choice(count, int(count * rng.uniform(0.6, 1.0)), replace=False))
    return walk[kept], np.round(kept / rate, 6)


@pytest.mark.parametrize("rate", [2.0, 5.0, 10.0, 25.0])
def test_crossings_are_those_of_brute_force_on_walks_at_random(rate: float) -> None:
    rng = np.random.default_rng(int(rate))
    found: Counter[str] = Counter()
    for _ in range(40):
        polygon, direction, frames = zone(rng), rng.normal(size=2), int(rng.integers(1, 6))
        people = [stroll(rng, rate) for _ in range(25)]
        for (places, times), told in zip(people, watch(polygon, direction, people, frames), strict=True):
            expected = walks.crossings(polygon, direction, places, times, frames)
            assert ways(told) == expected
            found.update(expected)
            stays = [(at.entered, at.last) for at in told if at.kind == "exit"]
            assert stays == walks.stays(polygon, places, times, frames)
            assert [at.entered for at in told if at.kind == "entry"] == [entered for entered, _ in stays]
            found["stays"] += len(stays)
    assert min(found["forward"], found["reverse"], found["stays"]) > 100


def floor(name: str) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """Real people on their floor, scaled into the picture; and what one metre is in it."""
    rows = np.loadtxt(data_file(f"traj-eth-ucy/{name}.csv"), delimiter=",", skiprows=1)
    metre = 0.9 / np.ptp(rows[:, 2:], axis=0).max()
    places = 0.05 + (rows[:, 2:] - rows[:, 2:].min(0)) * metre
    step = np.diff(np.unique(rows[:, 0])).min()
    people = [(places[at], rows[at, 0] / step * 0.4) for at in (rows[:, 1] == i for i in np.unique(rows[:, 1]))]
    return [(places, times) for places, times in people if len(times) > 1], metre


@pytest.mark.parametrize("name", ["eth", "hotel", "zara01", "zara02", "students03"])
def test_real_walks_are_counted_as_brute_force_counts_them(name: str) -> None:
    people, metre = floor(name)
    rng = np.random.default_rng(1)
    everybody = np.concatenate([places for places, _ in people])
    total = 0
    for width in (0.3, 1.0, 2.0):  # of the zone, in metres; people walk half a metre a frame
        middle, angle = np.median(everybody, 0), rng.uniform(0, np.pi)
        across, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        corners = [(-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1)]
        polygon = np.clip([middle + u * across + v * width / 2 * metre * along for u, v in corners], 0.0, 1.0)
        told = watch(polygon, along, people, 3, (1.75 * metre, 1.75 * metre))
        for (places, times), kinds in zip(people, told, strict=True):
            expected = walks.crossings(polygon, along, places, times, 3)
            assert ways(kinds) == expected
            total += len(expected)
    assert total > 50


def street(every: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The annotated people of the street, every so many frames of 10 a second."""
    rows = np.loadtxt(data_file("pets09-s2l1/gt/gt.txt"), delimiter=",")
    rows = rows[rows[:, 0] % every == 0]
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    feet = np.stack([rows[:, 2] + rows[:, 4] / 2, rows[:, 3] + rows[:, 5]], 1) / (768, 576)
    return [(feet[at], rows[at, 0] / 10) for at in (rows[:, 1] == i for i in np.unique(rows[:, 1]))]


ZONES = {
    "left": (np.array([(0.3, 0.2), (0.34, 0.2), (0.34, 1.0), (0.3, 1.0)]), np.array([1.0, 0.0])),
    "middle": (np.array([(0.1, 0.5), (0.9, 0.5), (0.9, 0.56), (0.1, 0.56)]), np.array([0.0, 1.0])),
}


@pytest.mark.parametrize("name", list(ZONES))
def test_people_of_the_street_are_counted_alike_at_10_5_and_2_frames_a_second(name: str) -> None:
    polygon, direction = ZONES[name]
    counts = []
    for every in (1, 2, 5):
        people = street(every)
        told = watch(polygon, direction, people, 3, (0.12, 0.16))
        for (places, times), kinds in zip(people, told, strict=True):
            expected = walks.crossings(polygon, direction, places, times, 3)
            assert ways(kinds) == expected
        counts.append(Counter(way for kinds in told for way in ways(kinds)))
    assert counts[0] == counts[1]
    assert all(abs(counts[0][way] - counts[2][way]) <= 1 for way in ("forward", "reverse"))
    assert min(counts[0].values()) >= 8
