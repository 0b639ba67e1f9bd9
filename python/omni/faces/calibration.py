"""What a distance between two faces means: a score, and how often it errs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Calibration:
    """Distances of two faces of one person and of two people, as normal distributions (docs/benchmarks/faces.md).

    All rates are of one comparison of two faces. A gallery of N people is N comparisons.
    """

    same: NormalDist
    different: NormalDist

    def far(self, distance: float) -> float:
        """False accept rate: the share of pairs of two people that are no further apart."""
        return self.different.cdf(distance)

    def frr(self, distance: float) -> float:
        """False reject rate: the share of pairs of one person that are further apart."""
        return 1.0 - self.same.cdf(distance)

    def score(self, distance: float) -> float:
        """How likely it is one person where both are equally likely beforehand, 0..1, with a common deviation."""
        return 1.0 / (1.0 + math.exp(min(self._slope * (distance - self._middle), 700.0)))

    def distance_of_far(self, rate: float) -> float:
        """The distance whose false accept rate is ``rate``, 0 at least."""
        return max(self.different.inv_cdf(rate), 0.0)

    def distance_of_frr(self, rate: float) -> float:
        """The distance whose false reject rate is ``rate``."""
        return max(self.same.inv_cdf(1.0 - rate), 0.0)

    def distance_of_score(self, score: float) -> float:
        """The distance of a score."""
        return max(self._middle - math.log(score / (1.0 - score)) / self._slope, 0.0)

    @property
    def _middle(self) -> float:
        return (self.same.mean + self.different.mean) / 2

    @property
    def _slope(self) -> float:
        return 2 * (self.different.mean - self.same.mean) / (self.same.variance + self.different.variance)
