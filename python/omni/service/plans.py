"""The pictures of the floor plans."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omni._text import is_text
from omni.config import MapTrackingConfig
from omni.errors import StateError

logger = logging.getLogger(__name__)

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
SIDE_MAX = 16_384
PIXELS_MAX = 50_000_000
"""Of a picture from outside: what is decoded takes three bytes a pixel."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|jpg|jpeg)", re.IGNORECASE)
_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is served: the file's bytes, their type, and the size in pixels, which are the map's units."""

    data: bytes
    content_type: str
    width: int
    height: int


def read_plans(config: MapTrackingConfig) -> dict[str, Plan]:
    """The plans of all views that have one, by the view's name. One that cannot be read is logged and left out."""
    plans = {}
    for view in config.views if config.enabled else ():
        if view.image is None:
            continue
        try:
            plans[view.name] = read_plan(Path(view.image))
        except (OSError, ValueError) as error:
            logger.warning("view %s: plan %s cannot be shown: %s", view.name, view.image, error)
    return plans


def read_plan(path: Path) -> Plan:
    """One plan.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no picture that can be shown.
    """
    data = path.read_bytes()
    content_type = next((name for magic, name in _TYPES.items() if data.startswith(magic)), None)
    size = None if content_type is None else _shown_size(data, content_type)
    if content_type is None or size is None:
        raise ValueError("not a PNG, JPEG or WebP picture")
    return Plan(data, content_type, *size)


def plan_names(folder: Path) -> list[dict[str, Any]]:
    """The pictures of a folder that a plan can be, by name: ``name`` and ``bytes``. Links are not followed.

    A name that is no text is left out: no configuration could give it.
    """
    files = [file for file in folder.iterdir() if file.is_file() and not file.is_symlink() and is_text(file.name)]
    found = [file for file in files if not file.name.startswith(".") and file.suffix.lower() in SUFFIXES]
    return [{"name": file.name, "bytes": file.stat().st_size} for file in sorted(found)]


def checked_plan(name: str, data: bytes) -> tuple[int, int]:
    """Find out whether a picture from outside can be a plan.

    Returns:
        (width, height) in pixels, as it is shown.

    Raises:
        ValueError: the name or the picture is none, and why.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("expected a name of letters, digits, '.', '_', '-' that ends with .png, .jpg or .jpeg")
    is_png = name.lower().endswith(".png")
    size = _png_size(data) if is_png else _jpeg_size(data)
    if size is None:
        raise ValueError("expected a picture of the kind that its name says, PNG or JPEG")
    if not (0 < size[0] <= SIDE_MAX and 0 < size[1] <= SIDE_MAX and size[0] * size[1] <= PIXELS_MAX):
        raise ValueError(f"expected at most {PIXELS_MAX // 1_000_000} megapixels, found {size[0]} x {size[1]}")
    shown = _shown_size(data, "image/png" if is_png else "image/jpeg")
    if shown is None:
        raise ValueError("the picture cannot be decoded")
    return shown


def write_plan(path: Path, data: bytes) -> None:
    """Put a picture in the place of a file, whole or not at all.

    Raises:
        StateError: the folder cannot be written.
    """
    scratch = path.with_name(f".{path.name}.new")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise StateError(f"{path}: cannot be written: {error.strerror}") from None


def _shown_size(data: bytes, content_type: str) -> tuple[int, int] | None:
    """(width, height) as browsers show it: turned as its EXIF says, but for WebP. None: it cannot be decoded."""
    turned = 0 if content_type != "image/webp" else cv2.IMREAD_IGNORE_ORIENTATION
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | turned)
    except cv2.error:  # too many pixels (cli/serve.py)
        return None
    if picture is None:
        return None
    height, width = picture.shape[:2]
    return width, height


def _png_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the header says, before anything is decoded."""
    if len(data) < 24 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """The same of a JPEG: its frame header (SOF) is looked for, from segment to segment."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + length
    return None
