"""From one configuration to another: all that is new is checked and opened before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from omni.agent.networks import face_settings
from omni.agent.parts import (
    Parts,
    open_parts,
    regions_of,
    shot_settings,
    shows_faces,
)
from omni.agent.pipeline import Change, StreamPipeline
from omni.config import AgentConfig, StreamConfig
from omni.errors import ConfigError, ModelError, OmniError
from omni.regions import LineCounts, RegionMonitor


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration that an agent can go on with.

    Attributes:
        running: the parts that it was prepared beside.
        parts: those that it goes on with.
        fresh: streams that begin; not started.
        changes: streams that go on, and with what. All others end.
        counts: counters of lines, where the agent has none yet and needs them.
    """

    running: Parts
    parts: Parts
    fresh: dict[str, StreamPipeline]
    changes: dict[str, Change]
    counts: LineCounts | None


def prepare(
    config: AgentConfig,
    running: Parts,
    make: Callable[[Parts, StreamConfig], StreamPipeline],
) -> Prepared:
    """Check and open all that a configuration needs beside the one that runs. Nothing is started or changed.

    Args:
        config: what to go on with.
        running: what runs.
        make: makes the pipeline of a stream.

    Raises:
        ConfigError: what is wrong, thing by thing.
    """
    found = _Problems()
    for i, region in enumerate(config.mutlistream_ROI.regions):
        with found.at(f"/mutlistream_ROI/regions/{i}"):
            RegionMonitor([region], config.mutlistream_ROI.inertia_frames)
    parts = running
    with found.at(""):
        parts = open_parts(config, running)
    if parts.map_problems != running.map_problems:
        found.problems += [("/map_tracking", problem) for problem in parts.map_problems]
    counts = None
    if config.mutlistream_ROI.lines and not running.config.mutlistream_ROI.lines:
        with found.at("/state_folder"):
            counts = LineCounts(config.state_folder)
    found.tell()
    staying = _staying(running.config, config)
    changes, fresh = {}, {}
    for i, stream in enumerate(config.streams):
        if stream.enabled:
            with found.at(f"/streams/{i}/input_size"):
                parts.networks.detector_for(stream)
    found.tell()
    for i, stream in enumerate(config.streams):
        if stream.uuid in staying:
            changes[stream.uuid] = _change(stream, parts)
        elif stream.enabled:
            with found.at(f"/streams/{i}/url"):
                fresh[stream.uuid] = make(parts, stream)
    found.tell()
    return Prepared(running, parts, fresh, changes, counts)


def _staying(before: AgentConfig, now: AgentConfig) -> Collection[str]:
    """Streams that need not begin anew: a name is nothing to them, how people are told apart is all."""
    if _tracking(before) != _tracking(now):
        return ()
    known = {stream.uuid: stream for stream in before.enabled_streams}
    return {
        stream.uuid
        for stream in now.enabled_streams
        if stream.uuid in known and known[stream.uuid].model_copy(update={"name": stream.name}) == stream
    }


def _tracking(config: AgentConfig) -> object:
    return (
        config.appearance.descriptor,  # looks that were described in another way cannot be compared
        config.cos_reident_confidence,
        config.mutlistream_ROI.force_track_termination_on_lost_event,
        face_settings(config) if config.pipelines.face.enabled else None,
    )


def _change(stream: StreamConfig, parts: Parts) -> Change:
    config = parts.config
    return Change(
        stream,
        parts.networks.detector_for(stream),
        parts.networks.descriptor,
        list(parts.views.values()),
        regions_of(config, stream),
        config.mutlistream_ROI.inertia_frames,
        config.ongoings_interval_in_msec / 1000,
        shot_settings(config),
        shows_faces(config),
    )


class _Problems:
    """What was found to be wrong so far."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """What cannot be used within is a problem of the setting that this JSON pointer names."""
        try:
            yield
        except ModelError as error:
            self.problems.append((path or "/detector", str(error)))
        except OmniError as error:
            self.problems.append((path, str(error)))

    def tell(self) -> None:
        if self.problems:
            raise ConfigError("; ".join(message for _, message in self.problems), self.problems)
