"""``omni calibrate``: point pairs to homographies, with their quality and a picture of the map."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveFloat, ValidationError

from omni._text import each_key_once
from omni.cli.apart import check_apart
from omni.cli.output import add_json, note, print_json, whole_file
from omni.config.map_tracking import Scale
from omni.errors import CalibrationError, SourceError

if TYPE_CHECKING:
    from omni.fusion import Homography
    from omni.types import Float64

Point = tuple[FiniteFloat, FiniteFloat]
Size = tuple[PositiveFloat, PositiveFloat]
Row = tuple[FiniteFloat, FiniteFloat, FiniteFloat]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pair(_Strict):
    """One place in the picture (pixels) and on the map."""

    image: Point
    map: Point


class CameraPoints(_Strict):
    """The pairs of one camera."""

    points: list[Pair]
    image_size: Size | None = None
    camera_matrix: tuple[Row, Row, Row] | None = None
    distortion: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None


class PointsFile(_Strict):
    """What ``omni calibrate`` reads."""

    image_size: Size | None = None
    metres_per_unit: Scale = 1.0
    cameras: Annotated[dict[str, CameraPoints], Field(min_length=1)]


@dataclass(frozen=True)
class Calibrated:
    """One camera's pairs and what came of them."""

    points: CameraPoints
    image_size: Size | None
    homography: Homography


def add_parser(verbs: Any) -> None:
    calibrate: argparse.ArgumentParser = verbs.add_parser(
        "calibrate",
        help="point pairs to homographies, and how good they are",
        description="Fit each camera's homography, tell its quality, draw the map with footprints and error ellipses.",
    )
    calibrate.add_argument("points", type=Path, metavar="POINTS", help="JSON: the pairs of each camera (docs/cli.md)")
    calibrate.add_argument("--picture", type=Path, metavar="FILE", help="where the picture goes (default: POINTS.png)")
    calibrate.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the calibration.json of omni fuse")
    add_json(calibrate)
    calibrate.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    from omni.cli.floor_plan import as_png, draw

    picture = options.picture or options.points.parent / f"{options.points.stem}.png"  # "/" has no name to change
    check_apart({"--picture": picture, "--output": options.output}, [options.points], printed=True)
    document = _read(options.points)
    cameras = _fits(document)
    drawn = {name: (camera.homography, _map_points(camera.points)) for name, camera in cameras.items()}
    with whole_file(picture, "wb") as file:
        file.write(as_png(draw(drawn, document.metres_per_unit)))
    if options.output is not None:
        _write_calibration(options.output, cameras, document.metres_per_unit)
    qualities = {name: _quality(camera, document.metres_per_unit) for name, camera in cameras.items()}
    if options.json:
        print_json({"cameras": qualities, "picture": str(picture)})
    else:
        _print_table(qualities)
        note(f"picture: {picture}")
    return 0


def _read(path: Path) -> PointsFile:
    try:
        return PointsFile.model_validate(json.loads(path.read_bytes(), object_pairs_hook=each_key_once))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        wrong = [(".".join(map(str, one["loc"])) or "document", one["msg"]) for one in error.errors(include_url=False)]
        raise SourceError(f"{path}: " + "\n  ".join(f"{place}: {what}" for place, what in wrong)) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON that can be used: {error}") from None


def _fits(document: PointsFile) -> dict[str, Calibrated]:
    """Every camera's; what is wrong with several is told at once."""
    fitted, wrong = {}, []
    for name, points in document.cameras.items():
        try:
            fitted[name] = _fit(name, points, document.image_size)
        except CalibrationError as error:
            wrong.append(str(error))
    if wrong:
        raise CalibrationError("\n  ".join(wrong))
    return fitted


def _fit(name: str, points: CameraPoints, common_size: Size | None) -> Calibrated:
    from omni.fusion import Homography

    size = points.image_size or common_size
    pixels = np.array([pair.image for pair in points.points], np.float64).reshape(-1, 2)
    try:
        homography = Homography.from_points(
            pixels,
            _map_points(points),
            image_size=size,
            camera_matrix=points.camera_matrix,
            distortion=points.distortion,
        )
    except ValueError as error:
        raise CalibrationError(f"camera {name}: {error}") from None
    _check_pixels(name, pixels, size)
    return Calibrated(points, size, homography)


def _check_pixels(name: str, pixels: Float64, size: Size | None) -> None:
    """Shares of the picture, as the configuration has them, fit as well as pixels and place nobody's boxes rightly."""
    if (pixels >= 0.0).all() and (pixels <= 1.0).all():
        raise CalibrationError(
            f"camera {name}: image: expected pixels, got numbers from 0 to 1 only, as map_tracking has them: "
            "relative to the picture"
        )
    if size is not None and (beyond := np.flatnonzero(((pixels < 0.0) | (pixels > size)).any(1))).size:
        points = ", ".join(str(i) for i in beyond)
        note(f"camera {name}: points beyond its picture of {size[0]:g}x{size[1]:g} pixels: {points}")


def _map_points(points: CameraPoints) -> Float64:
    return np.array([pair.map for pair in points.points], np.float64).reshape(-1, 2)


def _quality(camera: Calibrated, metres_per_unit: float) -> dict[str, Any]:
    homography = camera.homography
    rms = homography.rms_error or 0.0
    return {
        "points": len(homography.residuals),
        "left_out": [int(i) for i in np.flatnonzero(~homography.used)],
        "rms": round(rms, 5),
        "rms_m": round(rms * metres_per_unit, 5),
        "residuals": [round(float(r), 5) for r in homography.residuals],
        "H_image_to_floor": homography.matrix.tolist(),
    }


def _print_table(qualities: dict[str, dict[str, Any]]) -> None:
    width = max(len("camera"), *(len(name) for name in qualities))
    print(f"{'camera':{width}s}  points  rms (map)   rms (m)  worst point     left out")
    for name, q in qualities.items():
        worst = int(np.argmax(q["residuals"]))
        out = ", ".join(str(i) for i in q["left_out"]) or "-"
        at = f"{worst} ({q['residuals'][worst]:.3g})"
        print(f"{name:{width}s}  {q['points']:6d}  {q['rms']:9.4g}  {q['rms_m']:8.4g}  {at:14s}  {out}")


def _write_calibration(path: Path, cameras: dict[str, Calibrated], metres_per_unit: float) -> None:
    entries: dict[str, Any] = {}
    for name, camera in cameras.items():
        entry: dict[str, Any] = {"H_image_to_floor": camera.homography.matrix.tolist()}
        if camera.image_size is not None:
            entry["image_size"] = list(camera.image_size)
        if camera.points.camera_matrix is not None:
            entry["K"] = [list(row) for row in camera.points.camera_matrix]
        if camera.points.distortion is not None:
            entry["distortion"] = list(camera.points.distortion)
        entries[name] = entry
    with whole_file(path) as file:
        file.write(json.dumps({"metres_per_unit": metres_per_unit, "cameras": entries}, indent=1) + "\n")
