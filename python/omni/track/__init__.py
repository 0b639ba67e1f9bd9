"""People followed through one stream."""

from omni.track.tracker import Tracker, TrackerConfig

__all__ = ["Tracker", "TrackerConfig"]
