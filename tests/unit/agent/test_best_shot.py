from __future__ import annotations

import base64
import gc

import cv2
import numpy as np
import pytest

from omni.agent import best_shot
from omni.agent.best_shot import BestShotEncoder


def decoded(text: str) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(base64.b64decode(text, validate=True), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Shapes of the pictures that were encoded."""
    shapes: list[tuple[int, ...]] = []
    encode = best_shot.encode_jpeg_base64

    def counting(image: np.ndarray, quality: int) -> str:
        shapes.append(image.shape)
        return encode(image, quality)

    monkeypatch.setattr(best_shot, "encode_jpeg_base64", counting)
    return shapes


def test_a_picture_is_encoded_once_and_forgotten_with_it(made: list[tuple[int, ...]]) -> None:
    encode = BestShotEncoder(512, 85)
    for i in range(50):
        picture = np.full((20, 10, 3), i * 5, np.uint8)  # memory of one that is gone is used again
        texts = {encode(picture) for _ in range(3)}
        assert len(texts) == 1
        assert abs(int(decoded(texts.pop())[0, 0, 0]) - i * 5) <= 2
    assert len(made) == 50
    del picture
    gc.collect()
    assert encode._made == {}


def test_the_longer_side_has_its_limit() -> None:
    encode = BestShotEncoder(100, 85)
    for shape, expected in (
        ((400, 100), (100, 25)),
        ((50, 1000), (5, 100)),
        ((100, 60), (100, 60)),
        ((3000, 1), (100, 1)),
    ):
        assert decoded(encode(np.zeros((*shape, 3), np.uint8))).shape[:2] == expected


def test_quality_costs_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 100, 3), np.uint8)
    assert len(BestShotEncoder(512, 30)(noise)) < len(BestShotEncoder(512, 90)(noise)) / 2
