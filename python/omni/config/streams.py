"""Streams: where pictures come from (protocol, section 6)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator

from omni.config._base import Section
from omni.config.secrets import ADDRESS_MAX, SecretUrl

Relative = Annotated[float, Field(ge=0.0, le=1.0)]
Polygon = Annotated[tuple[tuple[Relative, Relative], ...], Field(min_length=3, max_length=1000)]
InputSize = Annotated[int, Field(ge=128, le=2048, multiple_of=32)]
Tiles = Annotated[int, Field(ge=1, le=8)]

_LIVE = re.compile(r"^(rtsps?|https?)://|^\d+$|^/dev/video\d+$", re.IGNORECASE)


class StreamConfig(Section):
    """One camera, file or folder of pictures.

    Attributes:
        stream_uuid: the UUID that identifies the stream in every message.
        name: a name for people to read.
        url: a file, a folder of pictures, an rtsp://, http:// or https:// address, or a device number.
        enabled: whether the stream runs.
        loop: whether a file begins again at its end.
        max_fps: greatest number of frames a second that are analysed; not set: all.
        pace: how fast a file is played: ``real``: as fast as it was filmed; ``fast``: as fast as the machine can;
            ``live``: like a camera, where frames that come too fast are dropped.
        crop: x, y, width, height of the part that is used, relative to the full picture.
        ignore: polygons in which nobody is looked for; corners x, y relative to the (cropped) picture.
        input_size: longer side of the network's input, pixels; a larger one finds smaller people. Not set: the
            network's own size.
        tiles: columns and rows of overlapping tiles that are searched in addition to the whole picture.
        motion_gate: do not search a frame in which nothing has moved.
    """

    stream_uuid: UUID
    name: str = ""
    url: Annotated[str, AfterValidator(SecretUrl)] = Field(min_length=1, max_length=ADDRESS_MAX, repr=False)
    enabled: bool = True
    loop: bool = False
    max_fps: float | None = Field(default=None, gt=0.0, le=1000.0)
    crop: tuple[Relative, Relative, Relative, Relative] | None = None
    ignore: tuple[Polygon, ...] = ()
    input_size: InputSize | None = None
    tiles: tuple[Tiles, Tiles] | None = None
    motion_gate: bool = False
    pace: Literal["real", "fast", "live"] = "real"

    @field_validator("url", mode="before")
    @classmethod
    def _device_may_be_a_number(cls, url: Any) -> Any:
        return str(url) if isinstance(url, int) and not isinstance(url, bool) and url >= 0 else url

    @field_validator("crop")
    @classmethod
    def _inside(cls, crop: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
        if crop is None:
            return crop
        x, y, width, height = crop
        if width <= 0 or height <= 0 or x + width > 1 + 1e-6 or y + height > 1 + 1e-6:
            raise ValueError("must be x, y, width, height with x + width <= 1 and y + height <= 1, both sizes above 0")
        return crop

    @property
    def uuid(self) -> str:
        """The stream's UUID as text, as it stands in every message."""
        return str(self.stream_uuid)

    @property
    def live(self) -> bool:
        """Whether pictures come at their own time (camera) rather than when asked for (file, folder)."""
        return bool(_LIVE.match(self.url))

    @property
    def every_frame(self) -> bool:
        """Whether every frame is analysed, rather than the newest: a file that is not played like a camera."""
        return not self.live and self.pace != "live"

    @property
    def safe_url(self) -> str:
        """The address without user and password, for logs and pages."""
        return str(self.url)

    @property
    def label(self) -> str:
        """What people read: the name, else the start of the UUID."""
        return self.name or self.uuid[:8]
