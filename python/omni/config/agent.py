"""The whole of ``run_params.json`` (protocol, section 6)."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from omni.config._base import Section
from omni.config.map_tracking import MapTrackingConfig
from omni.config.streams import StreamConfig
from omni.config.webhooks import DeliveryConfig, MqttConfig, SubscriberConfig


class HttpConfig(Section):
    """Where the service listens. The documented endpoints carry no login, so loopback is the default."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    map_tracking_path: str = Field(default="/map_tracking", pattern=r"^(/[A-Za-z0-9_-]+)+$")


class DetectorConfig(Section):
    """Which model finds people. ``model``: a name of ``omni models list`` or the path of an ONNX file."""

    model: str = "nanodet-g-416"
    head: str | None = None
    threads: int = Field(default=1, ge=1, le=64)
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    allow_fallback: bool = False


class EventsConfig(Section):
    """``enable_activities``: whether processes are sent at all."""

    enable_activities: bool = True


class Switch(Section):
    enabled: bool = True


class PipelinesConfig(Section):
    """Which pipelines run. Faces have none yet."""

    body_detector: Switch = Switch()


class AgentConfig(Section):
    """Everything an agent is told at its start."""

    schema_: str | None = Field(default=None, alias="$schema", exclude=True)
    compat: bool = False
    streams: tuple[StreamConfig, ...] = ()
    detector: DetectorConfig = DetectorConfig()
    detector_confidence: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    pipelines: PipelinesConfig = PipelinesConfig()
    enable_body_tracking: bool = True
    map_tracking: MapTrackingConfig = MapTrackingConfig()
    webhook_tracking_subscribers: tuple[SubscriberConfig, ...] = ()
    delivery: DeliveryConfig = DeliveryConfig()
    mqtt_settings: MqttConfig = MqttConfig()
    ongoings_interval_in_msec: int = Field(default=5000, ge=100, le=3_600_000)
    enable_webhook_image2jpg_conversion: bool = False
    events: EventsConfig = EventsConfig()
    anonymous_mode: bool = True
    http: HttpConfig = HttpConfig()

    @model_validator(mode="after")
    def _streams_fit(self) -> Self:
        known: set[UUID] = set()
        for stream in self.streams:
            if stream.stream_uuid in known:
                raise ValueError(f"streams: stream_uuid {stream.stream_uuid} is given twice")
            known.add(stream.stream_uuid)
        return self
