"""The way from the image to the map, as Python sees it."""

from __future__ import annotations

import numpy as np
import pytest

from omni import Homography
from omni.errors import CalibrationError
from omni.fusion import footprint

TILTED = np.array([[0.041, -0.46, 83.3], [-0.106, -0.304, 113.7], [0.00068, 0.0149, 1.0]])
PIXELS = np.array([[50, 200], [500, 220], [300, 400], [80, 650], [520, 700], [260, 560]], float)


def project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    homogeneous = np.c_[points, np.ones(len(points))] @ matrix.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def test_points_give_the_matrix_and_the_way_back() -> None:
    fitted = Homography.from_points(PIXELS.tolist(), project(TILTED, PIXELS), image_size=(560, 720))
    np.testing.assert_allclose(fitted.matrix, TILTED, rtol=1e-6)
    assert fitted.image_size == (560, 720)
    assert fitted.residuals.shape == (6,)
    assert fitted.rms_error is not None
    assert fitted.rms_error < 1e-9
    np.testing.assert_allclose(fitted.image_from_map(fitted.map_from_image(PIXELS)), PIXELS, atol=1e-6)


def test_rms_error_is_in_map_units() -> None:
    places = project(TILTED, PIXELS)
    places[0] += (0.3, -0.2)
    fitted = Homography.from_points(PIXELS, places)
    misses = np.linalg.norm(fitted.map_from_image(PIXELS) - places, axis=1)
    np.testing.assert_allclose(fitted.residuals, misses)
    assert fitted.rms_error == pytest.approx(np.sqrt((misses**2).mean()))


def test_a_grossly_wrong_point_is_left_out() -> None:
    pixels = np.r_[PIXELS, [[150, 330], [430, 510]]]
    places = project(TILTED, pixels) + np.random.default_rng(1).normal(0, 0.02, (8, 2))
    places[5] = places[0]  # the wrong corner
    places[5] += 0.1
    fitted = Homography.from_points(pixels, places)
    assert fitted.used.tolist() == [True] * 5 + [False] + [True] * 2
    assert fitted.rms_error is not None
    assert fitted.rms_error < 0.05 < 1 < fitted.residuals[5]


def test_covariance_agrees_with_a_sample() -> None:
    camera = Homography(TILTED, image_size=(560, 720))
    rng = np.random.default_rng(3)
    sample = camera.map_from_image(np.array([100, 500]) + rng.normal(0, 2, (20_000, 2)))
    np.testing.assert_allclose(camera.covariance([[100, 500]], 2.0)[0], np.cov(sample.T), rtol=0.1, atol=2e-3)


def test_a_lens_is_undone() -> None:
    cv2 = pytest.importorskip("cv2")
    matrix = np.array([[800.0, 0, 280], [0, 800, 360], [0, 0, 1]])
    distortion = np.array([-0.25, 0.07, 0.001, -0.002, 0.0])
    straight = cv2.undistortPoints(PIXELS[:, None], matrix, distortion, P=matrix)[:, 0]
    camera = Homography(TILTED, (560, 720), matrix, distortion)
    np.testing.assert_allclose(camera.map_from_image(PIXELS), project(TILTED, straight), atol=1e-3)
    np.testing.assert_allclose(camera.image_from_map(camera.map_from_image(PIXELS)), PIXELS, atol=1e-5)


def test_what_lies_beyond_the_fold_of_a_lens_is_not_drawn_on_what_is_nearer() -> None:
    lens = [[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]]
    homography = Homography(np.eye(3), (1280, 720), lens, [-0.3, 0.0, 0.0, 0.0, 0.0])
    seen, at_the_rim, twice_as_far = homography.image_from_map([[1000.0, 360.0], [1588.0, 360.0], [2440.0, 360.0]])
    np.testing.assert_allclose(homography.map_from_image([seen]), [[1000.0, 360.0]])
    assert at_the_rim[0] == pytest.approx(1272.5, abs=0.5)
    assert np.isnan(twice_as_far).all()  # the polynomial has it at 280, among what is seen
    assert np.isnan(homography.map_from_image([[1280.0, 360.0]])).all()
    assert footprint(homography, [-5000.0, -5000.0], [5000.0, 5000.0])[:, 0].max() < 1640.0


def test_the_sky_is_not_on_the_map() -> None:
    camera = Homography(-TILTED, image_size=(560, 720))
    assert np.isnan(camera.map_from_image([[100, -300]])).all()
    assert np.isfinite(camera.map_from_image([[100, 300]])).all()


@pytest.mark.parametrize(
    ("image", "places", "reason"),
    [
        (PIXELS[:3], PIXELS[:3], "at least 4"),
        (PIXELS, PIXELS[:5], "as many"),
        (np.r_[PIXELS, PIXELS[:1]], np.r_[PIXELS, [[1, 1]]], "same point"),
        ([[0, 0], [1, 1], [2, 2], [3, 3]], PIXELS[:4], "one line"),
        ([[0, 0], [1, 0], [2, 0], [0, 1]], [[0, 0], [1, 0], [2, 0], [0, 1]], "no three"),
        (np.full((4, 2), np.nan), PIXELS[:4], "finite"),
    ],
)
def test_points_that_give_no_homography(image: object, places: object, reason: str) -> None:
    with pytest.raises(CalibrationError, match=reason):
        Homography.from_points(image, places)  # type: ignore[arg-type]


def test_matrices_that_are_none() -> None:
    with pytest.raises(CalibrationError, match="singular"):
        Homography(np.ones((3, 3)))
    with pytest.raises(CalibrationError, match="finite"):
        Homography(np.full((3, 3), np.inf))
    with pytest.raises(ValueError, match=r"matrix: expected shape \(3, 3\)"):
        Homography(np.eye(2))
    with pytest.raises(CalibrationError, match="camera_matrix"):
        Homography(np.eye(3), camera_matrix=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="camera_matrix"):
        Homography(np.eye(3), distortion=[0, 0, 0, 0, 0])


def test_the_scale_of_a_matrix_and_the_type_of_its_size_are_free() -> None:
    for scale in (1e-320, 1e300, -1.0):
        camera = Homography(scale * np.eye(3), image_size=[560, 720])
        np.testing.assert_allclose(camera.map_from_image([[3, 4]]), [[3, 4]], atol=1e-3)
        assert camera.image_size == (560, 720)


def test_no_points_are_no_places() -> None:
    camera = Homography(TILTED)
    for none in ([], np.array([]), np.zeros((0, 2))):
        assert camera.map_from_image(none).shape == camera.image_from_map(none).shape == (0, 2)
        assert camera.covariance(none, 2.0).shape == (0, 2, 2)
    with pytest.raises(TypeError, match="pixel_sigma: expected a real number, got NoneType"):
        camera.covariance([[1, 2]], None)  # type: ignore[arg-type]


def test_a_step_beyond_the_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        Homography(TILTED).shifted((1e308, 0))
