"""Many cameras, one map."""

from omni.fusion.fuser import FusionConfig, MapFuser
from omni.fusion.homography import Homography

__all__ = ["FusionConfig", "Homography", "MapFuser"]
