"""An H.264 encoder that needs no codec: uncompressed macroblocks (I_PCM) and skipped ones, baseline profile.

Clauses are those of ITU-T H.264. The stream is exact: what is decoded is what was given, to the last bit of each plane.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from omni.types import Bool, UInt8

MACROBLOCK = 16
BLACK, WHITE, GREY = 16, 235, 128
_IDR, _SLICE = 0x65, 0x41
_I_PCM_IN_I, _I_PCM_IN_P = 25, 30  # tables 7-11 and 7-13
_NEEDS_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Bits:
    """Bits of a syntax structure (clause 7.2)."""

    def __init__(self) -> None:
        self._text = ""

    def u(self, width: int, value: int) -> Bits:
        self._text += f"{value:0{width}b}"
        return self

    def ue(self, *values: int) -> Bits:
        """Exp-Golomb codes (clause 9.1)."""
        for value in values:
            code = f"{value + 1:b}"
            self._text += "0" * (len(code) - 1) + code
        return self

    def align(self) -> Bits:
        self._text += "0" * (-len(self._text) % 8)
        return self

    def end(self) -> Bits:
        """The stop bit and what fills the byte (clause 7.3.2.11)."""
        return self.u(1, 1).align()

    def to_bytes(self) -> bytes:
        return int("1" + self._text, 2).to_bytes(len(self._text) // 8 + 1, "big")[1:]


class Encoder:
    """Pictures of one size in, NAL units out.

    Args:
        size: (width, height) in pixels, multiples of 16.
        fps: what the parameter sets declare.
    """

    def __init__(self, size: tuple[int, int], fps: float) -> None:
        if size[0] % MACROBLOCK or size[1] % MACROBLOCK or min(size) < MACROBLOCK:
            raise ValueError(f"size: expected multiples of {MACROBLOCK}, got {size[0]} x {size[1]}")
        self.size = size
        self.parameter_sets = _nal(0x67, _sps(size, fps)), _nal(0x68, _pps())
        self._before: UInt8 | None = None
        self._frame_num = 0
        self._idr_id = 0

    def encode(self, image: UInt8, *, key: bool) -> bytes:
        """One picture as one NAL unit, without its start code.

        Args:
            image: (H, W, 3) uint8 BGR.
            key: an IDR picture; the first one must be.
        """
        blocks = _macroblocks(image)
        if key or self._before is None:
            self._frame_num, self._idr_id = 0, (self._idr_id + 1) % 2
            unit = _nal(_IDR, _idr(blocks, self._idr_id))
        else:
            self._frame_num = (self._frame_num + 1) % 256
            unit = _nal(_SLICE, _predicted(blocks, (blocks != self._before).any(axis=1), self._frame_num))
        self._before = blocks
        return unit


def numbered(number: int, size: tuple[int, int]) -> UInt8:
    """A picture that says its number: each macroblock is one bit, white or black, the lowest bit first."""
    columns, rows = size[0] // MACROBLOCK, size[1] // MACROBLOCK
    bits = np.array([number >> min(i, 62) & 1 for i in range(columns * rows)], np.uint8).reshape(rows, columns)
    grey = np.kron(bits * 255, np.ones((MACROBLOCK, MACROBLOCK), np.uint8))
    return np.repeat(grey[:, :, None], 3, axis=2)


def number_in(image: UInt8) -> int:
    """The number that a picture (H, W, 3) of a ``FaultCamera`` says, modulo 2 to the number of its macroblocks."""
    middles = image[MACROBLOCK // 2 :: MACROBLOCK, MACROBLOCK // 2 :: MACROBLOCK, 0].ravel() > 127
    return sum(1 << i for i, bit in enumerate(middles.tolist()) if bit)


def _sps(size: tuple[int, int], fps: float) -> bytes:
    bits = Bits().u(8, 66).u(8, 0xC0).u(8, 40).ue(0, 4, 2, 1).u(1, 0)  # frame_num of 8 bits, no reordering
    bits.ue(size[0] // MACROBLOCK - 1, size[1] // MACROBLOCK - 1).u(1, 1).u(1, 1).u(1, 0).u(1, 1)
    bits.u(4, 0).u(1, 1).u(32, 1000).u(32, round(fps * 2000)).u(1, 0)  # annex E: only timing
    bits.u(3, 0).u(1, 1).u(1, 1).ue(0, 0, 10, 10, 0, 1)  # annex E: nothing is reordered, one reference
    return bits.end().to_bytes()


def _pps() -> bytes:
    return Bits().ue(0, 0).u(2, 0).ue(0, 0, 0).u(3, 0).ue(0, 0, 0).u(3, 0b100).end().to_bytes()


def _idr(blocks: UInt8, idr_id: int) -> bytes:
    head = Bits().ue(0, 7, 0).u(8, 0).ue(idr_id).u(2, 0).ue(0, 1, _I_PCM_IN_I).align().to_bytes()
    between = np.frombuffer(Bits().ue(_I_PCM_IN_I).align().to_bytes(), np.uint8)
    rest = np.hstack([np.tile(between, (len(blocks) - 1, 1)), blocks[1:]])
    return head + blocks[0].tobytes() + rest.tobytes() + b"\x80"


def _predicted(blocks: UInt8, changed: Bool, frame_num: int) -> bytes:
    bits, parts, next_ = Bits().ue(0, 5, 0).u(8, frame_num).u(3, 0).ue(0, 1), [], 0
    for i in np.flatnonzero(changed).tolist():
        parts += [bits.ue(i - next_, _I_PCM_IN_P).align().to_bytes(), blocks[i].tobytes()]
        bits, next_ = Bits(), i + 1
    if next_ < len(blocks):
        bits.ue(len(blocks) - next_)
    return b"".join(parts) + bits.end().to_bytes()


def _macroblocks(image: UInt8) -> UInt8:
    """(N, 384): of each macroblock its Y, Cb and Cr samples, in raster order."""
    height, width = image.shape[:2]
    planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8).ravel()
    luma, chroma = planes[: height * width], planes[height * width :].reshape(2, -1)
    return np.hstack([_tiles(luma, width, 16), _tiles(chroma[0], width // 2, 8), _tiles(chroma[1], width // 2, 8)])


def _tiles(plane: UInt8, width: int, side: int) -> UInt8:
    rows = plane.reshape(-1, side, width // side, side)
    return rows.transpose(0, 2, 1, 3).reshape(-1, side * side)


def _nal(header: int, payload: bytes) -> bytes:
    return bytes([header]) + _NEEDS_ESCAPE.sub(b"\x00\x00\x03", payload)
