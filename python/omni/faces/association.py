"""Which face belongs to which body."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from omni.anonymity import HEAD_OF_HEIGHT, HEAD_OF_WIDTH
from omni.types import Float32

HEAD_CENTRE = 0.08
"""Of a standing body's height, from its top; where only the upper body is seen, of"""

HEAD_CENTRE_OF_WIDTH = 0.3
"""its width, whichever is lower."""

ABOVE = 0.05
"""Share of the body's height by which a face's centre may lie above its box."""


def owners(faces: Float32, bodies: Float32, *, within: float = np.inf) -> npt.NDArray[np.intp]:
    """The body that each face belongs to: its centre lies where that body has its head. A body has one face at most.

    Args:
        faces: (N, 4) pixels.
        bodies: (M, 4) pixels.
        within: so near to the middle of the head, in widths of the body.

    Returns:
        (N,) indices into ``bodies``, -1 where there is none.
    """
    owner = np.full(len(faces), -1, np.intp)
    distance = _distance(faces, bodies)
    for _ in range(min(distance.shape)):
        face, body = np.unravel_index(int(distance.argmin()), distance.shape)
        if not (np.isfinite(distance[face, body]) and distance[face, body] <= within):
            break
        owner[face] = body
        distance[face, :] = distance[:, body] = np.inf
    return owner


def in_heads(faces: Float32, bodies: Float32) -> npt.NDArray[np.bool_]:
    """(N,) whether each face lies where some body has its head."""
    return np.asarray(np.isfinite(_distance(faces, bodies)).any(1))


def _distance(faces: Float32, bodies: Float32) -> npt.NDArray[np.float64]:
    """(N, M) from the face to where the head should be, in widths of the body; infinite where no head is."""
    faces, bodies = faces.astype(np.float64), bodies.astype(np.float64)
    x, y = ((faces[:, None, i] + faces[:, None, i + 2]) / 2 for i in (0, 1))
    x1, y1, x2, y2 = bodies.T
    width, height = np.maximum(x2 - x1, 1e-6), np.maximum(y2 - y1, 1e-6)
    down = np.maximum(HEAD_OF_HEIGHT * height, HEAD_OF_WIDTH * width)
    inside = (x >= x1) & (x <= x2) & (y >= y1 - ABOVE * height) & (y <= np.minimum(y1 + down, y2))
    fits = faces[:, None, 2] - faces[:, None, 0] <= width
    head_y = y1 + np.maximum(HEAD_CENTRE * height, np.minimum(HEAD_CENTRE_OF_WIDTH * width, height / 2))
    away = np.hypot(x - (x1 + x2) / 2, y - head_y) / width
    return np.where(inside & fits, away, np.inf)
