"""Faces: whom the cameras see, matched with the people of a gallery."""

from omni.faces.calibration import Calibration
from omni.faces.gallery import Gallery, Profile

__all__ = ["Calibration", "Gallery", "Profile"]
