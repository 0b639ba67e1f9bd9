"""What a camera covers of the floor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from omni.fusion.homography import Homography
from omni.types import Bool, Float64

COLUMNS = 17
ROWS = 65


def footprint(
    homography: Homography, low: npt.ArrayLike, high: npt.ArrayLike, area: npt.ArrayLike | None = None
) -> Float64:
    """The outline of the floor that a picture shows, as far as it lies in a window of the map and in an area.

    Towards the horizon a picture's floor has no end; the window cuts it there.

    Args:
        homography: of the camera; its ``image_size`` must be known.
        low: (2,) lower bounds of the window, map units.
        high: (2,) upper bounds.
        area: (N, 2) corners of a polygon on the map, map units; not given: everywhere.

    Returns:
        (N, 2) corners in map units, along the picture's lower edge and back; empty where it shows none of the window.

    Raises:
        ValueError: the size of the picture is not known.
    """
    if homography.image_size is None:
        raise ValueError("image_size: expected the size of the picture, got None")
    width, height = homography.image_size
    # from the lower edge up: beyond the first row that leaves the window nothing is taken, though it may come back
    columns, rows = np.meshgrid(np.linspace(0.0, width, COLUMNS), np.linspace(height, 0.0, ROWS), indexing="ij")
    places = homography.map_from_image(np.stack([columns.ravel(), rows.ravel()], 1)).reshape(COLUMNS, ROWS, 2)
    inside = np.all(np.isfinite(places) & (places >= np.asarray(low)) & (places <= np.asarray(high)), axis=2)
    if area is not None:
        inside &= contained(places, np.asarray(area, np.float64))
    first = inside.argmax(1)
    near, far = [], []
    for column in np.flatnonzero(inside.any(1)):
        outside = np.flatnonzero(~inside[column, first[column] :])
        last = first[column] + (int(outside[0]) if len(outside) else ROWS - first[column]) - 1
        near.append(places[column, first[column]])
        far.append(places[column, last])
    return np.array(near + far[::-1], np.float64).reshape(-1, 2)


def contained(places: Float64, area: Float64) -> Bool:
    """Which of (..., 2) places lie in a polygon (N, 2): from there a ray meets its edges an odd number of times."""
    x, y = places[..., 0], places[..., 1]
    within = np.zeros(x.shape, np.bool_)
    for (x1, y1), (x2, y2) in zip(area, np.roll(area, -1, axis=0), strict=True):
        if y1 != y2:
            within ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return within
