"""The agent: all streams of a site, from pictures to processes. Knows no HTTP server."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from omni.agent.best_shot import best_shot_base64
from omni.agent.bus import Bus
from omni.agent.map_view import MapView
from omni.agent.pipeline import StreamPipeline
from omni.agent.software import software_versions
from omni.config import AgentConfig, StreamConfig, load_config
from omni.delivery import Delivery
from omni.detect import Detector, open_detector
from omni.errors import CalibrationError, ConfigError
from omni.process import ExternalProcesses, ProcessBuilder
from omni.sources import open_source
from omni.types import FrameResult, MapTick, ProcessMessage, Run, StreamStatus

logger = logging.getLogger(__name__)

STOP_S = 2.0
"""How long stopping waits for a stream's thread."""


class Agent:
    """Runs the streams of one configuration.

    Making it checks everything (configuration, model, files, calibration) and starts nothing.

    Args:
        config: a mapping, the path of ``run_params.json`` or of its folder, or an ``AgentConfig``.
        run: identifiers and time; given to repeat a run exactly, else new and random.

    Raises:
        ConfigError, ModelError, SourceError: what cannot be used, and the remedy.
    """

    def __init__(self, config: AgentConfig | Mapping[str, Any] | str | Path, *, run: Run | None = None) -> None:
        self.config = load_config(config)
        streams = [stream for stream in self.config.streams if stream.enabled]
        self._stop = threading.Event()
        self._bus = Bus()
        self._detector = self._open_detector() if streams else None
        self._views, self._map_problems = _map_views(self.config, streams)
        self._run = run or Run(uuid4(), time.time())  # after the model is loaded: files are dated from here
        self._delivery = Delivery(
            self.config.webhook_tracking_subscribers,
            self._run,
            encode=best_shot_base64 if self.config.enable_webhook_image2jpg_conversion else None,
        )
        stripes = len(streams) + 1
        self.external = ExternalProcesses(
            self._run, count(1, stripes), [stream.uuid for stream in streams], self._position, self._publish
        )
        self._pipelines = {
            stream.uuid: self._pipeline(stream, count(i + 2, stripes)) for i, stream in enumerate(streams)
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
        self._delivery.start()
        for pipeline in self._pipelines.values():
            pipeline.start()

    def stop(self) -> None:
        """End every process, send what is still to be sent (for at most 10 s), end all threads. Can be called twice."""
        self._stop.set()
        if not self._started:
            return
        for stream, pipeline in self._pipelines.items():
            if not pipeline.join(STOP_S):
                logger.warning("stream %s does not end; left behind", stream)
        self.external.terminate_all(stream_uuid="", end_reason="agent_stopped")
        self._delivery.stop()

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
            while not (self._ended() and queue.empty()):
                try:
                    message = await asyncio.wait_for(queue.get(), 0.2)
                except TimeoutError:
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

    def problems(self) -> list[str]:
        """Why the agent does less than it was told to; empty when all is well."""
        found = list(self._map_problems)
        found += [
            f"stream {status.name}: {status.state}{': ' if status.reason else ''}{status.reason}"
            for status in self.streams()
            if status.state in ("starting", "failed", "down")
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
            "webhooks": self._delivery.stats(),
        }

    def about_software(self) -> dict[str, str]:
        """Names and versions of what the agent is built on, for ``GET /about``."""
        return software_versions()

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

    def _pipeline(self, stream: StreamConfig, numbers: count[int]) -> StreamPipeline:
        builder = ProcessBuilder(
            stream.uuid,
            self._run,
            numbers,
            ongoings_interval_s=self.config.ongoings_interval_in_msec / 1000,
            best_shots=self.config.enable_webhook_image2jpg_conversion,
            also_open=lambda: self.external.ongoing(stream.uuid),
        )
        source = open_source(stream, self._run.started_at, self._stop)
        views = list(self._views.values())
        return StreamPipeline(
            stream, source, self._detector, builder, views, self._publish, self._stream_ended, self._stop
        )

    def _publish(self, message: ProcessMessage) -> None:
        if self.config.events.enable_activities:
            self._delivery.publish(message)
        self._bus.publish(message)

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
