"""Models by name and pinned version, pulled from package registries and converted to ONNX on the user's machine."""

from __future__ import annotations

from omni.detect.models.cache import ModelStatus, check, locate, pull, status
from omni.detect.models.registry import MODELS, ModelSpec, Package

__all__ = ["MODELS", "ModelSpec", "ModelStatus", "Package", "check", "locate", "pull", "status"]
