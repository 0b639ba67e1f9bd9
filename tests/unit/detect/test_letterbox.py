from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni.detect.letterbox import Letterbox

SIDE = st.integers(1, 5000)


def test_a_wide_frame_fills_the_width_and_is_centred() -> None:
    letterbox = Letterbox.fit((1920, 1080), (416, 416))
    assert letterbox.picture_size == (416, 234)
    assert letterbox.offset == (0, 91)


def test_a_tall_frame_fills_the_height_and_is_centred() -> None:
    letterbox = Letterbox.fit((300, 600), (640, 320))
    assert letterbox.picture_size == (160, 320)
    assert letterbox.offset == (240, 0)


@given(frame=st.tuples(SIDE, SIDE), size=st.tuples(st.integers(32, 1280), st.integers(32, 1280)))
def test_the_picture_lies_inside_the_input_and_touches_it(frame: tuple[int, int], size: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(frame, size)
    for offset, picture, side in zip(letterbox.offset, letterbox.picture_size, size, strict=True):
        assert offset >= 0
        assert picture >= 1
        assert offset + picture <= side
    assert letterbox.picture_size[0] == size[0] or letterbox.picture_size[1] == size[1]


@given(frame=st.tuples(SIDE, SIDE), size=st.tuples(st.integers(32, 1280), st.integers(32, 1280)))
def test_the_corners_of_the_picture_are_the_corners_of_the_frame(frame: tuple[int, int], size: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(frame, size)
    (x, y), (width, height) = letterbox.offset, letterbox.picture_size
    corners = letterbox.to_frame(np.array([[x, y, x + width, y + height]], np.float32))
    np.testing.assert_allclose(corners, [[0, 0, *frame]], atol=1e-3, rtol=1e-4)


def test_boxes_are_clipped_to_the_frame() -> None:
    letterbox = Letterbox.fit((200, 100), (100, 100))
    boxes = letterbox.to_frame(np.array([[-10, 0, 50, 400], [20, 30, 40, 50]], np.float32))
    np.testing.assert_allclose(boxes, [[0, 0, 100, 100], [40, 10, 80, 50]])
    assert boxes.dtype == np.float32


def test_what_is_seen_in_the_input_is_found_at_its_place_in_the_frame() -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[120:240, 320:480] = 255
    canvas = np.full((416, 416, 3), 7, np.uint8)
    letterbox = Letterbox.fit((640, 480), (416, 416))
    letterbox.draw(frame, canvas)
    rows, columns = np.nonzero(canvas[..., 0] > 127)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    np.testing.assert_allclose(letterbox.to_frame(seen), [[320, 120, 480, 240]], atol=1.6)
    assert (canvas[:52] == 7).all()
    assert (canvas[364:] == 7).all()


@pytest.mark.parametrize("frame", [(1, 1), (1, 9000), (9000, 1)])
def test_the_smallest_frames_have_a_picture(frame: tuple[int, int]) -> None:
    canvas = np.zeros((416, 416, 3), np.uint8)
    Letterbox.fit(frame, (416, 416)).draw(np.full((frame[1], frame[0], 3), 200, np.uint8), canvas)
    assert (canvas == 200).any()
