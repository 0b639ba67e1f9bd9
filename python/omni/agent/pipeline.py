"""One stream, one thread: frames in, tracks and processes out. The one place that decides what waits for what."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from omni.agent.map_view import MapView
from omni.agent.termination import TerminationOnLost
from omni.anonymity import bodies_in, bodies_of
from omni.config import StreamConfig
from omni.detect import Descriptor, Detector
from omni.errors import OmniError
from omni.faces.watch import FaceWatch
from omni.process import ProcessBuilder
from omni.regions import RegionMonitor
from omni.sources import Source
from omni.track import Tracker
from omni.types import Detections, Frame, FrameResult, ProcessMessage, RegionEvent, StreamStatus, Tracks

logger = logging.getLogger(__name__)

FPS_WINDOW = 30
"""Frames over which the rate is measured."""


class StreamPipeline:
    """Detects, tracks and tells for one stream.

    Args:
        stream: the stream.
        source: its frames.
        detector: shared by all streams; None analyses nothing.
        descriptor: shared by all streams; None knows nobody by the looks.
        faces: this stream's faces; None looks for none.
        tracker: this stream's own.
        regions: this stream's regions and lines.
        builder: this stream's processes.
        views: the maps that this stream is part of.
        publish: takes the messages, in order; must not block.
        crossed: is told of each crossing of a line.
        ended: called once when no more frames come, with the reason.
        stop: ends the thread.
        end_lost: whether a person ends in the frame that does not show them any more.
    """

    def __init__(
        self,
        stream: StreamConfig,
        source: Source,
        detector: Detector | None,
        descriptor: Descriptor | None,
        faces: FaceWatch | None,
        tracker: Tracker,
        regions: RegionMonitor,
        builder: ProcessBuilder,
        views: Sequence[MapView],
        publish: Callable[[ProcessMessage], None],
        crossed: Callable[[RegionEvent], None],
        ended: Callable[[str, str], None],
        stop: threading.Event,
        *,
        end_lost: bool,
    ) -> None:
        self._stream = stream
        self._source = source
        self._detector = detector
        self._descriptor = descriptor
        self._faces = faces
        self._tracker = tracker
        self._termination = TerminationOnLost() if end_lost else None
        self._regions = regions
        self._builder = builder
        self._views = [view for view in views if view.watches(stream.uuid)]
        self._publish = publish
        self._crossed = crossed
        self._ended = ended
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name=f"stream {stream.label}", daemon=True)
        self._told = threading.Event()
        self._latest: FrameResult | None = None
        self._state, self._reason = "", ""  # once it has ended or failed; before that the source says
        self._frames = 0
        self._segment = 0
        self._size: tuple[int, int] | None = None
        self._decode_s = 0.0
        self._stage_s = dict.fromkeys(("decode", "detect", "track", "face", "process"), 0.0)
        self._done_at: deque[float] = deque(maxlen=FPS_WINDOW)
        self._last_timestamp = 0.0

    @property
    def latest(self) -> FrameResult | None:
        """The newest frame that went all the way."""
        return self._latest

    @property
    def position(self) -> tuple[float, int] | None:
        """Timestamp and number of the newest frame."""
        latest = self._latest
        return None if latest is None else (latest.frame.timestamp, latest.frame.index)

    @property
    def people_seen(self) -> int:
        return self._builder.people_seen

    @property
    def face_counts(self) -> dict[str, int]:
        """What was seen of faces so far; empty where none are looked for."""
        return {} if self._faces is None else self._faces.counts

    @property
    def stage_s(self) -> dict[str, float]:
        """Seconds spent in each stage so far."""
        return dict(self._stage_s)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end. True when all is told."""
        # Not Thread.join: the exception of a signal handler inside it makes a running thread look ended.
        return self._told.wait(timeout_s)

    def status(self) -> StreamStatus:
        condition = self._source.condition
        return StreamStatus(
            stream_uuid=self._stream.uuid,
            name=self._stream.label,
            url=self._stream.safe_url,
            state=self._state or condition.state,
            reason=self._reason if self._state else condition.reason,
            next_try_s=None if self._state else condition.next_try_s,
            changes=tuple((state, cause, n) for (state, cause), n in self._source.changes.items()),
            left_behind=self._source.left_behind,
            frames=self._frames,
            dropped=self._source.dropped,
            fps=round(self._fps(), 2),
            image_size=self._source.image_size,
        )

    def _fps(self) -> float:
        times = list(self._done_at)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    def _run(self) -> None:
        reason = "agent_stopped"
        try:
            for frame in self._source:
                if frame is None:
                    self._end_if_down()
                    continue
                for view in self._views:
                    if not self._stream.live:
                        view.wait_for_room(self._stream.uuid, self._stop)
                if self._stop.is_set():
                    break
                self._step(frame)
            else:
                reason = "agent_stopped" if self._stop.is_set() else "end_of_file"
            self._state = "ended"
        except OmniError as error:
            self._state, self._reason, reason = "failed", str(error), "camera_down"
            logger.error("stream %s: %s", self._stream.label, error)
        except Exception as error:
            self._state, self._reason, reason = (
                "failed",
                f"internal error: {type(error).__name__}",
                "camera_down",
            )
            logger.exception("stream %s stopped by an error of ours", self._stream.label)
        finally:
            try:
                self._close(reason)
            finally:
                self._told.set()

    def _close(self, reason: str) -> None:
        self._end_everybody(reason)
        self._ended(self._stream.uuid, reason)
        for view in self._views:
            view.stream_down(self._stream.uuid)

    def _step(self, frame: Frame) -> None:
        if frame.segment != self._segment:
            self._new_segment(frame)
        if frame.size != self._size:
            self._new_size(frame.size)
        clock = [time.perf_counter()]
        detections = self._detector.detect(frame.image) if self._detector else Detections.empty()
        looks = self._descriptor.describe(frame.image, detections.xyxy) if self._descriptor else None
        clock.append(time.perf_counter())
        tracks = self._tracker.update(
            detections.xyxy,
            detections.confidence,
            detections.class_id,
            timestamp=frame.timestamp,
            embeddings=looks,
            image_size=frame.size,
        )
        tracks, gone = self._people(tracks)
        clock.append(time.perf_counter())
        bodies, faces = bodies_in(detections, tracks), None
        if self._faces is not None:
            faces = self._faces.update(frame, tracks, gone, bodies)
            bodies = np.concatenate([bodies, bodies_of(faces.faces)])
        clock.append(time.perf_counter())
        in_regions = self._regions.update(frame, tracks, gone)
        messages = self._builder.update(frame, tracks, gone, in_regions, bodies, faces)
        clock.append(time.perf_counter())
        stage_s = dict(zip(("detect", "track", "face", "process"), np.diff(clock).tolist(), strict=True))
        stage_s["decode"] = self._source.decode_s - self._decode_s
        self._decode_s = self._source.decode_s
        for stage, seconds in stage_s.items():
            self._stage_s[stage] += seconds
        result = FrameResult(frame, tracks, self._builder.object_uuids(tracks), stage_s, bodies)
        self._latest, self._last_timestamp = result, frame.timestamp
        self._frames += 1
        self._done_at.append(time.monotonic())
        for event in in_regions:
            self._crossed(event)
        for message in messages:
            self._publish(message)
        for view in self._views:
            view.receive(result)

    def _people(self, tracks: Tracks) -> tuple[Tracks, list[int]]:
        """Tracks that are told of, and ids of those that have ended. Who was seen in one frame only is no one yet."""
        gone = self._tracker.removed().track_id.tolist()
        if self._termination is not None:
            tracks, gone = self._termination.apply(tracks, self._tracker.lost().track_id.tolist(), gone)
        return tracks.where(tracks.first_timestamp < tracks.timestamp), gone

    def _end_if_down(self) -> None:
        """Nobody is in view of a camera that is away, and its map does not wait for it."""
        if self._source.condition.away and self._builder.people_open:
            self._forget_everybody("camera_down")
            for view in self._views:
                view.stream_down(self._stream.uuid)

    def _new_segment(self, frame: Frame) -> None:
        """The source began anew: nobody is carried over the cut."""
        self._forget_everybody("camera_down" if self._stream.live else "end_of_file")
        self._segment = frame.segment

    def _new_size(self, size: tuple[int, int]) -> None:
        """A camera that stands on a map is tracked on its floor, too."""
        self._size = size
        if self._views:
            self._tracker.set_homography(*self._views[0].homography(self._stream.uuid, size))

    def _forget_everybody(self, reason: str) -> None:
        self._end_everybody(reason)
        self._tracker.reset()

    def _end_everybody(self, reason: str) -> None:
        in_regions = self._regions.finish()
        for event in in_regions:
            self._crossed(event)
        verdicts = self._faces.finish() if self._faces is not None else ()
        for message in self._builder.finish(self._last_timestamp, reason, in_regions, verdicts):
            self._publish(message)
