"""``calibration.json``: the cameras of one floor (interface, calibration.json)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omni._text import each_key_once
from omni.errors import CalibrationError

if TYPE_CHECKING:
    from omni.fusion import CameraOffset, Homography

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""Length of what ``unit`` may name."""


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """A file that was read.

    Attributes:
        path: where it is.
        document: all that it says.
        metres_per_unit: length of a unit of its floor.
    """

    path: Path
    document: dict[str, Any]
    metres_per_unit: float

    @property
    def names(self) -> tuple[str, ...]:
        """Its cameras."""
        return tuple(self.document["cameras"])

    def homography(self, name: str) -> Homography:
        """One camera's way to the floor, in the unit of the file.

        Raises:
            CalibrationError: it cannot be used; names the camera and why.
        """
        from omni.fusion import Homography

        camera = self.document["cameras"][name]
        try:
            if not isinstance(camera, dict):
                raise TypeError(f'expected {{"H_image_to_floor": 3x3}}, got {camera!r}')
            return Homography(
                camera["H_image_to_floor"],
                image_size=camera.get("image_size") or self.document.get("image_size") or None,
                camera_matrix=camera.get("K"),
                distortion=camera.get("distortion"),
            )
        except KeyError as error:
            raise CalibrationError(f"{self.path}: camera {name}: expected {error}") from None
        except (TypeError, ValueError) as error:
            raise CalibrationError(f"{self.path}: camera {name}: {error}") from None

    def corrected(self, cameras: Mapping[str, Homography], offsets: Mapping[str, CameraOffset]) -> str:
        """The file with every camera moved to where the others see whom it shares with them."""
        moved = {name: cameras[name].shifted(-found.offset).matrix.tolist() for name, found in offsets.items()}
        entries = {
            name: {**camera, "H_image_to_floor": moved[name]} if name in moved else camera
            for name, camera in self.document["cameras"].items()
        }
        return json.dumps({**self.document, "cameras": entries}, indent=1) + "\n"


def read_calibration(path: Path) -> CalibrationFile:
    """Read the file; its cameras are looked at when they are asked for.

    Raises:
        CalibrationError: it cannot be read, has no cameras, or a unit that nobody knows.
    """
    try:
        document = json.loads(path.read_bytes(), object_pairs_hook=each_key_once)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CalibrationError(f"{path}: not JSON that can be used: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("cameras"), dict) or not document["cameras"]:
        raise CalibrationError(
            f'{path}: expected {{"cameras": {{NAME: {{"H_image_to_floor": 3x3}}}}}}: no cameras in it'
        )
    return CalibrationFile(path, document, _metres_per_unit(path, document))


def _metres_per_unit(path: Path, document: dict[str, Any]) -> float:
    length = document.get("metres_per_unit")
    if length is None:
        unit = document.get("unit", "m")
        if not isinstance(unit, str) or unit not in METRES:
            raise CalibrationError(f"{path}: unit: expected {', '.join(METRES)}, or metres_per_unit; got {unit!r}")
        return METRES[unit]
    if isinstance(length, bool) or not isinstance(length, int | float) or not 0.0 < length <= sys.float_info.max:
        raise CalibrationError(f"{path}: metres_per_unit: expected a number above 0, got {length!r}")
    return float(length)
