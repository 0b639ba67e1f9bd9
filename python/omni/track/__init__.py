"""People followed through one stream."""

from omni.track.smoothing import TrackRows, smoothed
from omni.track.tracker import Tracker, TrackerConfig

__all__ = ["TrackRows", "Tracker", "TrackerConfig", "smoothed"]
