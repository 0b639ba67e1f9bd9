"""Cameras and files, as frames."""

from omni.sources.open import Source, open_source

__all__ = ["Source", "open_source"]
