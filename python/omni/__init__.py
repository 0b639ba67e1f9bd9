"""omni: people detected, tracked, watched and placed on one map; told by processes and webhooks.

The public names are loaded when first used, so ``import omni`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from omni._build import __version__

if TYPE_CHECKING:
    from omni import (
        config as config,
    )
    from omni import (
        detect as detect,
    )
    from omni import (
        errors as errors,
    )
    from omni import (
        fusion as fusion,
    )
    from omni import (
        testing as testing,
    )
    from omni import (
        track as track,
    )
    from omni import (
        types as types,
    )
    from omni import (
        webhooks as webhooks,
    )
    from omni.agent import Agent
    from omni.config import AgentConfig
    from omni.encode import encode_jpeg, encode_jpeg_base64
    from omni.fusion import FusionConfig, Homography, MapFuser
    from omni.track import Tracker, TrackerConfig

_HOME = {
    "Agent": "omni.agent",
    "AgentConfig": "omni.config",
    "FusionConfig": "omni.fusion",
    "Homography": "omni.fusion",
    "MapFuser": "omni.fusion",
    "Tracker": "omni.track",
    "TrackerConfig": "omni.track",
    "encode_jpeg": "omni.encode",
    "encode_jpeg_base64": "omni.encode",
}

_PARTS = frozenset({"config", "detect", "errors", "fusion", "testing", "track", "types", "webhooks"})
"""Modules that the documentation calls by ``omni.NAME``."""

__all__ = [
    "Agent",
    "AgentConfig",
    "FusionConfig",
    "Homography",
    "MapFuser",
    "Tracker",
    "TrackerConfig",
    "__version__",
    "encode_jpeg",
    "encode_jpeg_base64",
]


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return import_module(f"omni.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'omni' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_PARTS})
