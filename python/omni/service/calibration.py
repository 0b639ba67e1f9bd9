"""What point pairs come to: the error of each, what the camera covers, and the floor's grid as the picture shows it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveFloat

from omni.config.map_tracking import Matrix3, PointPair
from omni.fusion import Homography, footprint
from omni.types import Float64

GRID_M = (1.0, 5.0, 10.0, 50.0, 100.0)
LINES_MOST = 24
"""Of the grid in each direction; with more a coarser one is drawn."""

SAMPLES = 65
SEEN = 0.1
"""A grid line goes on so far beyond the picture's border, as a part of its side."""

UNKNOWN_SIZE = (1920, 1080)
"""Taken for a stream that has shown no picture; only the lens depends on it."""


class CalibrationQuestion(BaseModel):
    """The body of ``POST /api/v1/calibration/check``."""

    model_config = ConfigDict(extra="forbid", strict=False)

    stream_uuid: UUID
    points: Annotated[tuple[PointPair, ...], Field(max_length=1000)]
    metres_per_unit: PositiveFloat
    camera_matrix: Matrix3 | None = None
    distortion: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None


def calibration_document(question: CalibrationQuestion, size: tuple[int, int] | None) -> dict[str, Any]:
    """The answer of ``POST /api/v1/calibration/check``.

    Args:
        question: the pairs.
        size: (width, height) of the stream's pictures in pixels; None: not known yet.

    Raises:
        CalibrationError: the pairs cannot give a homography.
    """
    width, height = size or UNKNOWN_SIZE
    pixels = np.array([pair.image for pair in question.points], np.float64).reshape(-1, 2) * (width, height)
    places = np.array([pair.map for pair in question.points], np.float64).reshape(-1, 2)
    homography = Homography.from_points(
        pixels,
        places,
        image_size=(width, height),
        camera_matrix=None if question.camera_matrix is None else np.array(question.camera_matrix),
        distortion=None if question.distortion is None else np.array(question.distortion),
    )
    low, high = places.min(0), places.max(0)
    room = (high - low).max()
    low, high = low - room, high + room
    rms = float(homography.rms_error or 0.0)
    return {
        "rms": round(rms, 4),
        "rms_metres": round(rms * question.metres_per_unit, 4),
        "errors": [round(v, 4) for v in homography.residuals.tolist()],
        "used": homography.used.tolist(),
        "map_from_image": homography.matrix.tolist(),
        "footprint": _rounded(footprint(homography, low, high), 4),
        "grid": _grid(homography, (width, height), low, high, question.metres_per_unit),
    }


def _grid(
    homography: Homography, size: tuple[int, int], low: Float64, high: Float64, metres_per_unit: float
) -> list[list[list[float]]]:
    """The lines of the floor's grid, as polylines relative to the picture."""
    extent = float((high - low).max())
    step = next(
        (m for m in GRID_M if extent * metres_per_unit / m <= LINES_MOST), extent * metres_per_unit / LINES_MOST
    )
    step /= metres_per_unit
    lines = []
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], high[1 - axis], SAMPLES)
        for at in np.arange(np.ceil(low[axis] / step) * step, high[axis], step):
            places = np.empty((SAMPLES, 2))
            places[:, axis], places[:, 1 - axis] = at, along
            lines += _visible(homography.image_from_map(places) / np.array(size))
    return lines


def _visible(line: Float64) -> list[list[list[float]]]:
    """The parts of a line that the picture shows: a line behind the camera has none."""
    inside = np.all(np.isfinite(line) & (line >= -SEEN) & (line <= 1 + SEEN), axis=1)
    starts = np.flatnonzero(inside & ~np.r_[False, inside[:-1]])
    ends = np.flatnonzero(inside & ~np.r_[inside[1:], False]) + 1
    # one sample more at either end, so that a line ends outside the picture and not before its border
    parts = [line[max(a - 1, 0) : b + 1] for a, b in zip(starts, ends, strict=True)]
    return [_rounded(part[np.isfinite(part).all(1)], 5) for part in parts if np.isfinite(part).all(1).sum() > 1]


def _rounded(values: Float64, digits: int) -> list[list[float]]:
    rounded: list[list[float]] = np.round(values, digits).tolist()
    return rounded
