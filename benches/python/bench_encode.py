"""Picture to base64 JPEG of quality 90, beside OpenCV with the standard library. Prints JSON rows."""

from __future__ import annotations

import base64
import json
import sys

import cv2
import numpy as np
from crowd import median_us, row

from omni import encode_jpeg_base64

QUALITY = 90


def main() -> int:
    cv2.setNumThreads(1)
    picture = _picture(1080, 1920)
    cases = {
        "128 x 256": (np.ascontiguousarray(picture[200:456, 300:428]), 1000),
        "128 x 256, cut out": (picture[200:456, 300:428], 1000),
        "1920 x 1080": (picture, 40),
    }
    print(json.dumps([_measure(name, *case) for name, case in cases.items()]))
    return 0


def _picture(height: int, width: int) -> np.ndarray:
    """Smooth shades with some grain, as a camera gives."""
    y, x = np.mgrid[:height, :width]
    shades = np.stack([np.sin(x / 37) + np.cos(y / 23), np.sin((x + y) / 51), np.cos(x / 19 - y / 67)], -1)
    grain = np.random.default_rng(0).normal(0, 4, shades.shape)
    return np.clip(128 + 50 * shades + grain, 0, 255).astype(np.uint8)


def _measure(name: str, image: np.ndarray, calls: int) -> dict[str, object]:
    def opencv(_: int) -> str:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        return base64.b64encode(jpeg.tobytes()).decode("ascii")

    return row(
        name, median_us(lambda _: encode_jpeg_base64(image, QUALITY), calls), {"opencv": median_us(opencv, calls)}
    )


if __name__ == "__main__":
    sys.exit(main())
