"""A frame made to fit a model's input, and boxes brought back from it.

Squeezing a wide frame into a square input costs a detector up to three quarters of its recall, so the picture
keeps its aspect ratio and the rest of the input is filled with one grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from omni.types import Float32, UInt8


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies inside the input of a model: ``input = frame * scale + offset``, all in pixels.

    Attributes:
        frame_size: (width, height) of the frame.
        input_size: (width, height) of the input.
        picture_size: (width, height) of the scaled frame.
        scale: (x, y) input pixels for one frame pixel; they differ only by the rounding of ``picture_size``.
        offset: (x, y) of the scaled frame's corner.
    """

    frame_size: tuple[int, int]
    input_size: tuple[int, int]
    picture_size: tuple[int, int]
    scale: tuple[float, float]
    offset: tuple[int, int]

    @classmethod
    def fit(cls, frame_size: tuple[int, int], input_size: tuple[int, int]) -> Letterbox:
        """The largest centred picture of the frame's shape; both sizes are (width, height)."""
        (frame_w, frame_h), (input_w, input_h) = frame_size, input_size
        scale = min(input_w / frame_w, input_h / frame_h)
        picture_w, picture_h = max(1, round(frame_w * scale)), max(1, round(frame_h * scale))
        return cls(
            frame_size,
            input_size,
            (picture_w, picture_h),
            (picture_w / frame_w, picture_h / frame_h),
            ((input_w - picture_w) // 2, (input_h - picture_h) // 2),
        )

    def draw(self, frame: UInt8, canvas: UInt8) -> None:
        """Scale the frame into ``canvas`` (H, W, 3); what lies outside of the picture stays as it is."""
        (x, y), (width, height) = self.offset, self.picture_size
        cv2.resize(frame, (width, height), dst=canvas[y : y + height, x : x + width])

    def to_frame(self, xyxy: Float32) -> Float32:
        """Boxes (N, 4) from input pixels to frame pixels, clipped to the frame."""
        corners = (xyxy.reshape(-1, 2, 2) - np.array(self.offset, np.float32)) / np.array(self.scale, np.float32)
        inside = np.minimum(np.maximum(corners, np.float32(0)), np.array(self.frame_size, np.float32))
        return inside.reshape(-1, 4)
