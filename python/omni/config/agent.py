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
    """Where the service listens, and what it answers without a token.

    Attributes:
        host: the address to listen on.
        port: the port to listen on; 0: any free one.
        map_tracking_path: the path of the endpoint that answers with the map.
        names: host names by which other machines reach the service, such as that of a proxy; without the port.
        open_endpoints: whether the endpoints of the original need no token; not set: they need none only while no other
            machine can reach the service.
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
    """The network that finds people.

    Attributes:
        model: a name from ``omni models list`` or the path of an ONNX file.
        head: the format of its outputs; not set: recognised from the file.
        threads: CPU threads that one inference uses; for all networks.
        providers: what the network runs on, best first.
        allow_fallback: if the first provider of any network cannot be used, use the CPU instead of refusing to start.
    """

    model: str = "nanodet-g-416"
    head: str | None = None
    threads: int = Field(default=1, ge=1, le=64)
    providers: Providers = ("CPU",)
    allow_fallback: bool = False


class AppearanceConfig(Section):
    """How people are recognised by their appearance.

    Attributes:
        descriptor: ``colour`` (a histogram), or the path of an ONNX file; not set: appearance is not used.
        providers: what the network runs on, best first; not set: as the detector.
    """

    descriptor: str | None = None
    providers: Providers | None = None


class EventsConfig(Section):
    """Which kinds of messages are sent.

    Attributes:
        enable_activities: whether processes are sent.
    """

    enable_activities: bool = True


class Switch(Section):
    """Whether a pipeline runs.

    Attributes:
        enabled: whether it runs.
    """

    enabled: bool = True


class AttributesConfig(Section):
    """What is estimated from faces besides identity. All of it is off unless you switch it on.

    Attributes:
        age_gender: age and gender, by the model ``faceres``.
        emotion: emotions, each sent as a process, by the model ``mini-xception``.
        attention: whether the face is turned to the camera, by its landmarks.
    """

    age_gender: bool = False
    emotion: bool = False
    attention: bool = False


class FaceConfig(Section):
    """Face recognition: faces are found and matched with the gallery. It is off unless you switch it on.

    Attributes:
        enabled: whether faces are looked for.
        embedder: ``dlib-128``, or the path of a JSON description of your own network.
        providers: what the networks run on, best first; not set: as the detector.
        retention_days: days after which what was computed from a photo is deleted; a profile that has none left is
            deleted, too. Not set: never.
        max_fps: pictures of a stream that are searched for faces, a second, at most; not set: every picture.
        attributes: what else is estimated from faces.
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
        body_detector: finding people by their bodies.
        face: recognising faces.
    """

    body_detector: Switch = Switch()
    face: FaceConfig = FaceConfig()


class BestShotConfig(Section):
    """How best shots (the best picture of each person) are encoded.

    Attributes:
        max_side: greatest length of a picture's longer side, pixels; larger pictures are scaled down.
        quality: JPEG quality, 1 to 100.
        whole_frame: whether a human process also carries the whole picture that the best shot was cut from.
    """

    max_side: int = Field(default=512, ge=16, le=8192)
    quality: int = Field(default=85, ge=1, le=100)
    whole_frame: bool = False


class HistoryConfig(Section):
    """The history: past processes and their best shots, kept in the state folder for the page and the API.

    Attributes:
        enabled: whether a history is kept.
        retention_days: days after its end for which a process is kept.
        max_bytes: greatest size on disk, bytes; beyond it best shots are deleted first, then the oldest processes.
    """

    enabled: bool = True
    retention_days: float = Field(default=30.0, gt=0.0, le=36_500.0)
    max_bytes: int = Field(default=1 << 30, ge=1 << 20)


_NAMES = ("streams", "mutlistream_ROI", "webhook_tracking_subscribers", "mqtt_settings", "desired_score", "faR", "frR")
"""What ``contradictions`` looks at."""


class AgentConfig(Section):
    """The configuration of an agent: ``run_params.json``.

    Attributes:
        compat: accept unknown keys with a warning, for files that were written for the original.
        streams: cameras, files and folders of pictures.
        detector: the network that finds people.
        detector_confidence: least confidence at which a detection counts as a person; not set: the model's default.
        appearance: how people are recognised by their appearance.
        cos_reident_confidence: somebody new is taken for somebody who left if the cosine of their appearance vectors is
            at least this.
        pipelines: what is looked for in the pictures.
        enable_body_tracking: whether people are found and followed by their bodies.
        desired_score: least score of a face match; if set, faR and frR are ignored.
        faR: false accept rate: the share of comparisons of two different people that may count as a match. Give this or
            frR, not both; 0.001 if neither they nor desired_score are set.
        frR: false reject rate: the share of comparisons of a person with their own photo that may count as no match.
        map_tracking: the floor map.
        mutlistream_ROI: regions and lines.
        state_folder: the folder of line counters, face gallery, tokens and history; not set: beside this file.
        history: the record of past processes.
        webhook_tracking_subscribers: the receivers of webhooks.
        delivery: how long messages are kept and when they are tried again.
        mqtt_settings: an MQTT broker that gets the same messages.
        ongoings_interval_in_msec: pause between two messages about a process that goes on, milliseconds.
        enable_webhook_image2jpg_conversion: send best shots with processes, as JPEG. If off, no message has a picture.
        best_shot: how best shots are encoded.
        events: which kinds of messages are sent.
        anonymous_mode: no face leaves the agent, neither as a picture nor as numbers; heads are made unrecognisable in
            all pictures.
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
