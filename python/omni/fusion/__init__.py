"""Many cameras, one map."""

from omni.fusion.footprint import footprint
from omni.fusion.fuser import CameraOffset, FusionConfig, MapFuser
from omni.fusion.hindsight import MapRows, whole_recording
from omni.fusion.homography import Homography

__all__ = ["CameraOffset", "FusionConfig", "Homography", "MapFuser", "MapRows", "footprint", "whole_recording"]
