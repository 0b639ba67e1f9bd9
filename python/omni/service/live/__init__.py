"""Live pictures, map, processes and status for the people who watch."""

from omni.service.live.hub import VIEWERS_MAX, LiveHub
from omni.service.live.viewer import Viewer

__all__ = ["VIEWERS_MAX", "LiveHub", "Viewer"]
