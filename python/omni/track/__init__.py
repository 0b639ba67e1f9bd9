"""People followed through one stream."""

from omni.track.crossings import untangled
from omni.track.hindsight import whole_recording
from omni.track.rows import TrackRows
from omni.track.smoothing import smoothed
from omni.track.tracker import Tracker, TrackerConfig

__all__ = ["TrackRows", "Tracker", "TrackerConfig", "smoothed", "untangled", "whole_recording"]
