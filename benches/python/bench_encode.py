"""Picture to JPEG of quality 90 and to its base64, beside OpenCV with the standard library. Prints JSON rows."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable

import cv2
import numpy as np
from crowd import row, take_turns

from omni import encode_jpeg, encode_jpeg_base64

QUALITY = 90
OPENCV = [
    cv2.IMWRITE_JPEG_QUALITY,
    QUALITY,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
]


def main() -> int:
    cv2.setNumThreads(1)
    picture = _picture(1080, 1920)
    cases = {
        "112 x 112": np.ascontiguousarray(picture[200:312, 400:512]),
        "112 x 112, cut out": picture[200:312, 400:512],
        "128 x 256": np.ascontiguousarray(picture[200:456, 400:528]),
        "128 x 256, cut out": picture[200:456, 400:528],
        "1280 x 720": np.ascontiguousarray(picture[:720, :1280]),
        "1920 x 1080": picture,
    }
    print(json.dumps([line for name, image in cases.items() for line in _measure(name, image)]))
    return 0


def _picture(height: int, width: int) -> np.ndarray:
    """Shades with as much grain as makes files of the size of photographs: a crop of 128 x 256 takes 10 kB."""
    y, x = np.mgrid[:height, :width]
    shades = np.stack([np.sin(x / 37) + np.cos(y / 23), np.sin((x + y) / 51), np.cos(x / 19 - y / 67)], -1)
    grain = np.random.default_rng(0).normal(0, 8, shades.shape)
    return np.clip(128 + 50 * shades + grain, 0, 255).astype(np.uint8)


def _measure(name: str, image: np.ndarray) -> list[dict[str, object]]:
    calls: dict[str, Callable[[], object]] = {
        "jpeg": lambda: encode_jpeg(image, QUALITY),
        "jpeg by opencv": lambda: cv2.imencode(".jpg", image, OPENCV)[1],
        "base64": lambda: encode_jpeg_base64(image, QUALITY),
        "base64 by opencv": lambda: base64.b64encode(cv2.imencode(".jpg", image, OPENCV)[1]).decode("ascii"),
    }
    us = take_turns(calls, rounds=9, calls_a_turn=max(4, 2_000_000 // image.size))
    return [row(f"{name}, {what}", us[what], {"opencv": us[f"{what} by opencv"]}) for what in ("jpeg", "base64")]


if __name__ == "__main__":
    sys.exit(main())
