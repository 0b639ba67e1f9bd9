"""A frame as one message: its boxes and its picture, so that neither lags the other."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from omni.anonymity import hide_heads
from omni.encode import encode_jpeg
from omni.service.serialize import to_json
from omni.types import FrameResult, UInt8

WIDTHS = (480, 640, 960, 1280)
"""Of pictures as they are sent. A viewer gets the narrowest that fills its tiles; each is made once for all viewers."""

WIDTH_DEFAULT = 960
QUALITY = 80


def picture_width(wanted: int) -> int:
    """The width to send to tiles that are so many device pixels wide."""
    return next((width for width in WIDTHS if width >= wanted), WIDTHS[-1])


def picture_messages(result: FrameResult, widths: Iterable[int], *, anonymous: bool) -> dict[int, bytes]:
    """A frame for viewers of several widths: length of the header (4 bytes, big-endian), header (JSON), JPEG.

    Made in a worker thread: some milliseconds.

    Args:
        result: the frame.
        widths: in pixels, at most; smaller frames keep their size.
        anonymous: make heads unrecognisable.

    Returns:
        The message for each of the widths.
    """
    header = _header(result)
    return {width: header + encode_jpeg(_picture(result, width, anonymous), QUALITY) for width in widths}


def _header(result: FrameResult) -> bytes:
    frame, tracks = result.frame, result.tracks
    width, height = frame.size
    boxes = np.clip(tracks.xyxy / np.array([width, height, width, height], np.float32), 0.0, 1.0)
    header = {
        "stream_uuid": frame.stream_uuid,
        "frame_index": frame.index,
        "timestamp": frame.timestamp,
        "image_size": [width, height],
        "tracks": [
            {
                "id": int(tracks.track_id[i]),
                "box": [round(v, 5) for v in boxes[i].tolist()],
                "confidence": round(float(tracks.confidence[i]), 4),
                "object_id": result.object_uuid[i],
            }
            for i in range(len(tracks))
        ],
    }
    text = to_json(header).encode()
    return len(text).to_bytes(4, "big") + text


def _picture(result: FrameResult, width: int, anonymous: bool) -> UInt8:
    shown = _shrunk(result.frame.image, width)
    if anonymous and len(result.bodies):
        shown = shown.copy()
        hide_heads(shown, result.bodies * (shown.shape[1] / result.frame.image.shape[1]))
    return shown


def _shrunk(image: UInt8, most: int) -> UInt8:
    """Halved while it can be, then interpolated: area means at once take far longer."""
    height, width = image.shape[:2]
    if width <= most:
        return image
    size = (most, max(round(height * most / width), 1))
    while image.shape[1] >= 2 * most and image.shape[0] >= 2:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
