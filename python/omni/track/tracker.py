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
    """Settings of a ``Tracker``. Thresholds lie between 0 and 1, times are in seconds, whatever the frame rate.

    Attributes:
        track_activation_threshold: least confidence of a detection that starts a track.
        high_confidence_threshold: detections above it are matched first, with every track; a track is reported
            while its mean confidence reaches it.
        low_confidence_threshold: detections between this and the one above only prolong tracks seen a moment ago;
            those below are ignored.
        minimum_matching_threshold: least similarity (overlap times confidence) of a track and a detection.
        lost_track_seconds: how long a track that is not seen moves on by prediction and is matched by overlap.
        relink_seconds: how long a track that stood still is kept for somebody who appears at the same place.
        reident_confidence: least cosine of the looks of somebody new and somebody who left for them to be one person;
            needs embeddings.
        reident_seconds: how long somebody who has left is remembered by the look; 0: not at all.
        covered_track_seconds: how long a track that is covered by a nearer person is still reported.
        adapt_confidence: bring confidences to a common level first, which lets the same thresholds serve detectors that
            are sure at 0.6 and such that are sure at 0.99: what a sure detection of this stream scores (at least 0.5)
            becomes 0.97. Without it the thresholds mean the detector's own confidences.
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
    """Follows the people of one stream by their boxes. Thread-safe: updates are taken one after the other.

    Two trackers share nothing; each counts its own ids from 1 and never uses one twice.

    Args:
        config: settings.
        homography: map from this stream's pixels, of a calibrated camera that does not move. People are then also
            told apart by where they stand on the floor, which decides between candidates that the boxes allow.
        metres_per_unit: of the homography's map.

    Raises:
        ValueError: a setting is out of range; the message names it.
        TypeError: a setting, or one of the arguments, is of another type.
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
        """Take in the detections of one frame. A refused update leaves the tracker as it was.

        Args:
            xyxy: (N, 4) pixels x1 y1 x2 y2 within 2^24 of the origin, at most 20000; boxes without area are ignored.
            confidence: (N,) 0 to 1.
            class_id: (N,) integers; boxes of different classes are never one track. All 0 if left out.
            timestamp: seconds, more than that of the update before.
            embeddings: (N, D) appearance vectors, compared by their cosine; a row of zeros says nothing. How much they
                are worth is learned from the stream. Who comes back gets the old id, see ``reident_confidence``.
            image_size: (width, height) in pixels; a prediction that has left the picture is not reported, and where
                the size changes from one update to the next, tracks are scaled with it.

        Returns:
            The confirmed tracks that this frame supports: those detected, and for a moment those that a nearer person
            covers (``detection_index`` -1). Boxes are smoothed.

        Raises:
            ValueError: wrong shape, not finite, out of range, or the time does not increase.
            TypeError: not real numbers.
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
        """Give the tracker another floor, or none, see the class; tracks and ids go on.

        Raises:
            ValueError: ``metres_per_unit`` is not positive.
            TypeError: no homography.
        """
        self._core.set_homography(_floor(homography), metres_per_unit)

    def lost(self) -> Tracks:
        """Tracks once reported that the latest update did not support and that may come back; boxes are predicted."""
        return Tracks(*self._core.lost())

    def removed(self) -> Tracks:
        """Tracks once reported that the latest update gave up for good."""
        return Tracks(*self._core.removed())

    def reset(self) -> None:
        """Forget all tracks and the time. Ids go on, none is used twice."""
        self._core.reset()


def _floor(homography: Homography | None) -> _core.Homography | None:
    core = getattr(homography, "_core", None)
    if homography is not None and not isinstance(core, _core.Homography):
        raise TypeError(f"homography: expected omni.Homography, got {type(homography).__name__}")
    return core
