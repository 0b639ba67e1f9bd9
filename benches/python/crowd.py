"""A crowd that walks about, the same at every call, and how long a call takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

FPS = 30.0


def crowd(people: int, frame: int) -> npt.NDArray[np.float32]:
    """(people, 4) boxes of 40 x 100 pixels, 60 pixels apart, each swinging about its place; some overlap."""
    k, t = np.arange(people), frame / FPS
    columns = int(np.ceil(np.sqrt(people)))
    x = 100 + 60 * (k % columns) + 25 * np.sin(0.5 * t + 1.7 * k)
    y = 100 + 60 * (k // columns) + 15 * np.cos(0.3 * t + 2.3 * k)
    return np.stack([x - 20, y - 50, x + 20, y + 50], 1).astype(np.float32)


def street(people: int, frames: int) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Boxes (N, 4) and confidences (N,) of a crowd as a detector sees it, the same at every call.

    People of 45 to 75 pixels' width walk and turn at 30 to 180 pixels a second, as dense as 50 in 1920 x 1080. A frame
    misses 8 % of them and some for up to half a second, sees 15 % unsurely, and has false alarms, one for 20 people.
    """
    random = np.random.default_rng(people)
    size = np.array([1920.0, 1080.0]) * np.sqrt(people / 50)
    width = random.uniform(45, 75, people)
    extent = np.stack([width, width * random.uniform(2.2, 2.8, people)], 1)
    place = random.uniform(0, size, (people, 2))
    heading, speed = random.uniform(0, 2 * np.pi, people), random.uniform(30, 180, people) / FPS
    hidden = np.zeros(people, int)
    seen = []
    for _ in range(frames):
        heading += random.normal(0, 0.06, people)
        place += speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], 1)
        heading = np.where((place < 0).any(1) | (place > size).any(1), heading + np.pi / 2, heading)
        place = np.clip(place, 0, size)
        hidden = np.where(random.random(people) < 0.004, random.integers(5, 16, people), np.maximum(hidden - 1, 0))
        shown = (hidden == 0) & (random.random(people) >= 0.08)
        alarms = int(random.poisson(people / 20))
        centre = np.vstack([place[shown] + random.normal(0, 2, (shown.sum(), 2)), random.uniform(0, size, (alarms, 2))])
        half = (
            np.vstack([extent[shown] * random.normal(1, 0.03, (shown.sum(), 2)), np.full((alarms, 2), (60, 150))]) / 2
        )
        unsure = random.random(len(centre)) < 0.15
        unsure[shown.sum() :] = True
        scores = np.where(unsure, random.uniform(0.1, 0.6, len(centre)), random.uniform(0.6, 0.99, len(centre)))
        order = random.permutation(len(centre))
        boxes = np.hstack([centre - half, centre + half])[order]
        seen.append((boxes.astype(np.float32), scores[order].astype(np.float32)))
    return seen


def times_us(call: Callable[[int], object], frames: int) -> list[float]:
    """Times of ``call(frame)`` in microseconds, all frames but the first tenth, in rising order."""
    spent = []
    for frame in range(frames):
        begun = time.perf_counter()
        call(frame)
        spent.append(time.perf_counter() - begun)
    return sorted(second * 1e6 for second in spent[frames // 10 :])


def median_us(call: Callable[[int], object], frames: int) -> float:
    """Median time of ``call(frame)`` in microseconds over all frames but the first tenth."""
    return statistics.median(times_us(call, frames))


def row(name: str, ours_us: float, peers_us: dict[str, float | None]) -> dict[str, object]:
    """One row of a table: our time, each peer's, and how many times as long the fastest of them takes."""
    known = [value for value in peers_us.values() if value is not None]
    return {
        "case": name,
        "omni_us": round(ours_us, 1),
        **{f"{peer}_us": None if value is None else round(value, 1) for peer, value in peers_us.items()},
        "fastest_peer_to_omni": round(min(known) / ours_us, 2) if known else None,
    }


def take_turns(calls: Mapping[str, Callable[[], object]], *, rounds: int, calls_a_turn: int) -> dict[str, float]:
    """5th percentile of each call in microseconds; they take turns, so that a busy neighbour spoils none more."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            for _ in range(calls_a_turn):
                begun = time.perf_counter()
                call()
                spent[name].append(time.perf_counter() - begun)
    return {name: sorted(times)[len(times) // 20] * 1e6 for name, times in spent.items()}
