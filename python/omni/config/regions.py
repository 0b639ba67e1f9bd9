"""Regions and lines (protocol, section 4)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from omni.config._base import Section
from omni.config.streams import Relative

Finite = Annotated[float, Field(allow_inf_nan=False)]


class CornerConfig(Section):
    """A corner of a polygon, relative to the picture.

    Attributes:
        x: 0..1 from the left.
        y: 0..1 from the top.
    """

    x: Relative
    y: Relative


class DirectionConfig(Section):
    """A direction in the picture. The length of the vector does not matter.

    Attributes:
        x: its part to the right.
        y: its part downwards.
    """

    x: Finite
    y: Finite


class TriggerConfig(Section):
    """Settings that make a region a line.

    Attributes:
        is_roi: whether the presence of people inside is sent as well.
        direction: a crossing in this direction counts as ``forward``.
    """

    is_roi: bool = False
    direction: DirectionConfig


class RegionConfig(Section):
    """A region or a line: a polygon in the picture.

    Attributes:
        name: a name for people to read.
        points: the corners of the polygon.
        uuid: the UUID that identifies it in messages; added to the file if it is missing.
        stream_uuid: the stream it belongs to; not set: every stream.
        classes: who counts. ``body``: people, who are where their feet are; if only the face is seen, where its middle
            is.
        trigger_settings: makes it a line; not set: it is a region.
    """

    name: str = Field(min_length=1)
    points: tuple[CornerConfig, ...] = Field(min_length=3, max_length=1000)
    uuid: UUID
    stream_uuid: UUID | None = None
    classes: tuple[Literal["body"], ...] = Field(default=("body",), min_length=1)
    trigger_settings: TriggerConfig | None = None

    @property
    def presence(self) -> bool:
        """Whether it is told who is inside."""
        return self.trigger_settings is None or self.trigger_settings.is_roi

    def watches(self, stream_uuid: UUID) -> bool:
        """Whether it lies in this stream."""
        return self.stream_uuid is None or self.stream_uuid == stream_uuid


class RegionsConfig(Section):
    """``mutlistream_ROI``, as the original spells it.

    Attributes:
        force_track_termination_on_lost_event: end a person in the first frame that does not show them, instead of
            waiting whether they come back.
        inertia_frames: frames in a row that must show somebody inside (or outside) before it counts. Below 10 frames a
            second it is the time that these frames take at 10 a second, and at least two frames (one if this is 1).
        regions: regions and lines.
    """

    force_track_termination_on_lost_event: bool = False
    inertia_frames: int = Field(default=3, ge=1, le=1000)
    regions: tuple[RegionConfig, ...] = ()

    @property
    def lines(self) -> list[RegionConfig]:
        """Those regions that are lines."""
        return [region for region in self.regions if region.trigger_settings is not None]
