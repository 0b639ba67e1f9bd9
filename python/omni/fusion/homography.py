"""The way from a camera's picture to the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy.typing as npt

from omni import _core
from omni._arrays import FLOAT64, rows, typed
from omni.types import Bool, Float64


class Homography:
    """Map from image pixels, for points on the floor. Immutable.

    Args:
        matrix: (3, 3), takes pixels (x, y, 1) to the map. With a lens, pixels after its distortion is undone. Its sign
            is free: the side of the horizon that holds the lower edge of the picture is the floor.
        image_size: (width, height) of the picture in pixels; a box that ends at its lower border then counts as cut.
            Where it is unknown, 1920 x 1080 decides which side of the horizon is the floor.
        camera_matrix: (3, 3) [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels.
        distortion: (5,) k1, k2, p1, p2, k3 as in OpenCV; needs ``camera_matrix``.

    Raises:
        CalibrationError: the matrix is singular or not finite, or the lens is none.
        ValueError: wrong shape.
        TypeError: not real numbers.
    """

    def __init__(
        self,
        matrix: npt.ArrayLike,
        image_size: Sequence[float] | None = None,
        camera_matrix: npt.ArrayLike | None = None,
        distortion: npt.ArrayLike | None = None,
    ) -> None:
        numbers = typed("matrix", matrix, FLOAT64)
        self._core = _core.Homography(numbers, image_size, *_lens(camera_matrix, distortion))

    @classmethod
    def from_points(
        cls,
        image_points: npt.ArrayLike,
        map_points: npt.ArrayLike,
        image_size: Sequence[float] | None = None,
        camera_matrix: npt.ArrayLike | None = None,
        distortion: npt.ArrayLike | None = None,
    ) -> Self:
        """The homography with the least squared error on the map over K >= 4 point pairs.

        Of six pairs or more those are left out that are grossly wrong (by more than about 3 % of the extent of the
        points and far more than the others), if most agree without them: ``used`` tells which. One wrong pair of five
        shows in the residuals, but which of the five it is cannot be told.

        Args:
            image_points: (K, 2) pixels of the picture as it is.
            map_points: (K, 2) map units.
            image_size: see the class, as for the next two.
            camera_matrix: with it, ``distortion`` is undone first.
            distortion: see the class.

        Raises:
            CalibrationError: too few points, one given twice, all on a line, not finite, or no usable fit.
        """
        made = cls.__new__(cls)
        made._core = _core.Homography.from_points(
            rows("image_points", image_points, 2, FLOAT64),
            rows("map_points", map_points, 2, FLOAT64),
            image_size,
            *_lens(camera_matrix, distortion),
        )
        return made

    def shifted(self, step: npt.ArrayLike) -> Self:
        """The same camera with every place on the map moved by ``step``, (2,) map units.

        ``homography.shifted(-offset)`` takes an offset of ``MapFuser.offsets`` out of the calibration for good.

        Raises:
            ValueError: not two finite numbers.
        """
        numbers = typed("step", step, FLOAT64)
        if numbers.shape != (2,):
            raise ValueError(f"step: expected shape (2,), got {numbers.shape}")
        made = type(self).__new__(type(self))
        made._core = self._core.shifted((float(numbers[0]), float(numbers[1])))
        return made

    @property
    def matrix(self) -> Float64:
        """(3, 3), with a positive third coordinate for floor in front of the camera."""
        return self._core.matrix

    @property
    def image_size(self) -> tuple[float, float] | None:
        """(width, height) in pixels, where known."""
        return self._core.image_size

    @property
    def residuals(self) -> Float64:
        """(K,) error of each calibration point in map units; empty for a homography from a matrix."""
        return self._core.residuals

    @property
    def used(self) -> Bool:
        """(K,) whether the fit rests on each calibration point; empty for a homography from a matrix."""
        return self._core.used

    @property
    def rms_error(self) -> float | None:
        """Root mean square of the residuals of the points used, in map units; None for a homography from a matrix."""
        return self._core.rms_error

    def map_from_image(self, points: npt.ArrayLike) -> Float64:
        """(K, 2) pixels to (K, 2) map units; NaN for one on or beyond the horizon, or where the lens has no inverse."""
        return self._core.map_from_image(rows("points", points, 2, FLOAT64))

    def image_from_map(self, points: npt.ArrayLike) -> Float64:
        """(K, 2) map units to (K, 2) pixels; NaN for a place that is not in front of the camera.

        So it is for one that lies further to the side than the lens distortion holds: beyond the radius where the
        polynomial turns back it would be drawn on top of what is nearer.
        """
        return self._core.image_from_map(rows("points", points, 2, FLOAT64))

    def covariance(self, points: npt.ArrayLike, pixel_sigma: float) -> Float64:
        """Covariance on the map of pixels known to ``pixel_sigma`` (standard deviation in pixels), to first order.

        Returns:
            (K, 2, 2) map units squared; NaN where ``map_from_image`` gives NaN.
        """
        return self._core.covariance(rows("points", points, 2, FLOAT64), pixel_sigma)


def _lens(
    camera_matrix: npt.ArrayLike | None, distortion: npt.ArrayLike | None
) -> tuple[Float64 | None, Float64 | None]:
    return (
        None if camera_matrix is None else typed("camera_matrix", camera_matrix, FLOAT64),
        None if distortion is None else typed("distortion", distortion, FLOAT64),
    )
