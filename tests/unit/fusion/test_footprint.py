from __future__ import annotations

import numpy as np
import pytest

from omni.fusion import Homography, footprint

SIZE = (640.0, 480.0)


def test_a_camera_that_looks_straight_down_covers_its_picture() -> None:
    down = Homography([[0.1, 0, 0], [0, 0.1, 0], [0, 0, 1]], SIZE)
    corners = footprint(down, (-100, -100), (100, 100))
    assert (corners.min(0).tolist(), corners.max(0).tolist()) == ([0, 0], [64, 48])


def test_the_window_cuts_what_goes_on_to_the_horizon() -> None:
    # the horizon lies at y = 200; places recede from (0, 0) below the picture's middle
    ahead = Homography([[1.0, 0, -320], [0, 0, 400], [0, 1.0, -200]], SIZE)
    corners = footprint(ahead, (-50, 0), (50, 20))
    assert np.isfinite(corners).all()
    assert corners[:, 1].min() == pytest.approx(400 / 280)
    assert 15 < corners[:, 1].max() <= 20
    assert np.abs(corners[:, 0]).max() <= 50


def test_a_camera_that_sees_none_of_the_window_covers_nothing() -> None:
    down = Homography(np.eye(3), SIZE)
    assert footprint(down, (-10, -10), (-5, -5)).shape == (0, 2)


def test_an_area_cuts_what_the_picture_shows_beyond_it() -> None:
    down = Homography([[0.1, 0, 0], [0, 0.1, 0], [0, 0, 1]], SIZE)
    corners = footprint(down, (-100, -100), (100, 100), [[10, -5], [50, -5], [50, 30], [10, 30]])
    assert corners.min(0) == pytest.approx([10, 0], abs=4)
    assert corners.max(0) == pytest.approx([50, 30], abs=4)
    assert (corners >= (10, 0)).all()
    assert (corners <= (50, 30)).all()


def test_the_size_of_the_picture_must_be_known() -> None:
    with pytest.raises(ValueError, match="image_size"):
        footprint(Homography(np.eye(3)), (0, 0), (1, 1))
