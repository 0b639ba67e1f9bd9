"""The floor map: views, and how each camera's picture lies on them (protocol, section 5)."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from omni.config._base import Section
from omni.config.regions import Finite
from omni.config.streams import Relative

Matrix3 = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Scale = Annotated[float, Field(ge=1e-6, le=1e6)]
"""Metres of a unit: from micrometres to a thousand kilometres, beyond which results are no numbers any more."""

Area = Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=3, max_length=1000)]


class PointPair(Section):
    """One place, seen in the picture and known on the map.

    Attributes:
        image: x, y relative to the picture, 0..1.
        map: x, y in the view's own units.
    """

    image: tuple[Relative, Relative]
    map: tuple[float, float]


class CameraView(Section):
    """How one stream's picture lies on the map.

    Attributes:
        stream_uuid: whose picture.
        points: at least four point pairs, no three on a line; with others the map is off.
        camera_matrix: of the lens, as OpenCV has it; optional.
        distortion: of the lens, k1, k2, p1, p2, k3; optional.
        visible_area: polygon on the map, corners x, y in the view's own units: whoever stands outside of it is neither
            placed on the map by this camera nor missed there; not set: everywhere.
    """

    stream_uuid: UUID
    points: tuple[PointPair, ...] = Field(json_schema_extra={"minItems": 4})
    camera_matrix: Matrix3 | None = None
    distortion: tuple[float, float, float, float, float] | None = None
    visible_area: Area | None = None


class ViewConfig(Section):
    """One map.

    Attributes:
        name: by which it is asked for.
        image: the plan's picture; its pixels are the map's units.
        metres_per_unit: length of one unit.
        cameras: those that look at it.
    """

    name: str = Field(default="top_view", min_length=1)
    image: str | None = None
    metres_per_unit: Scale = 1.0
    cameras: tuple[CameraView, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_camera_once(self) -> Self:
        if len({camera.stream_uuid for camera in self.cameras}) != len(self.cameras):
            raise ValueError("names one stream twice")
        return self


class MapTrackingConfig(Section):
    """Map tracking as a whole.

    Attributes:
        enabled: whether people are placed on maps.
        views: the maps.
    """

    enabled: bool = False
    views: tuple[ViewConfig, ...] = ()

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        if len({view.name for view in self.views}) != len(self.views):
            raise ValueError("two views have the same name")
        return self
