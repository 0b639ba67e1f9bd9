"""Regions and lines (protocol, section 4)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from omni.config._base import Section
from omni.config.streams import Relative

Finite = Annotated[float, Field(allow_inf_nan=False)]


class CornerConfig(Section):
    """A corner, relative to the picture.

    Attributes:
        x: 0..1 from the left.
        y: 0..1 from the top.
    """

    x: Relative
    y: Relative


class DirectionConfig(Section):
    """A vector in the same coordinates; only where it points to counts.

    Attributes:
        x: to the right.
        y: down.
    """

    x: Finite
    y: Finite


class TriggerConfig(Section):
    """What makes a line of a region.

    Attributes:
        is_roi: presence is told as well.
        direction: passed along it is forward.
    """

    is_roi: bool = False
    direction: DirectionConfig


class RegionConfig(Section):
    """A polygon.

    Attributes:
        name: what people call it.
        points: its corners.
        uuid: its name in messages; added where it is missing.
        stream_uuid: of which camera; not set: of every one.
        classes: who counts: people, by the feet; of whom only the face is seen, by its middle.
        trigger_settings: what makes it a line; not set: it is a region.
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
        force_track_termination_on_lost_event: a person ends in the frame that does not show them any more, instead of
            being waited for.
        inertia_frames: frames in a row before somebody is inside or outside; below 10 frames a second the time that
            they take at 10, and two at least (one where it is 1).
        regions: regions and lines.
    """

    force_track_termination_on_lost_event: bool = False
    inertia_frames: int = Field(default=3, ge=1, le=1000)
    regions: tuple[RegionConfig, ...] = ()

    @property
    def lines(self) -> list[RegionConfig]:
        """Those regions that are lines."""
        return [region for region in self.regions if region.trigger_settings is not None]
