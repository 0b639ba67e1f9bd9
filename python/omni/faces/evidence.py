"""What is known of one person's face so far, and whom it shows: a decision over the track, not over a frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from omni.faces.quality import LEAST_QUALITY
from omni.faces.recognition import Recognition
from omni.types import Float32, ProfileMatch

KEPT = 5
"""Samples that are kept and compared."""

LEAST_SAMPLES = 3
"""Fewer decide nothing."""

LEAST_NEAR = 2
"""So many samples must be near enough on their own."""

AGREEMENT = 0.7
"""The share of all quality that samples for the profile must have."""

TIE = 0.05
"""A sample is for a profile too when another one is nearer by no more: two profiles may be of one person."""

EMBED_S = 0.15
"""A face is embedded so often at most, which bounds the cost per person and second."""

IMPROVEMENT = 1.05
"""With all samples there, a face must be so much better than the worst of them,"""

RENEW_S = 0.5
"""or, while nobody is matched, be seen so long after the latest: people turn their heads,"""

RENEW_QUALITY = 0.8
"""and be so good beside the worst."""

AWAY_S = 0.5
"""A face that comes back after so long may be somebody else's, as trackers go: all samples of a match are renewed."""

FAIR_CHANCE_S = 1.0
"""After so long, with all samples, somebody who is not matched is told of as unknown,"""

FAIR_QUALITY = 0.3
"""if the best sample is as good as this: who shows no more than an ear is not looked for in vain."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A vector (D,) of unit length and how well the face could be seen, 0..1."""

    embedding: Float32
    quality: float


@dataclass(slots=True)
class Evidence:
    """Of one track.

    Attributes:
        samples: in order of time.
        profiles: whom it is told to be, the nearest first; empty: nobody.
        begun: when (seconds) it was embedded first, and
        latest: last; None: never.
        seen: when (seconds) the face was in sight last; None: never.
        doubted: how many samples are yet to be renewed before a match is believed again.
        told_unknown: whether it was told that nobody is known.
        best_picture: quality of the best face seen, embedded or not.
    """

    samples: list[Sample] = field(default_factory=list)
    profiles: tuple[ProfileMatch, ...] = ()
    begun: float | None = None
    latest: float | None = None
    seen: float | None = None
    doubted: int = 0
    told_unknown: bool = False
    best_picture: float = 0.0

    def see(self, timestamp: float) -> None:
        """The face is in sight."""
        if self.profiles and self.seen is not None and timestamp - self.seen >= AWAY_S:
            self.doubted = KEPT
        self.seen = timestamp

    def wants(self, quality: float, timestamp: float) -> bool:
        """Whether a face of this quality is worth its cost now."""
        pause = np.inf if self.latest is None else timestamp - self.latest
        if quality < LEAST_QUALITY or pause < EMBED_S:
            return False
        if len(self.samples) < KEPT:
            return True
        worst = min(sample.quality for sample in self.samples)
        renews = self.doubted > 0 or (not self.profiles and pause >= RENEW_S)
        return quality >= worst * (RENEW_QUALITY if renews else IMPROVEMENT)

    def add(self, sample: Sample, timestamp: float) -> None:
        """Keep it: in the place of the worst where it is better and nobody doubts the others, else of the oldest."""
        self.begun = timestamp if self.begun is None else self.begun
        self.latest = timestamp
        if len(self.samples) == KEPT:
            worst = min(self.samples, key=lambda one: one.quality)
            better = not self.doubted and sample.quality >= worst.quality * IMPROVEMENT
            self.samples.remove(worst if better else self.samples[0])
        self.doubted = max(self.doubted - 1, 0)
        self.samples.append(sample)

    @property
    def comparable(self) -> bool:
        """Whether there are samples enough to decide by."""
        return len(self.samples) >= LEAST_SAMPLES

    def is_unknown(self, timestamp: float, *, leaving: bool) -> bool:
        """Whether to tell that it is nobody of the gallery: after a fair chance, at the latest when leaving."""
        best = max((sample.quality for sample in self.samples), default=0.0)
        if self.profiles or self.told_unknown or self.begun is None or best < FAIR_QUALITY:
            return False
        return self.comparable if leaving else len(self.samples) == KEPT and timestamp - self.begun >= FAIR_CHANCE_S

    def verdict(self, recognition: Recognition) -> tuple[ProfileMatch, ...]:
        """The profiles that the samples together are near enough to, the nearest first; empty while that is open.

        The mean of the samples, weighted by quality, decides; the samples must agree with it one by one.
        """
        if not self.comparable:
            return ()
        rows = np.stack([sample.embedding for sample in self.samples])
        weights = np.array([sample.quality for sample in self.samples])
        mean = (weights @ rows).astype(np.float32)
        profiles = recognition.of(mean / np.maximum(np.linalg.norm(mean), 1e-12))
        if not profiles:
            return ()
        near, agreeing = 0, 0.0
        for weight, ranked in zip(weights.tolist(), recognition.ranked(rows), strict=True):
            distance = next((d for profile_id, d in ranked if profile_id == profiles[0].id), np.inf)
            near += distance <= recognition.limit
            agreeing += weight if distance <= ranked[0][1] + TIE else 0.0
        return profiles if near >= LEAST_NEAR and agreeing >= AGREEMENT * weights.sum() else ()

    def refuted(self, recognition: Recognition) -> bool:
        """Whether no sample is near to whom it is told to be: the track shows somebody else by now."""
        rows = np.stack([sample.embedding for sample in self.samples])
        return not any(
            profile_id == self.profiles[0].id and distance <= recognition.limit
            for ranked in recognition.ranked(rows)
            for profile_id, distance in ranked
        )
