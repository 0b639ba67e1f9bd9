"""What a test of a video program needs: a camera on loopback that fails on demand. See docs/testing.md."""

from omni.testing.camera import FaultCamera
from omni.testing.h264 import number_in

__all__ = ["FaultCamera", "number_in"]
