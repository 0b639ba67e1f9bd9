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


def median_us(call: Callable[[int], object], frames: int) -> float:
    """Median time of ``call(frame)`` in microseconds over all frames but the first tenth."""
    spent = []
    for frame in range(frames):
        begun = time.perf_counter()
        call(frame)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent[frames // 10 :]) * 1e6


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
