"""The demo's site: two cameras cut from one picture, their calibration, and the plan they lie on.

The calibration is that of PETS 2009 View 001: picture of 768 x 576 pixels to metres on the ground.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import cv2
import numpy as np

from omni.errors import SourceError
from omni.types import Float64, UInt8

PICTURE_SIZE = (768, 576)
FLOOR_FROM_IMAGE: Float64 = np.array(
    [
        [0.051057134561678555, -0.5747225770333018, 83.32202230173614],
        [-0.1325016727127061, -0.3803504208407755, 113.72610250111366],
        [0.0008548398027541987, 0.01866134055757333, 1.0],
    ]
)

WEST = (0.0, 0.0, 448 / 768, 1.0)
EAST = (288 / 768, 0.0, 480 / 768, 1.0)
"""The two crops: x, y, width, height relative. They share 160 columns of the picture."""

METRES_PER_UNIT = 0.03
PLAN_X_M = (-20.5, 7.5)
PLAN_Y_M = (-16.5, 7.5)
"""The part of the ground that the plan shows, in the calibration's metres."""

BACKGROUND_FRAMES = 25


def stream_uuid(name: str) -> str:
    """The same in every run, so that links and receivers keep working."""
    return str(uuid5(NAMESPACE_URL, f"urn:omni:demo:{name}"))


def demo_config(clip: Path, plan: Path, *, loop: bool, receiver: str, host: str, port: int) -> dict[str, Any]:
    """The configuration of the demo, as it would stand in ``run_params.json``."""
    cameras = {"West": WEST, "East": EAST}
    return {
        "streams": [
            {
                "stream_uuid": stream_uuid(name),
                "name": name,
                "url": str(clip),
                "crop": list(crop),
                "loop": loop,
            }
            for name, crop in cameras.items()
        ],
        "map_tracking": {
            "enabled": True,
            "views": [
                {
                    "name": "top_view",
                    "image": str(plan),
                    "metres_per_unit": METRES_PER_UNIT,
                    "cameras": [
                        {"stream_uuid": stream_uuid(name), "points": point_pairs(crop)}
                        for name, crop in cameras.items()
                    ],
                }
            ],
        },
        "mutlistream_ROI": {"regions": _regions()},
        "webhook_tracking_subscribers": [{"url": receiver}],
        "enable_webhook_image2jpg_conversion": True,
        "http": {"host": host, "port": port},
    }


def _regions() -> list[dict[str, Any]]:
    """A line across the path of the western camera, and the place where the paths meet in the eastern one."""
    across = [(0.51, 0.2), (0.58, 0.2), (0.58, 1.0), (0.51, 1.0)]
    middle = [(0.1, 0.35), (0.7, 0.35), (0.7, 0.85), (0.1, 0.85)]
    return [
        {
            "name": "path",
            "uuid": stream_uuid("path"),
            "stream_uuid": stream_uuid("West"),
            "points": [{"x": x, "y": y} for x, y in across],
            "trigger_settings": {"direction": {"x": 1.0, "y": 0.0}},
        },
        {
            "name": "crossroads",
            "uuid": stream_uuid("crossroads"),
            "stream_uuid": stream_uuid("East"),
            "points": [{"x": x, "y": y} for x, y in middle],
        },
    ]


def point_pairs(crop: tuple[float, float, float, float]) -> list[dict[str, list[float]]]:
    """Point pairs of a crop's calibration: relative places in its picture, and on the plan in plan pixels."""
    inside = [(0.1, 0.35), (0.9, 0.35), (0.1, 0.95), (0.9, 0.95), (0.5, 0.6), (0.5, 0.3)]
    x, y, width, height = crop
    pixels = np.array([((x + u * width) * PICTURE_SIZE[0], (y + v * height) * PICTURE_SIZE[1]) for u, v in inside])
    places = plan_from_floor(floor_from_image(pixels))
    return [{"image": list(i), "map": [float(v) for v in p]} for i, p in zip(inside, places, strict=True)]


def floor_from_image(pixels: Float64) -> Float64:
    """(K, 2) pixels of the whole picture -> (K, 2) metres on the ground."""
    out = np.c_[pixels, np.ones(len(pixels))] @ FLOOR_FROM_IMAGE.T
    return np.asarray(out[:, :2] / out[:, 2:])


def plan_from_floor(metres: Float64) -> Float64:
    """(K, 2) metres on the ground -> (K, 2) plan pixels; the cameras look from the plan's lower edge upwards."""
    return np.asarray(metres @ PLAN_FROM_FLOOR[:2, :2].T + PLAN_FROM_FLOOR[:2, 2])


# The cameras stand at negative x and y: plan x runs along -y and plan y (down) along -x, so they are at the lower edge.
PLAN_FROM_FLOOR: Float64 = np.array(
    [
        [0.0, -1.0 / METRES_PER_UNIT, PLAN_Y_M[1] / METRES_PER_UNIT],
        [-1.0 / METRES_PER_UNIT, 0.0, PLAN_X_M[1] / METRES_PER_UNIT],
        [0.0, 0.0, 1.0],
    ]
)


def plan_size() -> tuple[int, int]:
    """(width, height) of the plan in pixels."""
    return round((PLAN_Y_M[1] - PLAN_Y_M[0]) / METRES_PER_UNIT), round((PLAN_X_M[1] - PLAN_X_M[0]) / METRES_PER_UNIT)


def draw_plan(clip: Path, target: Path) -> None:
    """Make the plan from the clip itself: its still background, seen from above.

    Raises:
        SourceError: the clip cannot be read, or is not of the size that the calibration is for.
    """
    ground_from_above = cv2.warpPerspective(
        _background(clip),
        PLAN_FROM_FLOOR @ FLOOR_FROM_IMAGE,
        plan_size(),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(128, 128, 128),
    )
    calm = cv2.addWeighted(ground_from_above, 0.6, np.full_like(ground_from_above, 150), 0.4, 0)
    if not cv2.imwrite(str(target), calm):
        raise SourceError(f"{target}: the plan cannot be written")


def _background(clip: Path) -> UInt8:
    """The median picture: people walk on, the street stays."""
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    every = max(count // BACKGROUND_FRAMES, 1)
    pictures = []
    for index in range(max(count, 1)):  # one after the other: to look for single pictures takes longer than to pass all
        if not capture.grab():
            break
        if index % every == 0:
            readable, picture = capture.retrieve()
            if readable:
                pictures.append(picture)
    capture.release()
    if not pictures:
        raise SourceError(f"{clip}: not a video that can be decoded; give an AVI, MP4, MKV or the like")
    height, width = pictures[0].shape[:2]
    if (width, height) != PICTURE_SIZE:
        known_width, known_height = PICTURE_SIZE
        raise SourceError(
            f"{clip}: the pictures are {width}x{height}, the demo's calibration is for {known_width}x{known_height}; "
            "give vtest.avi of Debian's package opencv-doc"
        )
    return np.median(np.stack(pictures), axis=0).astype(np.uint8)
