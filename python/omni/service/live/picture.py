"""A frame as one message: its boxes and its picture, so that neither lags the other."""

from __future__ import annotations

import cv2
import numpy as np

from omni.anonymity import hide_heads
from omni.encode import encode_jpeg
from omni.service.serialize import to_json
from omni.types import FrameResult, UInt8

WIDTH_MAX = 960
QUALITY = 80


def picture_message(result: FrameResult, *, anonymous: bool) -> bytes:
    """Length of the header (4 bytes, big-endian), header (JSON), JPEG. Made in a worker thread: some milliseconds.

    Args:
        result: the frame.
        anonymous: make heads unrecognisable.
    """
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
    return len(text).to_bytes(4, "big") + text + encode_jpeg(_picture(result, anonymous), QUALITY)


def _picture(result: FrameResult, anonymous: bool) -> UInt8:
    shown = _shrunk(result.frame.image)
    if anonymous and len(result.bodies):
        shown = shown.copy()
        hide_heads(shown, result.bodies * (shown.shape[1] / result.frame.image.shape[1]))
    return shown


def _shrunk(image: UInt8) -> UInt8:
    height, width = image.shape[:2]
    if width <= WIDTH_MAX:
        return image
    size = (WIDTH_MAX, max(round(height * WIDTH_MAX / width), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
