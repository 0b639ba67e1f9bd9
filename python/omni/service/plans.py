"""The pictures of the floor plans."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2

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
            plans[view.name] = _read(Path(view.image))
        except (OSError, ValueError) as error:
            logger.warning("view %s: plan %s cannot be shown: %s", view.name, view.image, error)
    return plans


def _read(path: Path) -> Plan:
    data = path.read_bytes()
    content_type = next((name for magic, name in _TYPES.items() if data.startswith(magic)), None)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if content_type is None or picture is None:
        raise ValueError("not a PNG, JPEG or WebP picture")
    height, width = picture.shape[:2]
    return Plan(data, content_type, width, height)
