"""JPEG and base64."""

from __future__ import annotations

import base64
import sys
import threading

import cv2
import numpy as np
import pytest

from omni import encode_jpeg, encode_jpeg_base64


def picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], -1).astype(np.uint8)


def decoded(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return np.asarray(image)


def test_colours_survive_in_their_order() -> None:
    image = picture(120, 160)
    error = np.abs(decoded(encode_jpeg(image, 95)).astype(int) - image)
    assert error.mean() < 4


@pytest.mark.parametrize(
    "view",
    [
        lambda image: image[10:90, 20:100],
        lambda image: image[::2, ::3],
        lambda image: image[::-1],
        lambda image: image[:, ::-1],
        lambda image: image[..., ::-1],
        lambda image: image.transpose(1, 0, 2),
        lambda image: np.asfortranarray(image),
        lambda image: image[5:6],
        lambda image: image[:, 7:8],
        lambda image: image[..., 0],
        lambda image: image[..., 1:2],
        lambda image: np.broadcast_to(image[:1], (40, *image.shape[1:])),
    ],
)
def test_a_view_gives_what_its_copy_gives(view) -> None:  # type: ignore[no-untyped-def]
    image = picture(100, 120)
    image.flags.writeable = False
    assert encode_jpeg(view(image)) == encode_jpeg(np.ascontiguousarray(view(image)))


def test_grey_stays_grey() -> None:
    grey = picture(40, 60)[..., 0]
    assert decoded(encode_jpeg(grey)).shape == (40, 60)
    assert encode_jpeg(grey) == encode_jpeg(grey[..., None])


def test_base64_is_that_of_the_file() -> None:
    image = picture(33, 57)
    assert base64.b64decode(encode_jpeg_base64(image, 80), validate=True) == encode_jpeg(image, 80)


def test_quality_costs_bytes() -> None:
    sizes = [len(encode_jpeg(picture(100, 100), quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("image", "quality", "error", "message"),
    [
        (np.zeros((0, 10, 3), np.uint8), 90, ValueError, "image"),
        (np.zeros((10, 0), np.uint8), 90, ValueError, "image"),
        (np.zeros((10, 10, 4), np.uint8), 90, ValueError, r"image: expected shape \(H, W\)"),
        (np.zeros(10, np.uint8), 90, ValueError, "image"),
        (np.zeros((1, 65_501), np.uint8), 90, ValueError, "65500"),
        # 14 GB if it were copied before it is refused
        (np.broadcast_to(np.uint8(7), (70_000, 70_000, 3)), 90, ValueError, "image: expected sides from 1 to 65500"),
        (
            np.zeros((10, 10, 3), np.float32),
            90,
            TypeError,
            "image: expected a numpy array of uint8, got an array of float32",
        ),
        ([[1, 2], [3, 4]], 90, TypeError, "image"),
        (None, 90, TypeError, "image"),
        (np.zeros((10, 10, 3), np.uint8), 0, ValueError, "quality: expected 1 to 100"),
        (np.zeros((10, 10, 3), np.uint8), 2**70, ValueError, "quality"),
        (np.zeros((10, 10, 3), np.uint8), 90.5, TypeError, "quality: expected an integer, got float"),
        (np.zeros((10, 10, 3), np.uint8), "90", TypeError, "quality: expected an integer, got str"),
    ],
)
def test_what_is_refused(image: object, quality: object, error: type[Exception], message: str) -> None:
    for encode in (encode_jpeg, encode_jpeg_base64):
        with pytest.raises(error, match=message):
            encode(image, quality)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 1), (1, 1, 1), (7, 1, 3), (1, 7), (16, 65_500, 3), (65_500, 3), (2, 65_500)]
)
def test_the_smallest_and_the_widest_pictures_come_out_whole(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 77, np.uint8)
    image.flags.writeable = False
    jpeg = encode_jpeg(image)
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    assert np.abs(decoded(jpeg).astype(int) - 77).max() <= 2
    assert decoded(jpeg).shape[:2] == shape[:2]
    assert base64.b64decode(encode_jpeg_base64(image), validate=True) == jpeg


def test_other_threads_run_while_a_picture_is_encoded() -> None:
    order: list[str] = []
    go = threading.Event()

    def wait_and_note() -> None:
        go.wait()
        order.append("other thread")

    image = np.random.default_rng(0).integers(0, 255, (4000, 4000, 3), np.uint8)  # takes a tenth of a second and more
    thread = threading.Thread(target=wait_and_note)
    thread.start()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(60.0)  # from here nobody gets the interpreter who is not given it
    try:
        go.set()
        encode_jpeg(image)
        order.append("encoded")
    finally:
        sys.setswitchinterval(usual)
    thread.join()
    assert order == ["other thread", "encoded"]
