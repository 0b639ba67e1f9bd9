"""The map of a calibration as a picture: what each camera covers, and how sure its places are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from omni.types import Float64, UInt8

if TYPE_CHECKING:
    from omni.fusion import Homography

SIDE = 1200
"""Longer side of the picture, pixels."""
MARGIN = 60
PIXEL_SIGMA = 5.0
"""The ellipses hold 95 % of the places of a foot that is known to so many pixels."""
REACH = 1.0
"""The map shown goes beyond the points by so many times their extent."""
COLOURS = ((200, 120, 30), (40, 140, 40), (40, 70, 220), (170, 60, 170), (20, 150, 190), (120, 120, 20))
RED = (0, 0, 220)
GREY = (90, 90, 90)
WHITE = (255, 255, 255)


def draw(cameras: Mapping[str, tuple[Homography, Float64]], metres_per_unit: float) -> UInt8:
    """Footprints, ellipses and points of some cameras.

    Args:
        cameras: for each its homography from points, and these points, (K, 2) on the map.
        metres_per_unit: length of a unit of the map.

    Returns:
        (height, width, 3) BGR. Crosses are the points, those left out red; below is a scale.
    """
    points = np.concatenate([places for _, places in cameras.values()])
    low, high = points.min(0), points.max(0)
    room = REACH * (high - low).max()
    grids = {name: _grid(homography, low - room, high + room) for name, (homography, _) in cameras.items()}
    shown = np.concatenate([points, *(places for _, places in grids.values())])
    low, high = shown.min(0), shown.max(0)
    scale = (SIDE - 2 * MARGIN) / (high - low).max()
    width, height = (int(v) for v in np.ceil((high - low) * scale) + 2 * MARGIN)
    canvas: UInt8 = np.full((height, width, 3), 255, np.uint8)

    def pixels(places: Float64) -> Any:
        return np.round((places - low) * scale + MARGIN).astype(np.int32)

    for (name, (homography, places)), colour in zip(cameras.items(), _colours(len(cameras)), strict=True):
        image_points, floor_points = grids[name]
        if len(floor_points) >= 3:
            hull = cv2.convexHull(pixels(floor_points)[:, None])
            tinted = cv2.fillPoly(canvas.copy(), [hull], colour)
            canvas = np.asarray(cv2.addWeighted(tinted, 0.12, canvas, 0.88, 0), np.uint8)
            cv2.polylines(canvas, [hull], True, colour, 2, cv2.LINE_AA)
            _ellipses(canvas, homography, image_points, floor_points, pixels, scale, colour)
        _crosses(canvas, pixels(places), homography, colour)
        label = pixels(floor_points.mean(0) if len(floor_points) else places.mean(0))
        _write(canvas, name, label, 0.7, colour)
    _scale(canvas, scale / metres_per_unit)
    return canvas


def _scale(canvas: UInt8, pixels_per_metre: float) -> None:
    """A bar of a round length, and what the ellipses mean."""
    longest = canvas.shape[1] / 5 / pixels_per_metre
    power = 10.0 ** np.floor(np.log10(longest))
    metres = max(k * power for k in (1, 2, 5) if k * power <= longest)
    left, right, row = MARGIN // 2, MARGIN // 2 + round(metres * pixels_per_metre), canvas.shape[0] - MARGIN // 3
    cv2.line(canvas, (left, row), (right, row), GREY, 2)
    for end in (left, right):
        cv2.line(canvas, (end, row - 6), (end, row + 6), GREY, 2)
    told = f"{metres:g} m   ellipses: where 95 % stand whose feet are known to {PIXEL_SIGMA:g} pixels"
    _write(canvas, told, (right + 12, row + 5), 0.5, GREY)


def _write(canvas: UInt8, text: str, place: Any, size: float, colour: tuple[int, int, int]) -> None:
    """Text that can be read on lines."""
    for shade, thickness in ((WHITE, 4), (colour, 1 if size < 0.6 else 2)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, shade, thickness, cv2.LINE_AA)


def as_png(picture: UInt8) -> bytes:
    """The bytes of a PNG file."""
    return cv2.imencode(".png", picture)[1].tobytes()


def _colours(count: int) -> list[tuple[int, int, int]]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _grid(homography: Homography, low: Float64, high: Float64) -> tuple[Float64, Float64]:
    """Pixels all over the picture whose places lie on the shown part of the map, and these places."""
    width, height = homography.image_size or (1920.0, 1080.0)
    columns, rows = np.meshgrid(np.linspace(0, width, 33), np.linspace(0, height, 33))
    pixels = np.stack([columns.ravel(), rows.ravel()], 1)
    places = homography.map_from_image(pixels)
    inside = np.all(np.isfinite(places) & (places >= low) & (places <= high), axis=1)
    return pixels[inside], places[inside]


def _ellipses(
    canvas: UInt8,
    homography: Homography,
    image_points: Float64,
    floor_points: Float64,
    pixels: Any,
    scale: float,
    colour: tuple[int, int, int],
) -> None:
    covariances = homography.covariance(image_points, PIXEL_SIGMA)
    known = np.flatnonzero(np.isfinite(covariances).all(axis=(1, 2)))  # not where a lens ceases to hold
    chosen = known[:: max(len(known) // 24, 1)]
    for place, covariance in zip(floor_points[chosen], covariances[chosen], strict=True):
        values, vectors = np.linalg.eigh(covariance)
        axes = np.maximum(np.round(2.45 * np.sqrt(np.maximum(values, 0)) * scale), 1).astype(int)
        if axes.max() < SIDE:
            angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
            cv2.ellipse(canvas, pixels(place), (int(axes[1]), int(axes[0])), angle, 0, 360, colour, 1, cv2.LINE_AA)


def _crosses(canvas: UInt8, wanted: Any, homography: Homography, colour: tuple[int, int, int]) -> None:
    for i, (place, used) in enumerate(zip(wanted, homography.used, strict=True)):
        shade = colour if used else RED
        cv2.drawMarker(canvas, place, shade, cv2.MARKER_TILTED_CROSS, 14, 2, cv2.LINE_AA)
        _write(canvas, str(i), np.add(place, (8, -8)), 0.45, shade)
