"""How good point pairs are, and what they make of a picture: to be looked at before they are used."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from omni.config import PointPair
from omni.config.map_tracking import Matrix3, Scale
from omni.fusion import Homography, footprint
from omni.types import Float64

REACH = 1.0
"""The floor shown goes beyond the points by so many times their extent."""

GRID_M = (1.0, 5.0, 10.0, 50.0, 100.0)
GRID_LINES = 40
"""The finest grid is drawn that has no more lines than this in one direction."""

LINE_POINTS = 193

BEYOND = 0.02
"""Lines go over the picture's border by this share of it, so that none ends short of it."""


class Pairs(BaseModel):
    """What is asked: the pairs of one stream, and its lens."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    stream_uuid: UUID
    points: tuple[PointPair, ...] = Field(min_length=4, max_length=1000)
    metres_per_unit: Scale = 1.0
    camera_matrix: Matrix3 | None = None
    distortion: tuple[float, float, float, float, float] | None = None


def fit(pairs: Pairs, image_size: tuple[int, int]) -> dict[str, Any]:
    """The homography of some pairs and its quality.

    Args:
        pairs: image points relative to the picture, map points in map units.
        image_size: (width, height) of the stream's pictures.

    Returns:
        ``rms`` (map units), ``rms_metres``, ``errors`` and ``used`` by pair, ``image_size``, ``map_from_image`` (3x3,
        from pixels), ``footprint`` (the floor in view, map units), ``grid_metres``, ``grid`` (lines of the floor, each
        of points relative to the picture).

    Raises:
        CalibrationError: the pairs cannot give one, and why.
    """
    size = np.array(image_size, np.float64)
    places = np.array([pair.map for pair in pairs.points], np.float64)
    homography = Homography.from_points(
        np.array([pair.image for pair in pairs.points], np.float64) * size,
        places,
        image_size=image_size,
        camera_matrix=None if pairs.camera_matrix is None else np.array(pairs.camera_matrix),
        distortion=None if pairs.distortion is None else np.array(pairs.distortion),
    )
    low, high = places.min(0), places.max(0)
    room = REACH * float((high - low).max())
    spacing_m = _spacing(float((high - low).max() + 2 * room) * pairs.metres_per_unit)
    rms = homography.rms_error or 0.0
    return {
        "rms": round(rms, 5),
        "rms_metres": round(rms * pairs.metres_per_unit, 5),
        "errors": [round(float(error), 5) for error in homography.residuals],
        "used": homography.used.tolist(),
        "image_size": list(image_size),
        "map_from_image": homography.matrix.tolist(),
        "footprint": footprint(homography, low - room, high + room).round(4).tolist(),
        "grid_metres": spacing_m,
        "grid": _grid(homography, size, low - room, high + room, spacing_m / pairs.metres_per_unit),
    }


def _spacing(extent_m: float) -> float:
    return next((spacing for spacing in GRID_M if extent_m / spacing <= GRID_LINES), extent_m / GRID_LINES)


def _grid(
    homography: Homography, size: Float64, low: Float64, high: Float64, spacing: float
) -> list[list[list[float]]]:
    lines: list[list[list[float]]] = []
    for axis in (0, 1):
        across = np.linspace(low[1 - axis], high[1 - axis], LINE_POINTS)
        for at in np.arange(np.ceil(low[axis] / spacing), np.floor(high[axis] / spacing) + 1) * spacing:
            places = np.empty((len(across), 2))
            places[:, axis], places[:, 1 - axis] = at, across
            lines += _in_picture(homography.image_from_map(places) / size)
    return lines


def _in_picture(points: Float64) -> list[list[list[float]]]:
    """The parts of a line that lie in the picture."""
    inside = np.all((points >= -BEYOND) & (points <= 1 + BEYOND), axis=1)  # NaN is not
    parts = np.split(np.arange(len(points)), np.flatnonzero(np.diff(inside)) + 1)
    return [points[part].round(4).tolist() for part in parts if len(part) > 1 and inside[part[0]]]
