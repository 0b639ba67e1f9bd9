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
    """One place on the floor, in the picture and on the map.

    Attributes:
        image: x, y relative to the picture, 0..1.
        map: x, y in the map's units.
    """

    image: tuple[Relative, Relative]
    map: tuple[float, float]


class CameraView(Section):
    """How one stream's picture lies on the map.

    Attributes:
        stream_uuid: the stream.
        points: at least four point pairs, no three on a line; otherwise the map is off.
        camera_matrix: the camera matrix of the lens, as OpenCV defines it; optional.
        distortion: the distortion of the lens, k1, k2, p1, p2, k3, as OpenCV defines it; optional.
        visible_area: a polygon on the map, corners x, y in the map's units. Outside of it this camera places nobody and
            is not expected to see anybody; not set: no limit.
    """

    stream_uuid: UUID
    points: tuple[PointPair, ...] = Field(json_schema_extra={"minItems": 4})
    camera_matrix: Matrix3 | None = None
    distortion: tuple[float, float, float, float, float] | None = None
    visible_area: Area | None = None


class ViewConfig(Section):
    """One map (a view).

    Attributes:
        name: identifies the map in requests and answers.
        image: a picture of the floor plan; its pixels are then the map's units.
        metres_per_unit: metres in one unit of the map.
        cameras: the streams that are placed on it.
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
    """The floor maps.

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
