"""What streams are made of: networks and maps that all share, opened before anything runs, and each one's own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from omni.agent.best_shot import BestShotEncoder
from omni.agent.map_view import MapView
from omni.config import AgentConfig, RegionConfig, StreamConfig
from omni.detect import Descriptor, Detector, open_descriptor, open_detector
from omni.errors import CalibrationError, ConfigError
from omni.faces.engine import FaceEngine, open_face_engine
from omni.history import History, Shots
from omni.process import ShotSettings
from omni.regions import RegionMonitor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """The shared parts of one configuration.

    Attributes:
        config: whose.
        detector: finds people; None: nobody is looked for.
        descriptor: knows people by their looks; None: nobody is.
        faces: None: no faces are looked for.
        views: the maps, by name.
        map_problems: why there are none though they are configured.
    """

    config: AgentConfig
    detector: Detector | None
    descriptor: Descriptor | None
    faces: FaceEngine | None
    views: dict[str, MapView]
    map_problems: tuple[str, ...]


def open_parts(config: AgentConfig, running: Parts | None = None) -> Parts:
    """Open what a configuration needs; of ``running`` all is taken over that the two have in common.

    Raises:
        ModelError, StateError: what cannot be used, and the remedy.
    """
    before = None if running is None else running.config
    streams = enabled_streams(config)
    if running is not None and before is not None and _detection(before) == _detection(config):
        detector, descriptor = running.detector, running.descriptor
    else:
        detector = _open_detector(config) if streams else None
        descriptor = _open_descriptor(config) if detector else None
    if running is not None and before is not None and face_settings(before) == face_settings(config):
        faces = running.faces
    else:
        faces = _open_faces(config)
    views, map_problems = _map_views(config, streams, running)
    return Parts(config, detector, descriptor, faces, views, map_problems)


def enabled_streams(config: AgentConfig) -> list[StreamConfig]:
    """Those that run."""
    return [stream for stream in config.streams if stream.enabled]


def region_monitor(config: AgentConfig, stream: StreamConfig) -> RegionMonitor:
    """The regions and lines of one stream.

    Raises:
        ConfigError: a polygon or a direction that cannot be used.
    """
    return RegionMonitor(regions_of(config, stream), config.mutlistream_ROI.inertia_frames)


def regions_of(config: AgentConfig, stream: StreamConfig) -> list[RegionConfig]:
    """Those that lie in the stream."""
    return [region for region in config.mutlistream_ROI.regions if region.watches(stream.stream_uuid)]


def shot_settings(config: AgentConfig) -> ShotSettings | None:
    """What best shots are kept; None: none."""
    if not config.enable_webhook_image2jpg_conversion:
        return None
    return ShotSettings(anonymous=config.anonymous_mode, whole_frame=config.best_shot.whole_frame)


def shot_encoder(config: AgentConfig) -> BestShotEncoder | None:
    """How they leave; None: not at all."""
    if not config.enable_webhook_image2jpg_conversion:
        return None
    return BestShotEncoder(config.best_shot.max_side, config.best_shot.quality)


def open_history(config: AgentConfig, encode: BestShotEncoder | None) -> History | None:
    """None where none is wanted, or there is no folder to keep it in.

    Raises:
        StateError: the folder cannot be used.
    """
    settings = config.history
    if not settings.enabled or config.state_folder is None:
        return None
    return History(
        Path(config.state_folder),
        retention_days=settings.retention_days,
        max_bytes=settings.max_bytes,
        shots=history_shots(config, encode),
    )


def history_shots(config: AgentConfig, encode: BestShotEncoder | None) -> Shots | None:
    """How the history keeps best shots; None: not at all."""
    return Shots(encode, config.anonymous_mode) if encode else None


def shows_faces(config: AgentConfig) -> bool:
    """Whether pictures of faces go along."""
    return config.enable_webhook_image2jpg_conversion and not config.anonymous_mode


def face_settings(config: AgentConfig) -> object:
    """What the networks and the gallery of faces are opened by."""
    return (config.pipelines.face, config.detector.providers, config.detector.threads, config.detector.allow_fallback,
            config.state_folder, config.desired_score, config.faR, config.frR)  # fmt: skip


def _detection(config: AgentConfig) -> object:
    return (config.detector, config.detector_confidence, config.pipelines.body_detector, config.enable_body_tracking,
            config.appearance, bool(enabled_streams(config)))  # fmt: skip


def _open_detector(config: AgentConfig) -> Detector | None:
    settings = config.detector
    if not (config.pipelines.body_detector.enabled and config.enable_body_tracking):
        return None
    return open_detector(
        settings.model,
        head=settings.head,
        confidence=config.detector_confidence,
        providers=settings.providers,
        threads=settings.threads,
        allow_fallback=settings.allow_fallback,
    )


def _open_descriptor(config: AgentConfig) -> Descriptor | None:
    name, settings = config.appearance.descriptor, config.detector
    if name is None:
        return None
    return open_descriptor(
        name, providers=settings.providers, threads=settings.threads, allow_fallback=settings.allow_fallback
    )


def _open_faces(config: AgentConfig) -> FaceEngine | None:
    settings = config.detector
    if not config.pipelines.face.enabled:
        return None
    return open_face_engine(
        config, providers=settings.providers, threads=settings.threads, allow_fallback=settings.allow_fallback
    )


def _map_views(
    config: AgentConfig, streams: list[StreamConfig], running: Parts | None
) -> tuple[dict[str, MapView], tuple[str, ...]]:
    """The views that can be used, and why others cannot: a wrong map must not keep the cameras from being watched."""
    if not config.map_tracking.enabled:
        return {}, ()
    files = frozenset(stream.uuid for stream in streams if not stream.live)
    cameras = frozenset(stream.uuid for stream in streams if stream.live)
    views, problems = {}, []
    for view in config.map_tracking.views:
        before = None if running is None else running.views.get(view.name)
        if before is not None and before.is_for(view, files, cameras):
            views[view.name] = before
            continue
        try:
            if view.image is not None and not Path(view.image).is_file():
                raise ConfigError(f"view {view.name!r}: plan {view.image}: no such file")
            views[view.name] = MapView(view, files, cameras, before)
        except (CalibrationError, ConfigError) as error:
            logger.error("map tracking is off: %s", error)
            problems.append(f"map tracking: {error}")
    if not config.map_tracking.views:
        problems.append("map tracking: enabled, but map_tracking.views is empty")
    return ({} if problems else views), tuple(problems)
