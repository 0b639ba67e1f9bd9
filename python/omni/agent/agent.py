"""The agent: all streams of a site, from pictures to processes. Knows no HTTP server."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from omni.agent.activities import Activities
from omni.agent.bus import Bus, records
from omni.agent.figures import problems, stats
from omni.agent.lifecycle import Lifecycle
from omni.agent.line_counters import LineCounters
from omni.agent.map_view import MapView
from omni.agent.parts import (
    Parts,
    history_shots,
    open_history,
    open_parts,
    region_monitor,
    shot_encoder,
    shot_settings,
    shows_faces,
)
from omni.agent.pipeline import StreamPipeline
from omni.agent.reconfigure import Prepared, prepare
from omni.agent.scheduler import Scheduler
from omni.agent.stream_changes import StreamChanges
from omni.agent.upkeep import Upkeep
from omni.config import AgentConfig, StreamConfig, load_config, without_restart
from omni.delivery import Delivery
from omni.detect import DetectionMemory
from omni.detect.network import cores
from omni.faces.engine import FaceEngine
from omni.process import ExternalProcesses, Position, ProcessBuilder, events_of_end
from omni.sources import open_source
from omni.track import Tracker, TrackerConfig
from omni.types import FrameResult, MapTick, ProcessMessage, Run, StreamChange, StreamStatus

logger = logging.getLogger(__name__)

Known = TypeVar("Known")

STOP_S = 2.0
"""How long stopping waits for the streams' threads, all together."""


class Agent:
    """Runs the streams of one configuration.

    The constructor checks everything (configuration, model, files, calibration) and starts nothing.

    Args:
        config: a mapping, the path of ``run_params.json`` or of its folder, or an ``AgentConfig``.
        run: where identifiers and times come from. Give the same one to repeat a run exactly; the default is random.
        memory: detections of an earlier run that was stopped; what is in it is not detected again.
        counts: whether crossings of lines are counted in the state folder. Switch it off for a recording of a stream
            whose crossings were counted live.

    Raises:
        ConfigError, ModelError, SourceError, StateError: the message says what cannot be used, and the remedy.
    """

    def __init__(
        self,
        config: AgentConfig | Mapping[str, Any] | str | Path,
        *,
        run: Run | None = None,
        memory: DetectionMemory | None = None,
        counts: bool = True,
    ) -> None:
        self.config = load_config(config)
        streams = self.config.enabled_streams
        self._bus = Bus[ProcessMessage]()
        self._parts = open_parts(self.config)
        if memory is not None:
            self._parts = self._parts.remembering(memory)
        self._scheduler = Scheduler(workers=max(1, cores() // self.config.detector.threads))
        self._run = run or Run(uuid4(), time.time())  # after the model is loaded: files are dated from here
        encode = shot_encoder(self.config)
        self.history = open_history(self.config, encode)
        self.delivery = Delivery(
            self.config.webhook_tracking_subscribers,
            self._run,
            encode=encode,
            anonymous=self.config.anonymous_mode,
            settings=self.config.delivery,
            mqtt=self.config.mqtt_settings,
            events_of_end=partial(events_of_end, self._run),
        )
        self._activities = Activities()
        self._stream_changes = StreamChanges(self.delivery, self.history)
        self._lines = LineCounters(self.config, counting=counts)
        stripes = len(streams) + 1
        first = self.delivery.numbers_used() + 1
        self._later = count(first, stripes)  # numbers of what comes from outside, and of streams that come later
        self.external = ExternalProcesses(
            self._run, self._later, [stream.uuid for stream in streams], self._position, self._publish
        )
        self._numbers = {stream.uuid: count(first + i, stripes) for i, stream in enumerate(streams, 1)}
        self._pipelines = {
            stream.uuid: self._pipeline(self.config, self._parts, stream, self._run) for stream in streams
        }
        self._lives: Counter[str] = Counter()
        self._upkeep = Upkeep(lambda: self.config, lambda: self.faces)
        self._lifecycle = Lifecycle(
            self._begin_all, self._end_all, lambda: self._bus.telling or self._stream_changes.telling
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the streams and the sending of webhooks. Can be called once.

        An agent that is never stopped ends with the program.

        Raises:
            ConfigError: another agent uses the outbox folder. Nothing is left running then.
        """
        self._lifecycle.start()

    def _begin_all(self) -> None:
        if self.history is not None:
            self.history.start()
            self._bus.subscribe(self.history.record)
        self.delivery.start()
        self._scheduler.start()
        self._upkeep.start()
        for pipeline in self._pipelines.values():
            pipeline.start()

    def stop(self) -> None:
        """End every process, send what is still waiting (for at most 10 s) and end all threads. Can be called twice.

        In two places it returns at once, and the agent ends afterwards: in one of the agent's callbacks, because the
        stream cannot end before its callback returns; and in a signal handler that interrupts the thread which is
        starting or changing the agent. In a forked process there is nothing to end.
        """
        self._lifecycle.stop()

    def _end_all(self) -> None:
        deadline = time.monotonic() + STOP_S
        self._upkeep.stop()
        _end(self._pipelines, "agent_stopped")
        self._scheduler.stop(max(deadline - time.monotonic(), 0.1))
        self.external.stop("agent_stopped")
        if self.history is not None:
            self.history.stop()
        self.delivery.stop()

    def reconfigure(self, config: AgentConfig | Mapping[str, Any] | str | Path) -> None:
        """Change the configuration while the agent runs. Only streams that must begin anew end (``config_changed``).

        The settings that ``omni.config.NEEDS_RESTART`` names keep their old values. If any part of the new
        configuration cannot be used, nothing is changed.

        Raises:
            ConfigError: lists everything that is wrong.
            RuntimeError: the agent is not running (``StoppedError``: it has been stopped), or the call comes from one
                of its callbacks, whose stream could not end.
        """
        self.apply(self.prepare(config))

    def prepare(self, config: AgentConfig | Mapping[str, Any] | str | Path) -> Prepared:
        """The first half of ``reconfigure``: check and open everything, change nothing. Raises the same errors."""
        self._lifecycle.check_not_stopped()
        return prepare(without_restart(self.config, load_config(config)), self._parts, self._next_life)

    def apply(self, prepared: Prepared) -> None:
        """The second half of ``reconfigure``: put what was prepared into use.

        Raises:
            RuntimeError: as ``reconfigure``; or another configuration was applied since this one was prepared.
        """
        with self._lifecycle.change():
            if prepared.running is not self._parts:
                raise RuntimeError("prepare the configuration again, with an agent that runs")
            config = prepared.parts.config
            ending = {uuid: one for uuid, one in self._pipelines.items() if uuid not in prepared.changes}
            _end(ending, "config_changed")
            streams = [stream.uuid for stream in config.enabled_streams]
            self._lines.change(config, prepared.counts)
            with self.external.change_streams(streams, ending):
                self._pipelines = {uuid: prepared.fresh.get(uuid) or self._pipelines[uuid] for uuid in streams}
            hides_more = config.anonymous_mode and not self.config.anonymous_mode
            self.config, self._parts = config, prepared.parts
            if hides_more:  # else pictures of before would be taken for those of now
                self._change_pipelines(prepared)
            encode = shot_encoder(config)
            if self.history is not None:
                self.history.reconfigure(
                    config.history.retention_days, config.history.max_bytes, history_shots(config, encode)
                )
            self.delivery.reconfigure(
                config.webhook_tracking_subscribers,
                encode=encode,
                anonymous=config.anonymous_mode,
                settings=config.delivery,
                mqtt=config.mqtt_settings,
            )
            for pipeline in prepared.fresh.values():
                pipeline.start()
            if not hides_more:
                self._change_pipelines(prepared)

    def _change_pipelines(self, prepared: Prepared) -> None:
        """Hand the changes to the streams that stay, and wait at most ``STOP_S`` until they use them."""
        taken = [self._pipelines[uuid].change(change) for uuid, change in prepared.changes.items()]
        deadline = time.monotonic() + STOP_S
        for event in taken:
            event.wait(max(deadline - time.monotonic(), 0.0))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stream has ended, including streams that a change of configuration starts meanwhile.

        Files end, cameras do not.

        Args:
            timeout_s: seconds to wait at most; None: without a limit.

        Returns:
            Whether every stream has ended.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._none_runs(0.2):
            if deadline is not None and time.monotonic() >= deadline:
                return False
        return True

    def subscribe(self, callback: Callable[[ProcessMessage], None]) -> Callable[[], None]:
        """Call ``callback`` with each message about processes that begin, go on or end.

        It runs in the thread in which this happens and must return quickly. The messages of one stream come in order.

        Returns:
            A function that ends the subscription.
        """
        return self._bus.subscribe(callback)

    def subscribe_streams(self, callback: Callable[[StreamChange], None]) -> Callable[[], None]:
        """Call ``callback`` whenever the state of a stream changes. Otherwise as ``subscribe``."""
        return self._stream_changes.subscribe(callback)

    def processes(self) -> AsyncIterator[dict[str, Any]]:
        """Iterate over the records of processes that begin, go on or end. It ends when the last stream has ended."""
        return records(self.subscribe, self._ended)

    def streams(self) -> list[StreamStatus]:
        """The state of each stream."""
        return [pipeline.status() for pipeline in self._pipelines.values()]

    def latest(self, stream_uuid: str) -> FrameResult | None:
        """The newest analysed frame of a stream; None before the first.

        Raises:
            KeyError: the configuration has no such stream.
        """
        return _known("stream_uuid", self._pipelines, stream_uuid).latest

    def map_ticks(self) -> list[MapTick]:
        """The latest state of every view of the map."""
        return [view.tick for view in self._parts.views.values()]

    def map_state(self, view: str = "top_view") -> dict[str, Any]:
        """The latest state of one view of the map, as ``GET /map_tracking`` shows it.

        Raises:
            KeyError: the map has no such view.
        """
        return self._view(view).tick.document

    def map_footprints(self, view: str) -> dict[str, list[list[float]]]:
        """The area that each camera of a view covers: by ``stream_uuid``, its corners (x, y) in map units.

        Raises:
            KeyError: the map has no such view.
        """
        return self._view(view).footprints

    def map_flow(self, view: str, window_s: float) -> dict[str, Any]:
        """Where people were on a view in the last ``window_s`` seconds (at most 3600), as ``GET .../flow`` shows it.

        Raises:
            KeyError: the map has no such view.
        """
        return self._view(view).flow(window_s)

    def lines(self) -> list[dict[str, Any]]:
        """How often each line was crossed.

        Returns:
            For each line ``uuid``, ``name``, the counts ``forward`` and ``reverse``, and ``since`` (Unix epoch seconds
            of the first crossing or the last reset; None: neither yet).
        """
        return self._lines.read()

    def reset_line(self, line_uuid: str) -> None:
        """Set the counters of a line to zero.

        Raises:
            UnknownLineError: the configuration has no such line.
            StateError: the file of the counters cannot be written.
        """
        self._lines.reset(line_uuid, time.time())

    @property
    def faces(self) -> FaceEngine | None:
        """The networks and the gallery of faces; None while face recognition is off."""
        return self._parts.networks.faces

    def problems(self) -> list[str]:
        """What the agent was configured to do but cannot do now, one line each; empty when all is well."""
        lines = [f"lines: {self._lines.problem}"] if self._lines.problem else []
        return [*problems(self.streams(), self._parts, self.delivery, self.history), *lines]

    def stats(self) -> dict[str, Any]:
        """Counts and times since the start, as plain Python values."""
        return stats(list(self._pipelines.values()), self._parts, self.delivery, self.history)

    def _view(self, name: str) -> MapView:
        return _known("view", self._parts.views, name)

    def _next_life(self, parts: Parts, stream: StreamConfig) -> StreamPipeline:
        """A stream that begins while the agent runs. One that ran before begins under other ids."""
        self._lives[stream.uuid] += 1
        run_id = self._run.uuid("life", stream.uuid, self._lives[stream.uuid])
        return self._pipeline(parts.config, parts, stream, Run(UUID(run_id), time.time()))

    def _pipeline(self, config: AgentConfig, parts: Parts, stream: StreamConfig, run: Run) -> StreamPipeline:
        stop = threading.Event()
        condition = self._stream_changes.log(stream, run)
        regions = region_monitor(config, stream)
        builder = ProcessBuilder(
            stream.uuid,
            run,
            self._numbers.get(stream.uuid, self._later),
            ongoings_interval_s=config.ongoings_interval_in_msec / 1000,
            best_shots=shot_settings(config),
            also_open=lambda: self.external.ongoing(stream.uuid),
            stays=regions.stays,
        )
        return StreamPipeline(
            stream,
            open_source(stream, run.started_at, stop, condition),
            condition,
            parts.networks.detector_for(stream),
            parts.networks.descriptor,
            parts.networks.faces.watch(pictures=shows_faces(config)) if parts.networks.faces else None,
            self._scheduler,
            Tracker(TrackerConfig(reident_confidence=config.cos_reident_confidence)),
            regions,
            builder,
            list(parts.views.values()),
            self._tell,
            self._lines.add,
            self._stream_ended,
            stop,
            end_lost=config.mutlistream_ROI.force_track_termination_on_lost_event,
        )

    def _tell(self, message: ProcessMessage) -> None:
        """What a stream tells."""
        if message.reason == "ongoing":
            self.external.publish_ongoing(message)
        else:
            self._publish(message)

    def _publish(self, message: ProcessMessage) -> None:
        told = self._activities.told(message, enabled=self.config.events.enable_activities)
        if told.processes or told.events:
            self.delivery.publish(told)
        self._bus.publish(message)

    def _stream_ended(self, stream_uuid: str, reason: str) -> None:
        # A stream that changed and was left behind ends late: what is open by then is of the one in its place.
        if stream_uuid in self._pipelines and reason != "config_changed":
            self.external.end_stream(stream_uuid, reason)

    def _position(self, stream_uuid: str) -> Position:
        pipeline = self._pipelines.get(stream_uuid)
        return (pipeline and pipeline.position) or Position(self._run.started_at, 0, self._run.started_at)

    def _ended(self) -> bool:
        return self._lifecycle.begun and all(pipeline.join(0) for pipeline in self._pipelines.values())

    def _none_runs(self, timeout_s: float) -> bool:
        """Whether every stream has ended, within this time."""
        if not all(pipeline.join(timeout_s) for pipeline in self._pipelines.values()):
            return False
        with self._lifecycle.unchanged(timeout_s) as unchanged:  # some end for others to begin
            return unchanged and all(pipeline.join(0) for pipeline in self._pipelines.values())


def _known(what: str, known: Mapping[str, Known], name: str) -> Known:
    try:
        return known[name]
    except KeyError:
        there = ", ".join(known) or "none"
        raise KeyError(f"{what}: expected one of the configuration ({there}), got {name!r}") from None


def _end(pipelines: Mapping[str, StreamPipeline], reason: str) -> None:
    """End streams, those that began, waiting for at most ``STOP_S``, all together."""
    deadline = time.monotonic() + STOP_S
    begun = {stream: pipeline for stream, pipeline in pipelines.items() if pipeline.started}
    for pipeline in begun.values():
        pipeline.end(reason)
    for stream, pipeline in begun.items():
        if not pipeline.join(max(deadline - time.monotonic(), 0.0)):
            logger.warning("stream %s does not end; left behind", stream)
