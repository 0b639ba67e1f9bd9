"""The pictures of the floor plans."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from omni.config import MapTrackingConfig

logger = logging.getLogger(__name__)

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


def plan_names(folder: Path) -> list[str]:
    """The pictures that lie in a folder, by name."""
    return sorted(path.name for path in folder.iterdir() if is_plan_name(path.name) and path.is_file())


def is_plan_name(name: str) -> bool:
    """Whether a picture may be called so: a plain name in the folder, not a way out of it."""
    return re.fullmatch(r"(?!\.)[\w .()-]{1,100}\.(png|jpe?g|webp)", name, re.ASCII | re.IGNORECASE) is not None


def read_plan(path: Path) -> Plan:
    """The picture of one plan. Raises as ``decode_plan``, and OSError."""
    return decode_plan(path.read_bytes())


def decode_plan(data: bytes) -> Plan:
    """A plan from the bytes of its file.

    Raises:
        ValueError: not a PNG, JPEG or WebP picture.
    """
    content_type = next((name for magic, name in _TYPES.items() if data.startswith(magic)), None)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if content_type else None
    if content_type is None or picture is None:
        raise ValueError("not a PNG, JPEG or WebP picture")
    height, width = picture.shape[:2]
    return Plan(data, content_type, width, height)
