"""One stream: its frames are read in a thread of its own, and told of, in their order, by the scheduler's workers."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from omni.agent.map_view import MapView
from omni.agent.scheduler import Scheduler
from omni.agent.termination import TerminationOnLost
from omni.anonymity import bodies_in, bodies_of
from omni.config import RegionConfig, StreamConfig
from omni.detect import Descriptor, Detector
from omni.detect.lookout import Lookout
from omni.detect.motion import MotionGate
from omni.errors import OmniError
from omni.faces.watch import FaceWatch
from omni.process import Position, ProcessBuilder, ShotSettings
from omni.regions import RegionMonitor
from omni.sources import ConditionLog, Source
from omni.track import Tracker
from omni.types import Detections, Frame, FrameResult, ProcessMessage, RegionEvent, StreamStatus, Tracks

logger = logging.getLogger(__name__)

FPS_WINDOW = 30
"""Frames over which the rate is measured."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a running stream goes on with. Tracks, and the processes of people, are carried over.

    Attributes:
        stream: the stream under its name of now.
        detector, descriptor, views: as ``StreamPipeline`` takes them.
        regions: regions and lines; who is in one that stays the same, but for its name, stays in it.
        inertia_frames: theirs.
        ongoings_interval_s: as ``ProcessBuilder`` takes it.
        best_shots: what pictures are kept; where that changes, those kept so far are forgotten.
        face_pictures: whether pictures of faces are handed on.
    """

    stream: StreamConfig
    detector: Detector | None
    descriptor: Descriptor | None
    views: Sequence[MapView]
    regions: Sequence[RegionConfig]
    inertia_frames: int
    ongoings_interval_s: float
    best_shots: ShotSettings | None
    face_pictures: bool


class StreamPipeline:
    """Detects, tracks and tells for one stream.

    Args:
        stream: the stream.
        source: its frames.
        condition: what the source is doing.
        detector: shared by all streams; None analyses nothing.
        descriptor: shared by all streams; None knows nobody by the looks.
        faces: this stream's faces; None looks for none.
        scheduler: shared by all streams.
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
        condition: ConditionLog,
        detector: Detector | None,
        descriptor: Descriptor | None,
        faces: FaceWatch | None,
        scheduler: Scheduler,
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
        self._condition = condition
        self._scheduler = scheduler
        self._lookout = Lookout(stream.ignore, stream.tiles, MotionGate() if stream.motion_gate else None)
        self._lane = scheduler.lane(
            detector,
            self._lookout.pictures,
            self._step,
            every_frame=stream.every_frame,
            at_once=1 if self._lookout.in_order else None,
        )
        self._descriptor = descriptor
        self._faces = faces
        self._tracker = tracker
        self._termination = TerminationOnLost() if end_lost else None
        self._regions = regions
        self._builder = builder
        self._views = [view for view in views if view.watches(stream.uuid)]
        self._placing: list[MapView] = []  # those of them on which pictures of this size have a place
        self._publish = publish
        self._crossed = crossed
        self._ended = ended
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name=f"stream {stream.label}", daemon=True)
        self._told = threading.Event()
        self._change: Change | None = None
        self._changed = threading.Event()
        self._end_reason = "agent_stopped"
        self._latest: FrameResult | None = None
        self._position: tuple[float, int] | None = None
        self._frames = 0
        self._segment = 0
        self._size: tuple[int, int] | None = None
        self._decode_s = 0.0
        self._stage_s = dict.fromkeys(("decode", "detect", "track", "face", "process"), 0.0)
        self._came_at: deque[float] = deque(maxlen=FPS_WINDOW)
        self._done_at: deque[float] = deque(maxlen=FPS_WINDOW)
        self._last_timestamp = 0.0

    @property
    def latest(self) -> FrameResult | None:
        """The newest frame that went all the way, of those that may be shown: faces were looked for in it."""
        return self._latest

    @property
    def position(self) -> Position | None:
        """Where the stream is: time and number of the newest frame. For a camera that is away time goes on."""
        now = self._source.now() if self._position is None or self._condition.now.away else None
        if now is None and self._position is None:
            return None
        shown, number = self._position or (0.0, 0)
        timestamp = shown if now is None else now
        return Position(timestamp, number, time.monotonic() if self._stream.live else timestamp)

    @property
    def people_seen(self) -> int:
        return self._builder.people_seen

    @property
    def face_counts(self) -> dict[str, int]:
        """What was seen of faces so far; empty where none are looked for."""
        return {} if self._faces is None else self._faces.counts

    @property
    def face_cost_s(self) -> dict[str, float]:
        """What faces cost so far; empty where none are looked for."""
        return {} if self._faces is None else self._faces.cost_s

    @property
    def stage_s(self) -> dict[str, float]:
        """Seconds spent in each stage so far."""
        return dict(self._stage_s)

    @property
    def started(self) -> bool:
        return self._thread.ident is not None

    def start(self) -> None:
        self._scheduler.open(self._lane)
        self._thread.start()

    def change(self, change: Change) -> threading.Event:
        """Go on with this from the next frame on. Returns what is set when it does."""
        done = threading.Event()
        self._change, self._changed = change, done
        if self._told.is_set() or not self._thread.is_alive():
            self._take_change()
        return done

    def end(self, reason: str) -> None:
        """End, every open process with this reason; returns at once."""
        self._end_reason = reason
        self._stop.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end. True when all is told."""
        # Not Thread.join: the exception of a signal handler inside it makes a running thread look ended.
        return self._told.wait(timeout_s)

    def status(self) -> StreamStatus:
        condition = self._condition.now
        return StreamStatus(
            stream_uuid=self._stream.uuid,
            name=self._stream.label,
            url=self._stream.safe_url,
            state=condition.state,
            reason=condition.reason,
            next_try_s=condition.next_try_s,
            changes=tuple((state, cause, n) for (state, cause), n in self._condition.changes.items()),
            left_behind=self._source.left_behind,
            frames=self._frames,
            dropped=self._source.dropped + self._lane.dropped,
            fps=round(_rate(self._done_at), 2),
            offered_fps=round(_rate(self._came_at), 2),
            image_size=self._source.image_size,
        )

    def _run(self) -> None:
        reason = "agent_stopped"
        try:
            try:
                self._read()
            finally:
                self._lane.drain(discard=self._stop.is_set())
            reason = self._end_reason if self._stop.is_set() else "end_of_file"
            self._condition.close("ended")
        except OmniError as error:
            reason = "camera_down"
            self._condition.close("failed", "unreadable", str(error))
        except Exception as error:
            reason = "camera_down"
            logger.exception("stream %s stopped by an error of ours", self._stream.label)
            self._condition.close("failed", "internal", f"internal error: {type(error).__name__}")
        finally:
            try:
                self._close(reason)
            finally:
                self._told.set()
                if self._change is not None:
                    self._take_change()

    def _take_change(self) -> None:
        """Between two frames: everybody stays, but in regions that are no more, and while somebody is looked for."""
        change, self._change = self._change, None
        if change is None:
            return
        self._stream = change.stream
        if change.detector is not self._lane.detector:
            self._lookout.forget()
            if change.detector is None:  # who is there is not seen any more
                self._forget_everybody("config_changed")
        self._lane.detector, self._descriptor = change.detector, change.descriptor
        if self._faces is not None:
            self._faces.pictures = change.face_pictures
        self._builder.change(ongoings_interval_s=change.ongoings_interval_s, best_shots=change.best_shots)
        self._change_views([view for view in change.views if view.watches(self._stream.uuid)])
        self._change_regions(change.regions, change.inertia_frames)
        self._changed.set()

    def _change_views(self, views: list[MapView]) -> None:
        if views == self._views:
            return
        for view in self._views:
            if view not in views:
                view.stream_down(self._stream.uuid)  # those who are still in it need not wait
        self._views, self._size = views, None

    def _change_regions(self, regions: Sequence[RegionConfig], inertia_frames: int) -> None:
        in_regions = self._regions.change(regions, inertia_frames)
        for event in in_regions:
            self._crossed(event)
        for message in self._builder.act(self._last_timestamp, in_regions, "config_changed"):
            self._publish(message)

    def _read(self) -> None:
        for frame in self._source:
            if self._change is not None:
                self._lane.drain()
                self._take_change()
            if frame is None:
                self._lane.drain()
                if self._faces is not None:
                    self._faces.keep_up()
                self._go_on_if_down()
                continue
            if self._stream.every_frame:
                for view in self._views:
                    view.wait_for_room(self._stream.uuid, self._stop)
            if self._stop.is_set():
                return
            self._came_at.append(time.monotonic())
            self._lane.put(frame, self._stop, self._source.fresh_until)

    def _close(self, reason: str) -> None:
        self._scheduler.close(self._lane)
        self._end_everybody(reason)
        self._ended(self._stream.uuid, reason)
        for view in self._views:
            view.stream_down(self._stream.uuid)

    def _step(self, frame: Frame, found: Sequence[Detections], seconds: float) -> None:
        if frame.segment != self._segment:
            self._new_segment(frame)
        if frame.size != self._size:
            self._new_size(frame.size)
        detections = self._lookout.people(frame, found)
        clock = [time.perf_counter()]
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
            seen = replace(frame, image=self._lookout.masked(frame.image))
            faces = self._faces.update(seen, tracks, gone, bodies)
            bodies = np.concatenate([bodies, bodies_of(faces.faces)])
            tracks, gone = faces.people, list(faces.gone)
        clock.append(time.perf_counter())
        in_regions = self._regions.update(frame, tracks, gone)
        self._position = frame.timestamp, frame.index  # by which what others say is dated, in its messages too
        messages = self._builder.update(frame, tracks, gone, in_regions, bodies, faces)
        clock.append(time.perf_counter())
        stage_s = dict(zip(("detect", "track", "face", "process"), np.diff(clock).tolist(), strict=True))
        stage_s["detect"] += seconds
        stage_s["decode"] = self._source.decode_s - self._decode_s
        self._decode_s = self._source.decode_s
        for stage, seconds in stage_s.items():
            self._stage_s[stage] += seconds
        result = FrameResult(frame, tracks, self._builder.object_uuids(tracks), stage_s, bodies, detections)
        if faces is None or faces.looked:
            self._latest = result
        self._last_timestamp = frame.timestamp
        self._frames += 1
        self._done_at.append(time.monotonic())
        for event in in_regions:
            self._crossed(event)
        for message in messages:
            self._publish(message)
        for view in self._placing:
            view.receive(result)

    def _people(self, tracks: Tracks) -> tuple[Tracks, list[int]]:
        """Tracks that are told of, and ids of those that have ended. Who was seen in one frame only is no one yet."""
        gone = self._tracker.removed().track_id.tolist()
        if self._termination is not None:
            tracks, gone = self._termination.apply(tracks, self._tracker.lost().track_id.tolist(), gone)
        return tracks.where(tracks.first_timestamp < tracks.timestamp), gone

    def _go_on_if_down(self) -> None:
        """Nobody is in view of a camera that is away, and its map does not wait for it. What others say goes on."""
        if not self._condition.now.away:
            return
        if self._builder.people_open:
            self._forget_everybody("camera_down")
        for view in self._views:
            view.stream_down(self._stream.uuid)
        if (position := self.position) is not None:
            self._position = position.timestamp, position.frame  # when it is back, time does not go back
            for message in self._builder.ongoing(position.timestamp):
                self._publish(message)

    def _new_segment(self, frame: Frame) -> None:
        """The source began anew: nobody is carried over the cut."""
        self._forget_everybody("camera_down" if self._stream.live else "end_of_file")
        self._segment = frame.segment

    def _new_size(self, size: tuple[int, int]) -> None:
        """Who is seen by a camera of a map is told of by where they stand there; on the first, they are tracked too."""
        self._size = size
        self._placing = [view for view in self._views if view.places(self._stream.uuid, size)]
        self._builder.stand_on({view.name: view.ground(self._stream.uuid, size) for view in self._placing})
        floor = self._placing[0].homography(self._stream.uuid, size) if self._placing else (None, 1.0)
        self._tracker.set_homography(*floor)

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


def _rate(moments: Iterable[float]) -> float:
    """Frames a second."""
    times = list(moments)
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
