"""From a vector to a name: the nearest profiles of the gallery that are near enough."""

from __future__ import annotations

from dataclasses import dataclass

from omni.config import AgentConfig
from omni.detect import FaceEmbedder
from omni.faces.calibration import Calibration
from omni.faces.gallery import Gallery, Profile
from omni.types import Float32, ProfileMatch

CANDIDATES = 3
"""Profiles that are told of at most."""

DEFAULT_FAR = 0.001
"""Of one comparison, where neither ``desired_score`` nor ``faR`` nor ``frR`` says otherwise."""

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whom a face belongs to.

    Attributes:
        gallery: who is known.
        calibration: what distances mean.
        limit: the largest distance at which two faces are believed to be of one person.
    """

    gallery: Gallery
    calibration: Calibration
    limit: float

    def of(self, embedding: Float32) -> tuple[ProfileMatch, ...]:
        """The profiles (at most ``CANDIDATES``) that a vector (D,) of unit length is near enough to, nearest first."""
        [found] = self.gallery.search(embedding[None], CANDIDATES)
        return tuple(self._match(profile, distance) for profile, distance in found if distance <= self.limit)

    def ranked(self, embeddings: Float32) -> list[list[tuple[str, float]]]:
        """For each of (N, D) the UUIDs of the nearest profiles and their distances, however far."""
        found = self.gallery.search(embeddings, CANDIDATES)
        return [[(profile.id, distance) for profile, distance in row] for row in found]

    def _match(self, profile: Profile, distance: float) -> ProfileMatch:
        calibration = self.calibration
        return ProfileMatch(
            id=profile.id,
            groups=profile.groups,
            score=round(calibration.score(distance), 4),
            distance=round(distance, 4),
            far=round(calibration.far(distance), 6),
            frr=round(calibration.frr(distance), 6),
        )


def open_recognition(config: AgentConfig, embedder: FaceEmbedder) -> Recognition:
    """The gallery and the threshold of a configuration.

    Raises:
        StateError: the gallery's file cannot be used.
    """
    settings = config.pipelines.face
    gallery = Gallery(
        config.state_folder,
        embedder.identity,
        embedder.dimension,
        retention_s=None if settings.retention_days is None else settings.retention_days * DAY_S,
    )
    calibration = Calibration(embedder.spec.same, embedder.spec.different)
    if config.desired_score is not None:
        limit = calibration.distance_of_score(config.desired_score)
    elif config.frR is not None:
        limit = calibration.distance_of_frr(config.frR)
    else:
        limit = calibration.distance_of_far(config.faR or DEFAULT_FAR)
    return Recognition(gallery, calibration, limit)
