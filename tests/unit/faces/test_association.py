"""Which face belongs to which body."""

from __future__ import annotations

import numpy as np
import pytest

from omni.faces.association import in_heads, owners

STANDING = (100.0, 100.0, 160.0, 280.0)


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def face(x: float, y: float, width: float = 20.0) -> tuple[float, ...]:
    return (x - width / 2, y - 0.65 * width, x + width / 2, y + 0.65 * width)


@pytest.mark.parametrize(
    ("x", "y", "width", "owned"),
    [
        (130, 115, 20, True),
        (110, 98, 20, True),  # the box of the body ends at the brow
        (130, 200, 20, False),  # at the hips: somebody who sits in front
        (130, 60, 20, False),  # above
        (170, 115, 20, False),  # beside
        (130, 115, 80, False),  # wider than the body: somebody else, nearer
    ],
)
def test_a_face_belongs_to_the_body_in_whose_head_region_it_lies(x: float, y: float, width: float, owned: bool) -> None:
    found = boxes(face(x, y, width))
    assert owners(found, boxes(STANDING)).tolist() == [0 if owned else -1]
    assert in_heads(found, boxes(STANDING)).tolist() == [owned]


def test_of_two_who_overlap_each_gets_their_own_face_whatever_the_order() -> None:
    bodies = boxes(STANDING, (130.0, 110.0, 195.0, 300.0))
    faces = boxes(face(163, 130), face(128, 116))
    assert owners(faces, bodies).tolist() == [1, 0]
    assert owners(faces[::-1], bodies).tolist() == [0, 1]


def test_a_body_has_one_face_and_nobody_has_none() -> None:
    assert owners(boxes(face(130, 115), face(135, 118)), boxes(STANDING)).tolist() == [0, -1]
    assert owners(boxes(), boxes(STANDING)).tolist() == []
    assert owners(boxes(face(130, 115)), boxes()).tolist() == [-1]
    assert in_heads(boxes(face(130, 115)), boxes()).tolist() == [False]
