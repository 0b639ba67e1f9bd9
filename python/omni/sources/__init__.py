"""Cameras and files, as frames."""

from omni.sources.condition import Condition, ConditionLog
from omni.sources.open import Source, open_source

__all__ = ["Condition", "ConditionLog", "Source", "open_source"]
