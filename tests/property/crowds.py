"""Crowds whose truth is known: people walk past each other, and now the body, now the face of somebody is not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, FPS = 640, 480, 10.0

Box = np.ndarray
"""(4,) float32 pixels."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a perfect detector sees in one frame: boxes by person; ``lives`` counts the tracks of each body so far."""

    timestamp: float
    bodies: dict[int, Box]
    faces: dict[int, Box]
    lives: dict[int, int]


class Walker:
    """Walks to and fro at one distance from the camera; leans the head; is hidden, or turned away, for whiles."""

    def __init__(self, random: np.random.Generator, seconds: float) -> None:
        self.height = random.uniform(130, 260)
        self._middle, self._swing = random.uniform(100, WIDTH - 100), random.uniform(0, 220)
        self._turn, self._phase = random.uniform(0.2, 0.8), random.uniform(0, 2 * np.pi)
        self._lean, self._random = random.uniform(-0.12, 0.12), random
        self._no_body = _whiles(random, seconds, random.choice([0.1, 0.4, 0.9]))
        self._no_face = _whiles(random, seconds, random.choice([0.05, 0.3]))

    def boxes(self, t: float) -> tuple[Box, Box]:
        """Of the body and of the face, with the noise of a detector."""
        x = self._middle + self._swing * np.sin(self._turn * t + self._phase)
        half, top = 0.19 * self.height, 100.0 + 0.2 * (260 - self.height)
        face = 0.065 * self.height
        head = x + self._lean * 2 * half, top + 0.085 * self.height
        body = np.array([x - half, top, x + half, top + self.height])
        seen = np.array([head[0] - face, head[1] - 1.3 * face, head[0] + face, head[1] + 1.3 * face])
        noise = self._random.normal(0, 0.008 * self.height, 8)
        return (body + noise[:4]).astype(np.float32), (seen + 0.5 * noise[4:]).astype(np.float32)

    def shows(self, t: float) -> tuple[bool, bool]:
        """Whether the body and the face are to be seen, if nobody stands before them."""
        return not _within(self._no_body, t), not _within(self._no_face, t)


def crowd(seed: int, people: int, seconds: float = 12.0) -> list[Moment]:
    """A few people; nearer ones hide those behind them."""
    random = np.random.default_rng(seed)
    walkers = [Walker(random, seconds) for _ in range(people)]
    nearest_first = sorted(range(people), key=lambda i: -walkers[i].height)
    moments, lives, last = [], dict.fromkeys(range(people), 0), dict.fromkeys(range(people), -np.inf)
    for frame in range(round(seconds * FPS)):
        t = frame / FPS
        bodies: dict[int, Box] = {}
        faces: dict[int, Box] = {}
        before: list[Box] = []
        for i in nearest_first:
            body, face = walkers[i].boxes(t)
            shown = walkers[i].shows(t)
            if shown[0] and all(_share(body, other) < 0.7 for other in before):
                lives[i] += t - last[i] > 1.0
                bodies[i], last[i] = body, t
            if shown[1] and all(_share(face, other) < 0.5 for other in before):
                faces[i] = face
            before.append(body)
        moments.append(Moment(t, bodies, faces, dict(lives)))
    return moments


def _whiles(random: np.random.Generator, seconds: float, share: float) -> list[tuple[float, float]]:
    """Spans of time that make up about this share."""
    found, t = [], random.uniform(0, 2) * (1 - share)
    while t < seconds:
        length = random.uniform(0.3, 4.0)
        found.append((t, t + length))
        t += length / share
    return found


def _within(spans: list[tuple[float, float]], t: float) -> bool:
    return any(begin <= t < end for begin, end in spans)


def _share(box: Box, other: Box) -> float:
    """Of a box that another one covers."""
    size = np.clip(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0, None)
    return float(size.prod() / (box[2:] - box[:2]).prod())
