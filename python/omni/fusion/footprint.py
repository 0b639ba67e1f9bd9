"""What a camera covers of the floor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from omni.fusion.homography import Homography
from omni.types import Float64

COLUMNS = 17
ROWS = 65


def footprint(homography: Homography, low: npt.ArrayLike, high: npt.ArrayLike) -> Float64:
    """The outline of the floor that a picture shows, as far as it lies in a window of the map.

    Towards the horizon a picture's floor has no end; the window cuts it there.

    Args:
        homography: of the camera; its ``image_size`` must be known.
        low: (2,) lower bounds of the window, map units.
        high: (2,) upper bounds.

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
    first = inside.argmax(1)
    near, far = [], []
    for column in np.flatnonzero(inside.any(1)):
        outside = np.flatnonzero(~inside[column, first[column] :])
        last = first[column] + (int(outside[0]) if len(outside) else ROWS - first[column]) - 1
        near.append(places[column, first[column]])
        far.append(places[column, last])
    return np.array(near + far[::-1], np.float64).reshape(-1, 2)
