"""The whole of ``run_params.json`` (protocol, section 6)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Self

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from omni.config._base import Section
from omni.config.contradictions import CONTRADICTION, contradictions
from omni.config.map_tracking import MapTrackingConfig
from omni.config.regions import RegionsConfig
from omni.config.streams import StreamConfig
from omni.config.webhooks import DeliveryConfig, MqttConfig, SubscriberConfig


class HttpConfig(Section):
    """Where the service listens, and what is open there without a token.

    Attributes:
        host: address that is listened on.
        port: 0: a free one.
        map_tracking_path: where the map is.
        names: host names by which it is reached from elsewhere, such as those of a proxy in front; without the port.
        open_endpoints: whether the endpoints of the original take requests without a token; None: only while nothing
            but this machine can reach the service.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    map_tracking_path: str = Field(default="/map_tracking", pattern=r"^(/[A-Za-z0-9_-]+)+$")
    names: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=253)], ...] = ()
    open_endpoints: bool | None = None

    @property
    def reached_from_elsewhere(self) -> bool:
        """Whether more than the programs of this machine can reach the service."""
        return bool(self.names) or not _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    """A name other than ``localhost`` may become any address, so it is none."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


Provider = Annotated[str, Field(pattern=r"^(CPU|CUDA|TensorRT|OpenVINO|CoreML|\w+ExecutionProvider)$")]
"""What runs a network: one of these, or any other of onnxruntime's by its own name."""
Providers = Annotated[tuple[Provider, ...], Field(min_length=1)]


class DetectorConfig(Section):
    """Which model finds people.

    Attributes:
        model: a name of ``omni models list`` or the path of an ONNX file.
        head: how its outputs are read; null: as recognised.
        threads: that one inference of any network uses.
        providers: what runs it, best first.
        allow_fallback: of any network: go on with the CPU where its first provider cannot be had.
    """

    model: str = "nanodet-g-416"
    head: str | None = None
    threads: int = Field(default=1, ge=1, le=64)
    providers: Providers = ("CPU",)
    allow_fallback: bool = False


class AppearanceConfig(Section):
    """How people are known by their looks.

    Attributes:
        descriptor: ``colour``, the path of an ONNX file, or not set: not at all.
        providers: what runs the network; not set: as the detector's.
    """

    descriptor: str | None = None
    providers: Providers | None = None


class EventsConfig(Section):
    """Which kinds of messages are sent.

    Attributes:
        enable_activities: whether processes are.
    """

    enable_activities: bool = True


class Switch(Section):
    """Whether something is done.

    Attributes:
        enabled: whether it is.
    """

    enabled: bool = True


class AttributesConfig(Section):
    """What is told of faces beside who they are; nothing, because it must be wanted.

    Attributes:
        age_gender: age and gender, by ``faceres``.
        emotion: processes of emotion, by ``mini-xception``.
        attention: whether somebody looks at the camera, by the landmarks.
    """

    age_gender: bool = False
    emotion: bool = False
    attention: bool = False


class FaceConfig(Section):
    """Whether faces are looked for and matched with the gallery; off, because it must be wanted.

    Attributes:
        enabled: whether they are.
        embedder: ``dlib-128``, or the path of a JSON description of one's own network.
        providers: what runs the networks, best first; null: as the detector's.
        retention_days: after so many days the photos of a profile are forgotten, and with the last one the profile.
        max_fps: so many pictures a second of a stream are searched for faces at most; None: every one.
        attributes: what else is told of faces.
    """

    enabled: bool = False
    embedder: str = "dlib-128"
    providers: Providers | None = None
    retention_days: Annotated[float, Field(gt=0.0, le=36_500.0)] | None = None
    max_fps: Annotated[float, Field(gt=0.0, le=1000.0)] | None = 10.0
    attributes: AttributesConfig = AttributesConfig()


class PipelinesConfig(Section):
    """Which pipelines run.

    Attributes:
        body_detector: people.
        face: faces.
    """

    body_detector: Switch = Switch()
    face: FaceConfig = FaceConfig()


class BestShotConfig(Section):
    """How best shots leave.

    Attributes:
        max_side: longer side of a picture at most, pixels; larger ones are made smaller.
        quality: of the JPEG, 1 to 100.
        whole_frame: the picture that the crop is cut from goes along with the human process.
    """

    max_side: int = Field(default=512, ge=16, le=8192)
    quality: int = Field(default=85, ge=1, le=100)
    whole_frame: bool = False


class HistoryConfig(Section):
    """What is kept of what happened, in the state folder, for the page and the API.

    Attributes:
        enabled: whether anything is.
        retention_days: a process is deleted so long after its end.
        max_bytes: most bytes on disk: best shots go first, then the oldest processes.
    """

    enabled: bool = True
    retention_days: float = Field(default=30.0, gt=0.0, le=36_500.0)
    max_bytes: int = Field(default=1 << 30, ge=1 << 20)


_NAMES = ("streams", "mutlistream_ROI", "webhook_tracking_subscribers", "mqtt_settings", "desired_score", "faR", "frR")
"""What ``contradictions`` looks at."""


class AgentConfig(Section):
    """Everything an agent is told at its start.

    Attributes:
        compat: take keys that there are not here, with a warning: for files written for the original.
        streams: cameras, files and folders of pictures.
        detector: the network that finds people.
        detector_confidence: least confidence of a person; not set: the model's own.
        appearance: how people are known again by their looks.
        cos_reident_confidence: least cosine of the looks of somebody new and somebody who left, to be one person.
        pipelines: what is looked for.
        enable_body_tracking: whether people are looked for and followed.
        desired_score: least score of a face's match; where it is set, faR and frR are ignored.
        faR: share of comparisons of two different people that may be taken for one; 0.001 where none of them is given.
            Not beside frR.
        frR: share of comparisons of one person with the own photo that may be missed.
        map_tracking: the floor map.
        mutlistream_ROI: regions and lines.
        state_folder: where counters, the gallery of faces, tokens and the history lie; not set: beside the file.
        history: what is kept of what happened.
        webhook_tracking_subscribers: who is told.
        delivery: how long messages are kept and tried again.
        mqtt_settings: a broker that is told as well.
        ongoings_interval_in_msec: how often a process that is going on is told of, milliseconds.
        enable_webhook_image2jpg_conversion: best shots go along, as JPEG. Without it no picture leaves.
        best_shot: their size.
        events: which kinds of messages are sent.
        anonymous_mode: no face leaves, neither as a picture nor as numbers; heads are hidden in all pictures.
        http: where the service listens.
    """

    schema_: str | None = Field(default=None, alias="$schema", exclude=True)
    compat: bool = False
    streams: tuple[StreamConfig, ...] = ()
    detector: DetectorConfig = DetectorConfig()
    detector_confidence: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    appearance: AppearanceConfig = AppearanceConfig()
    cos_reident_confidence: float = Field(default=0.6, ge=0.0, le=1.0)
    pipelines: PipelinesConfig = PipelinesConfig()
    enable_body_tracking: bool = True
    desired_score: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    faR: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    frR: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    map_tracking: MapTrackingConfig = MapTrackingConfig()
    mutlistream_ROI: RegionsConfig = Field(
        default=RegionsConfig(), validation_alias=AliasChoices("mutlistream_ROI", "multistream_ROI")
    )
    state_folder: str | None = None
    history: HistoryConfig = HistoryConfig()
    webhook_tracking_subscribers: tuple[SubscriberConfig, ...] = ()
    delivery: DeliveryConfig = DeliveryConfig()
    mqtt_settings: MqttConfig = MqttConfig()
    ongoings_interval_in_msec: int = Field(default=5000, ge=100, le=3_600_000)
    enable_webhook_image2jpg_conversion: bool = False
    best_shot: BestShotConfig = BestShotConfig()
    events: EventsConfig = EventsConfig()
    anonymous_mode: bool = True
    http: HttpConfig = HttpConfig()

    @property
    def enabled_streams(self) -> list[StreamConfig]:
        """Those that run."""
        return [stream for stream in self.streams if stream.enabled]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = contradictions(self.model_dump(include=set(_NAMES)))
        kinds = ((place, PydanticCustomError(CONTRADICTION, "{fault}", {"fault": fault})) for place, fault in found)
        wrong = [InitErrorDetails(type=kind, loc=place, input=None) for place, kind in kinds]
        if wrong:
            raise ValidationError.from_exception_data(type(self).__name__, wrong)
        return self
