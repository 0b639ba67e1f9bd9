"""Where a head is turned to, from five landmarks.

A rigid mean face is laid on the landmarks under scaled orthographic projection (as POSIT begins, DeMenthon and Davis
1995): the angles are those to the line of sight, so 0, 0 is a face turned to the camera wherever it is in the picture.
"""

from __future__ import annotations

import numpy as np

from omni.types import Float32

_FACE = np.array(
    [(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.57, 0.55), (-0.43, 1.1, 0.12), (0.43, 1.1, 0.12)], np.float64
)
"""Eyes, tip of the nose, corners of the mouth in eye distances: x to the right as seen, y down, z to the viewer."""

_CENTRED = _FACE - _FACE.mean(0)
_INVERSE = np.linalg.pinv(_CENTRED)


def yaw_pitch(landmarks: Float32) -> tuple[float, float]:
    """Degrees: yaw above 0 is turned to the picture's right, pitch above 0 is turned down.

    Args:
        landmarks: (5, 2) pixels, as :class:`omni.types.Faces` has them.
    """
    points = landmarks.astype(np.float64)
    across, down = (_INVERSE @ (points - points.mean(0))).T  # rows of the rotation, scaled
    u, _, v = np.linalg.svd(np.stack([across, down]), full_matrices=False)
    first, second = u @ v  # the nearest two rows of unit length that are square to each other
    third = np.cross(first, second)
    ahead = np.array([first[2], second[2], third[2]])  # where the nose points to
    yaw = np.degrees(np.arctan2(ahead[0], ahead[2]))
    pitch = np.degrees(np.arcsin(np.clip(ahead[1], -1.0, 1.0)))
    return float(yaw), float(pitch)
