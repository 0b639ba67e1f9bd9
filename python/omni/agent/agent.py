"""The agent: all streams of a site, from pictures to processes. Knows no HTTP server."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from omni.agent.best_shot import BestShotEncoder
from omni.agent.bus import Bus
from omni.agent.map_view import MapView
from omni.agent.pipeline import StreamPipeline
from omni.agent.software import software_versions
from omni.config import AgentConfig, StreamConfig, load_config
from omni.delivery import Delivery
from omni.detect import Descriptor, Detector, open_descriptor, open_detector
from omni.errors import CalibrationError, ConfigError, StateError, UnknownLineError
from omni.faces.engine import FaceEngine, open_face_engine
from omni.process import ExternalProcesses, ProcessBuilder, ShotSettings
from omni.regions import LineCount, LineCounts, RegionMonitor
from omni.sources import open_source
from omni.track import Tracker, TrackerConfig
from omni.types import FrameResult, MapTick, ProcessMessage, RegionEvent, Run, StreamStatus

logger = logging.getLogger(__name__)

STOP_S = 2.0
"""How long stopping waits for the streams' threads, all together."""


class Agent:
    """Runs the streams of one configuration.

    Making it checks everything (configuration, model, files, calibration) and starts nothing.

    Args:
        config: a mapping, the path of ``run_params.json`` or of its folder, or an ``AgentConfig``.
        run: identifiers and time; given to repeat a run exactly, else new and random.

    Raises:
        ConfigError, ModelError, SourceError, StateError: what cannot be used, and the remedy.
    """

    def __init__(self, config: AgentConfig | Mapping[str, Any] | str | Path, *, run: Run | None = None) -> None:
        self.config = load_config(config)
        streams = [stream for stream in self.config.streams if stream.enabled]
        self._stop = threading.Event()
        self._bus = Bus()
        self._detector = self._open_detector() if streams else None
        self._descriptor = self._open_descriptor() if self._detector else None
        self.faces = self._open_faces()
        self._views, self._map_problems = _map_views(self.config, streams)
        self._run = run or Run(uuid4(), time.time())  # after the model is loaded: files are dated from here
        self.delivery = Delivery(
            self.config.webhook_tracking_subscribers,
            self._run,
            encode=self._shot_encoder() if self.config.enable_webhook_image2jpg_conversion else None,
            settings=self.config.delivery,
            mqtt=self.config.mqtt_settings,
        )
        self._lines = {str(region.uuid): region.name for region in self.config.mutlistream_ROI.lines}
        self._counts = LineCounts(self.config.state_folder) if self._lines else None
        stripes = len(streams) + 1
        first = self.delivery.numbers_used() + 1
        self.external = ExternalProcesses(
            self._run, count(first, stripes), [stream.uuid for stream in streams], self._position, self._publish
        )
        self._pipelines = {
            stream.uuid: self._pipeline(stream, count(first + i, stripes)) for i, stream in enumerate(streams, 1)
        }
        self._started = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the streams and the sending of webhooks. Once only."""
        if self._started:
            raise RuntimeError("an Agent is started once; make a new one")
        self._started = True
        self.delivery.start()
        for pipeline in self._pipelines.values():
            pipeline.start()

    def stop(self) -> None:
        """End every process, send what is still to be sent (for at most 10 s), end all threads. Can be called twice."""
        self._stop.set()
        if not self._started:
            return
        deadline = time.monotonic() + STOP_S
        for stream, pipeline in self._pipelines.items():
            if not pipeline.join(max(deadline - time.monotonic(), 0.0)):
                logger.warning("stream %s does not end; left behind", stream)
        self.external.terminate_all(stream_uuid="", end_reason="agent_stopped")
        self.delivery.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stream has ended (files do, cameras do not). True when they have."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        for pipeline in self._pipelines.values():
            while not pipeline.join(0.2):
                if deadline is not None and time.monotonic() >= deadline:
                    return False
        return True

    def subscribe(self, callback: Callable[[ProcessMessage], None]) -> Callable[[], None]:
        """Be told of processes as they begin, go on and end.

        The callback runs in the stream's thread and must be quick. Messages of one stream come in order. Returns
        the function that ends the subscription.
        """
        return self._bus.subscribe(callback)

    async def processes(self) -> AsyncIterator[dict[str, Any]]:
        """Processes as they begin, go on and end, one record at a time; ends with the last stream."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[ProcessMessage] = asyncio.Queue()

        def hand_over(message: ProcessMessage) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, message)

        unsubscribe = self.subscribe(hand_over)
        try:
            while True:
                ended = self._ended()  # asked first: what was handed over before the end comes within the wait
                try:
                    message = await asyncio.wait_for(queue.get(), 0.2)
                except TimeoutError:
                    if ended:
                        return
                    continue
                for process in message.processes:
                    yield process
        finally:
            unsubscribe()

    def streams(self) -> list[StreamStatus]:
        """How each stream is doing."""
        return [pipeline.status() for pipeline in self._pipelines.values()]

    def latest(self, stream_uuid: str) -> FrameResult | None:
        """The newest analysed frame of a stream, None before the first.

        Raises:
            KeyError: no such stream.
        """
        return self._pipelines[stream_uuid].latest

    def map_ticks(self) -> list[MapTick]:
        """The latest state of every view of the map."""
        return [view.tick for view in self._views.values()]

    def map_state(self, view: str = "top_view") -> dict[str, Any]:
        """One view of the map, as ``GET /map_tracking`` shows it.

        Raises:
            KeyError: no such view.
        """
        return self._views[view].tick.document

    def lines(self) -> list[dict[str, Any]]:
        """How often each line was crossed: ``uuid``, ``name``, ``forward``, ``reverse``, ``since`` (epoch seconds)."""
        counts = [(uuid, name, self._count(uuid)) for uuid, name in self._lines.items()]
        return [{"uuid": uuid, "name": name, **asdict(count)} for uuid, name, count in counts]

    def reset_line(self, line_uuid: str) -> None:
        """Let the counters of a line begin at nought.

        Raises:
            UnknownLineError: no such line.
            StateError: the file of the counters cannot be written.
        """
        if line_uuid not in self._lines or self._counts is None:
            raise UnknownLineError(f"no line has the uuid {line_uuid}; GET /api/v1/lines lists them")
        self._counts.reset(line_uuid, time.time())

    def problems(self) -> list[str]:
        """Why the agent does less than it was told to; empty when all is well."""
        found = self._map_problems + self.delivery.problems()
        found += self.faces.recognition.gallery.problems if self.faces else ()
        found += [
            f"stream {status.name}: {status.state}{': ' if status.reason else ''}{status.reason}"
            for status in self.streams()
            if status.state not in ("online", "ended")
        ]
        return found

    def stats(self) -> dict[str, Any]:
        """Counts and times so far, plain values."""
        statuses = self.streams()
        stages: dict[str, float] = {}
        for pipeline in self._pipelines.values():
            for stage, seconds in pipeline.stage_s.items():
                stages[stage] = stages.get(stage, 0.0) + seconds
        stage_s = {**stages, "map": sum(view.fuse_s for view in self._views.values())}
        total = sum(stage_s.values())
        return {
            "frames": sum(status.frames for status in statuses),
            "dropped": sum(status.dropped for status in statuses),
            "fps": round(sum(status.fps for status in statuses if status.state == "online"), 2),
            "tracks": sum(pipeline.people_seen for pipeline in self._pipelines.values()),
            "map_objects": {name: view.objects_seen for name, view in self._views.items()},
            "map": {name: view.stats() for name, view in self._views.items()},
            "stage_share": {stage: round(s / total, 4) if total else 0.0 for stage, s in sorted(stage_s.items())},
            "stage_s": {stage: round(s, 3) for stage, s in sorted(stage_s.items())},
            "detector": self._detector.info() if self._detector else None,
            "faces": self._face_stats(),
            "webhooks": self.delivery.stats(),
        }

    def about_software(self) -> dict[str, str]:
        """Names and versions of what the agent is built on, for ``GET /about``."""
        return software_versions(self.faces.name if self.faces else "none")

    def _face_stats(self) -> dict[str, int] | None:
        if self.faces is None:
            return None
        counts: Counter[str] = Counter(profiles=len(self.faces.recognition.gallery.profiles))
        for pipeline in self._pipelines.values():
            counts.update(pipeline.face_counts)
        return dict(counts)

    def _open_detector(self) -> Detector | None:
        settings = self.config.detector
        if not (self.config.pipelines.body_detector.enabled and self.config.enable_body_tracking):
            return None
        return open_detector(
            settings.model,
            head=settings.head,
            confidence=self.config.detector_confidence,
            providers=settings.providers,
            threads=settings.threads,
            allow_fallback=settings.allow_fallback,
        )

    def _open_descriptor(self) -> Descriptor | None:
        name, settings = self.config.appearance.descriptor, self.config.detector
        if name is None:
            return None
        return open_descriptor(
            name, providers=settings.providers, threads=settings.threads, allow_fallback=settings.allow_fallback
        )

    def _open_faces(self) -> FaceEngine | None:
        settings = self.config.detector
        if not self.config.pipelines.face.enabled:
            return None
        return open_face_engine(
            self.config, providers=settings.providers, threads=settings.threads, allow_fallback=settings.allow_fallback
        )

    def _pipeline(self, stream: StreamConfig, numbers: count[int]) -> StreamPipeline:
        builder = ProcessBuilder(
            stream.uuid,
            self._run,
            numbers,
            ongoings_interval_s=self.config.ongoings_interval_in_msec / 1000,
            best_shots=self._shot_settings(),
            also_open=lambda: self.external.ongoing(stream.uuid),
        )
        settings = self.config.mutlistream_ROI
        regions = [region for region in settings.regions if region.watches(stream.stream_uuid)]
        return StreamPipeline(
            stream,
            open_source(stream, self._run.started_at, self._stop),
            self._detector,
            self._descriptor,
            self.faces.watch(pictures=self._shows_faces) if self.faces else None,
            Tracker(TrackerConfig(reident_confidence=self.config.cos_reident_confidence)),
            RegionMonitor(regions, settings.inertia_frames),
            builder,
            list(self._views.values()),
            self._publish,
            self._crossed,
            self._stream_ended,
            self._stop,
            end_lost=settings.force_track_termination_on_lost_event,
        )

    @property
    def _shows_faces(self) -> bool:
        return self.config.enable_webhook_image2jpg_conversion and not self.config.anonymous_mode

    def _shot_encoder(self) -> BestShotEncoder:
        return BestShotEncoder(self.config.best_shot.max_side, self.config.best_shot.quality)

    def _shot_settings(self) -> ShotSettings | None:
        if not self.config.enable_webhook_image2jpg_conversion:
            return None
        return ShotSettings(anonymous=self.config.anonymous_mode, whole_frame=self.config.best_shot.whole_frame)

    def _publish(self, message: ProcessMessage) -> None:
        if self.config.events.enable_activities:
            self.delivery.publish(message)
        elif message.events:
            self.delivery.publish(replace(message, processes=(), best_shots={}))
        self._bus.publish(message)

    def _crossed(self, event: RegionEvent) -> None:
        if self._counts is None or event.kind not in ("forward", "reverse"):
            return
        try:
            self._counts.add(event.region_uuid, event.kind, (event.after or event.last).timestamp)
        except StateError as error:  # the crossing is told all the same
            logger.error("line %s: a crossing is not in the counters: %s", event.region_name, error)

    def _count(self, line_uuid: str) -> LineCount:
        return LineCount() if self._counts is None else self._counts.get(line_uuid)

    def _stream_ended(self, stream_uuid: str, reason: str) -> None:
        self.external.terminate_all(stream_uuid=stream_uuid, end_reason=reason)

    def _position(self, stream_uuid: str) -> tuple[float, int]:
        return self._pipelines[stream_uuid].position or (self._run.started_at, 0)

    def _ended(self) -> bool:
        return self._started and all(pipeline.join(0) for pipeline in self._pipelines.values())


def _map_views(config: AgentConfig, streams: list[StreamConfig]) -> tuple[dict[str, MapView], list[str]]:
    """The views that can be used, and why others cannot: a wrong map must not keep the cameras from being watched."""
    if not config.map_tracking.enabled:
        return {}, []
    files = [stream.uuid for stream in streams if not stream.live]
    cameras = [stream.uuid for stream in streams if stream.live]
    views, problems = {}, []
    for view in config.map_tracking.views:
        try:
            if view.image is not None and not Path(view.image).is_file():
                raise ConfigError(f"view {view.name!r}: plan {view.image}: no such file")
            views[view.name] = MapView(view, files, cameras)
        except (CalibrationError, ConfigError) as error:
            logger.error("map tracking is off: %s", error)
            problems.append(f"map tracking: {error}")
    if not config.map_tracking.views:
        problems.append("map tracking: enabled, but map_tracking.views is empty")
    return ({} if problems else views), problems
