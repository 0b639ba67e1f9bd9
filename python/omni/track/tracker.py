"""The tracker of one stream and its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt

from omni import _core
from omni._arrays import FLOAT32, INT32, rows, settings, typed
from omni.types import Tracks

if TYPE_CHECKING:
    from omni.fusion import Homography


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """Settings of a ``Tracker``. Thresholds lie between 0 and 1. Times are seconds and hold for any frame rate.

    Attributes:
        track_activation_threshold: least confidence of a detection that starts a track.
        high_confidence_threshold: detections above it are matched first, with all tracks. A track is reported while
            its mean confidence reaches this threshold.
        low_confidence_threshold: detections below ``high_confidence_threshold`` and above this one only continue tracks
            that were seen a moment ago. Detections below it are ignored.
        minimum_matching_threshold: least similarity (overlap times confidence) of a track and a detection.
        lost_track_seconds: how long a track without a detection is predicted and can be matched by overlap.
        relink_seconds: how long a track that stood still is kept for somebody who appears at the same place.
        reident_confidence: somebody new is taken for somebody who left if the cosine of their embeddings is at least
            this. Needs embeddings.
        reident_seconds: how long the embeddings of somebody who left are kept; 0: not at all.
        covered_track_seconds: how long a track that a nearer person covers is still reported.
        adapt_confidence: rescale confidences first, so that the same thresholds serve a detector whose sure detections
            score 0.6 and one whose sure detections score 0.99. The score of this stream's sure detections (at least
            0.5) becomes 0.97. If off, the thresholds apply to the detector's own confidences.
    """

    track_activation_threshold: float = 0.7
    high_confidence_threshold: float = 0.65
    low_confidence_threshold: float = 0.1
    minimum_matching_threshold: float = 0.2
    lost_track_seconds: float = 1.0
    relink_seconds: float = 5.0
    reident_confidence: float = 0.6
    reident_seconds: float = 300.0
    covered_track_seconds: float = 0.2
    adapt_confidence: bool = True


class Tracker:
    """Follows the people of one stream by their boxes. Thread-safe: updates run one after the other.

    Trackers share nothing. Each counts its own ids from 1 and never uses one twice.

    Args:
        config: settings; None: the defaults.
        homography: from this stream's pixels to the map, for a calibrated camera that does not move. Where the boxes
            allow several matches, the place on the floor then decides.
        metres_per_unit: metres in one unit of that map.

    Raises:
        ValueError: a setting is out of range; the message names it.
        TypeError: a setting or an argument has the wrong type.
    """

    def __init__(
        self,
        config: TrackerConfig | None = None,
        *,
        homography: Homography | None = None,
        metres_per_unit: float = 1.0,
    ) -> None:
        self._core = _core.Tracker(
            **asdict(settings(config, TrackerConfig)), homography=_floor(homography), metres_per_unit=metres_per_unit
        )

    def update(
        self,
        xyxy: npt.ArrayLike,
        confidence: npt.ArrayLike,
        class_id: npt.ArrayLike | None = None,
        *,
        timestamp: float,
        embeddings: npt.ArrayLike | None = None,
        image_size: Sequence[float] | None = None,
    ) -> Tracks:
        """Follow the tracks into one frame with its detections. An update that raises leaves the tracker unchanged.

        Args:
            xyxy: (N, 4) pixels x1 y1 x2 y2, within 2^24 of the origin; N is at most 20000. Boxes without area are
                ignored.
            confidence: (N,) 0 to 1.
            class_id: (N,) integers; None: all 0. A track never mixes classes.
            timestamp: seconds; must be later than in the update before.
            embeddings: (N, D) appearance vectors, compared by their cosine. A row of zeros means no embedding. The
                tracker learns from the stream how much they are worth. Somebody who comes back gets the old id, see
                ``reident_confidence``.
            image_size: (width, height) in pixels. Predictions that have left the picture are then not reported. If the
                size differs from the update before, tracks are scaled with it.

        Returns:
            The confirmed tracks that are detected in this frame, and for a moment those that a nearer person covers
            (``detection_index`` -1). Boxes are smoothed.

        Raises:
            ValueError: a wrong shape, a value that is not finite or out of range, or a time that does not increase.
            TypeError: values that are not real numbers.
        """
        columns = self._core.update(
            rows("xyxy", xyxy, 4, FLOAT32),
            typed("confidence", confidence, FLOAT32),
            None if class_id is None else typed("class_id", class_id, INT32),
            timestamp,
            None if embeddings is None else rows("embeddings", embeddings, 0, FLOAT32),
            image_size,
        )
        return Tracks(*columns)

    def set_homography(self, homography: Homography | None, metres_per_unit: float = 1.0) -> None:
        """Replace the homography (see the class), or remove it with None. Tracks and ids stay.

        Raises:
            ValueError: ``metres_per_unit`` is not positive.
            TypeError: ``homography`` is not an ``omni.Homography``.
        """
        self._core.set_homography(_floor(homography), metres_per_unit)

    def lost(self) -> Tracks:
        """Tracks that were reported before and may come back, but are not in the latest update. Boxes are predicted."""
        return Tracks(*self._core.lost())

    def removed(self) -> Tracks:
        """Tracks that were reported before and that the latest update gave up for good."""
        return Tracks(*self._core.removed())

    def reset(self) -> None:
        """Forget all tracks and the latest timestamp. Ids count on; none is used twice."""
        self._core.reset()


def _floor(homography: Homography | None) -> _core.Homography | None:
    core = getattr(homography, "_core", None)
    if homography is not None and not isinstance(core, _core.Homography):
        raise TypeError(f"homography: expected omni.Homography, got {type(homography).__name__}")
    return core
