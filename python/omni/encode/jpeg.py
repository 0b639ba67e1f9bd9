"""JPEG by libjpeg-turbo (4:2:0, or grey)."""

from __future__ import annotations

import operator

from omni import _core
from omni.types import UInt8


def encode_jpeg(image: UInt8, quality: int = 90) -> bytes:
    """Encode a picture. Other threads run meanwhile, so nobody may write to ``image``.

    Args:
        image: (H, W, 3) uint8 BGR, or (H, W) or (H, W, 1) uint8 grey; sides from 1 to 65500. Any strides: a crop by
            slicing is encoded in place, other views are copied first.
        quality: 1 to 100.

    Returns:
        A JPEG file.

    Raises:
        TypeError: not a uint8 array, or ``quality`` is no integer.
        ValueError: wrong shape or quality.
        EncodeError: the encoder refused the picture.
    """
    return _core.encode_jpeg(image, _quality(quality))


def encode_jpeg_base64(image: UInt8, quality: int = 90) -> str:
    """``encode_jpeg`` as base64 text (RFC 4648, with padding); same arguments and errors."""
    return _core.encode_jpeg_base64(image, _quality(quality))


def _quality(quality: int) -> int:
    """An index within the core's integers, so that any number out of range gets the same message."""
    if type(quality) is int and 0 < quality <= 100:
        return quality  # the way of every crop, where a microsecond counts
    try:
        return max(-1, min(operator.index(quality), 101))
    except TypeError:
        raise TypeError(f"quality: expected an integer, got {type(quality).__name__}") from None
