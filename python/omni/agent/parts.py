"""What streams are made of: networks and maps that all share, opened before anything runs, and each one's own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from omni.agent.best_shot import BestShotEncoder
from omni.agent.map_view import MapView, faults_of
from omni.agent.networks import Networks, open_networks
from omni.config import AgentConfig, RegionConfig, StreamConfig, ViewConfig
from omni.detect import DetectionMemory
from omni.errors import ConfigError
from omni.history import History, Shots
from omni.process import ShotSettings
from omni.regions import RegionMonitor

logger = logging.getLogger(__name__)

MAP_PROBLEM = "map tracking: "
"""How what turns the map off begins."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The shared parts of one configuration.

    Attributes:
        config: whose.
        networks: what people are found and known by.
        views: the maps, by name.
        map_problems: why there are none though they are configured.
    """

    config: AgentConfig
    networks: Networks
    views: dict[str, MapView]
    map_problems: tuple[str, ...]

    def remembering(self, memory: DetectionMemory) -> Parts:
        """The same, with a detector that looks at no picture twice."""
        detector = self.networks.detector and self.networks.detector.remembering(memory)
        return replace(self, networks=replace(self.networks, detector=detector))


def open_parts(config: AgentConfig, running: Parts | None = None) -> Parts:
    """Open what a configuration needs; of ``running`` all is taken over that the two have in common.

    Raises:
        ModelError, StateError: what cannot be used, and the remedy.
    """
    networks = open_networks(config, None if running is None else (running.config, running.networks))
    views, map_problems = _map_views(config, running)
    for problem in map_problems:
        logger.error("the map is off: %s", problem.removeprefix(MAP_PROBLEM))
    return Parts(config, networks, views, map_problems)


def check_maps(config: AgentConfig) -> None:
    """Refuse what would turn the map off, but for plans' pictures, which may lie on another machine.

    Raises:
        ConfigError: names each view and what is wrong.
    """
    views = tuple(view.model_copy(update={"image": None}) for view in config.map_tracking.views)
    map_tracking = config.map_tracking.model_copy(update={"views": views})
    _, problems = _map_views(config.model_copy(update={"map_tracking": map_tracking}), None)
    if problems:
        raise ConfigError("; ".join(problems), [("/map_tracking", problem) for problem in problems])


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
    """None where none is wanted, or there is no folder to keep it in."""
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


def _map_views(config: AgentConfig, running: Parts | None) -> tuple[dict[str, MapView], tuple[str, ...]]:
    """All views, or none and why: a wrong map must not keep the cameras from being watched."""
    if not config.map_tracking.enabled:
        return {}, ()
    if not config.map_tracking.views:
        return {}, (f"{MAP_PROBLEM}enabled, but map_tracking.views is empty",)
    settings = {view.name: view for view in config.map_tracking.views}
    files = frozenset(stream.uuid for stream in config.enabled_streams if stream.every_frame)
    cameras = frozenset(stream.uuid for stream in config.enabled_streams if not stream.every_frame)
    before = {} if running is None else running.views
    kept = {n: view for n, view in before.items() if n in settings and view.is_for(settings[n], files, cameras)}
    faults: list[str] = []
    for name, view in settings.items():
        faults += [] if name in kept else faults_of(view)
        faults += _missing(view, config, running)
    if faults:
        return {}, tuple(f"{MAP_PROBLEM}{fault}" for fault in faults)
    return {n: kept.get(n) or MapView(view, files, cameras, before.get(n)) for n, view in settings.items()}, ()


def _missing(view: ViewConfig, config: AgentConfig, running: Parts | None) -> list[str]:
    """What a view names that is not there: its plan, streams."""
    missing = []
    of_before = () if running is None or not running.views else running.config.map_tracking.views
    shown = {before.name: before.image for before in of_before}  # one that went meanwhile keeps nobody from a change
    if view.image not in (None, shown.get(view.name)) and not Path(view.image).is_file():
        missing.append(f"view {view.name!r}: plan {view.image}: no such file")
    streams = {stream.stream_uuid for stream in config.streams}
    unknown = [camera.stream_uuid for camera in view.cameras if camera.stream_uuid not in streams]
    return missing + [f"view {view.name!r}: {uuid} is not a stream of this agent" for uuid in unknown]
