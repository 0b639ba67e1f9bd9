"""One view of the map: aligned frames of its cameras in, people on the floor out (protocol, section 5)."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from omni.agent.alignment import SET_BACK_S, FrameAligner
from omni.agent.flow import FlowMap
from omni.config import CameraView, ViewConfig
from omni.errors import CalibrationError
from omni.fusion import FusionConfig, Homography, MapFuser, footprint
from omni.fusion.footprint import contained
from omni.process import Ground
from omni.types import FACE_CLASS, Float64, FrameResult, MapState, MapTick, Tracks

logger = logging.getLogger(__name__)

MOST_WAITING = 64
"""Frames of a file that may wait for another file before its own reading pauses."""

LATEST_S = 10.0
"""No camera's frame comes so late: what waited for more than a second is not analysed."""

NEAR_THE_AXIS = 1e-3
"""Share of the focal length, around the middle of the picture, in which every lens has an inverse."""

APART = 1000
"""A view that takes another's place counts on from so far behind it: that one is still at work while it is made."""


class MapView:
    """Fuses the streams of one view. Thread-safe.

    Args:
        config: the view. Cameras of it that are neither among the files nor among the cameras do not run at present.
        files: streams of the agent that are files; they wait for each other.
        cameras: streams of the agent that are live.
        before: the view that this one takes the place of; ids and ticks go on behind those that it gave.

    Raises:
        CalibrationError: a camera's points cannot give a homography, or its visible area is no polygon.
    """

    def __init__(
        self, config: ViewConfig, files: Collection[str], cameras: Collection[str], before: MapView | None = None
    ) -> None:
        self._config = config
        self._views = {str(camera.stream_uuid): camera for camera in config.cameras}
        self._files, self._cameras = self._views.keys() & set(files), self._views.keys() & set(cameras)
        if wrong := faults_of(config):  # refused now, not with the first picture
            raise CalibrationError("; ".join(wrong))
        self.problems: dict[str, str] = {}
        """Why a stream, though its points are right, cannot be placed as its pictures are."""
        self._aligner = FrameAligner(self._files, self._cameras)
        self._footprints: dict[str, list[list[float]]] = {}
        self._frames_data: dict[str, dict[str, int]] = {}
        self._seeing: set[str] = set()  # streams that gave the map something since they were down
        self._dropped_before: Counter[str] = Counter()
        self._ids_before: int = 0 if before is None else before._ids_before + before._last_object_id + APART
        self._people_before = 0 if before is None else before.objects_seen
        self._last_object_id: int = 0
        first = 0 if before is None else before.tick.sequence + APART
        self._tick = MapTick(config.name, first, _view_document(config.name, {}, []))
        self._fuse_s = 0.0
        self._changed = threading.Condition()
        self._begin()

    def _begin(self) -> None:
        """Nobody is on the map, at no time yet."""
        self._fuser = MapFuser({}, FusionConfig(metres_per_unit=self._config.metres_per_unit))
        self._flow = FlowMap(self._config.metres_per_unit)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._times: dict[str, float] = {}
        self._timestamp = float("-inf")
        self._newest: dict[str, FrameResult] = {}

    @property
    def name(self) -> str:
        """By which it is asked for."""
        return self._config.name

    @property
    def tick(self) -> MapTick:
        """The latest state."""
        return self._tick

    @property
    def fuse_s(self) -> float:
        """Seconds spent on fusion so far."""
        return self._fuse_s

    @property
    def objects_seen(self) -> int:
        """How many different people this map has had: the fuser counts them from 1."""
        return self._people_before + self._last_object_id

    def stats(self) -> dict[str, Any]:
        """Frames that came too late, and how far each camera lies off the others (in map units and seconds)."""
        return {
            "dropped_frames": {s: n + self._dropped_before[s] for s, n in self._fuser.dropped_frames.items()},
            "offsets": {
                stream: {
                    "place": [_rounded(v) for v in offset.place],
                    "offset": [_rounded(v) for v in offset.offset],
                    "sigma": [_rounded(v) for v in offset.sigma],
                    "delay_s": round(offset.delay_s, 3),
                    "residuals": offset.residuals,
                }
                for stream, offset in self._fuser.offsets.items()
            },
        }

    @property
    def footprints(self) -> dict[str, list[list[float]]]:
        """What each camera covers, corners in map units; of those that have shown a picture."""
        return dict(self._footprints)

    def flow(self, window_s: float) -> dict[str, Any]:
        """Where people were in the last ``window_s`` seconds, and which way they went (``FlowMap.document``)."""
        with self._changed:
            flow = self._flow.snapshot()
        return flow.document(window_s)  # up to half a second, in which the cameras' frames need not wait

    def is_for(self, config: ViewConfig, files: Collection[str], cameras: Collection[str]) -> bool:
        """Whether it can go on as it is under another configuration. The plan's picture is none of its."""
        streams = {str(camera.stream_uuid) for camera in config.cameras}
        return (
            self._config.model_copy(update={"image": config.image}) == config
            and streams & set(files) == self._files
            and streams & set(cameras) == self._cameras
        )

    def watches(self, stream_uuid: str) -> bool:
        """Whether a stream is part of this view."""
        return stream_uuid in self._views

    def homography(self, stream_uuid: str, size: tuple[int, int]) -> tuple[Homography, float]:
        """The way from a stream's pixels, in a picture of this size, to the map, and the metres of a map unit.

        Raises:
            CalibrationError: the points cannot give one for this size.
        """
        return _homography(self._config.name, self._views[stream_uuid], size), self._config.metres_per_unit

    def places(self, stream_uuid: str, size: tuple[int, int]) -> bool:
        """Whether pictures of this size have a place; where not, ``problems`` says why, and others need not wait."""
        try:
            self.homography(stream_uuid, size)
        except CalibrationError as error:
            if self.problems.get(stream_uuid) != str(error):
                logger.error("the map goes on without a camera: %s", error)
            self.problems[stream_uuid] = str(error)
            self.stream_down(stream_uuid)
            return False
        self.problems.pop(stream_uuid, None)
        return True

    def ground(self, stream_uuid: str, size: tuple[int, int]) -> Ground:
        """Where a box stands by this stream alone, in pictures of this size. Raises as ``homography``."""
        homography, _ = self.homography(stream_uuid, size)
        camera = self._views[stream_uuid]
        area = None if camera.visible_area is None else np.array(camera.visible_area, np.float64)

        def stands(box: Sequence[float]) -> list[float] | None:
            place = homography.map_from_image(np.array([((box[0] + box[2]) / 2, box[3])]) * size)
            seen = np.isfinite(place).all() and (area is None or contained(place, area)[0])
            return [_rounded(v) for v in place[0]] if seen else None

        return stands

    def receive(self, result: FrameResult) -> None:
        """Take one stream's result; updates the map with every moment that is complete now."""
        with self._changed:
            self._seeing.add(result.frame.stream_uuid)
            for group in self._aligner.add(result):
                self._fuse(group)
            self._changed.notify_all()

    def stream_down(self, stream_uuid: str) -> None:
        """A stream has ended or is away: the others need not wait for it. While no camera sees, nobody is shown."""
        with self._changed:
            for group in self._aligner.end(stream_uuid):
                self._fuse(group)
            self._seeing.discard(stream_uuid)
            if stream_uuid in self._cameras and not self._seeing and self._tick.document["objects"]:
                self._show([])
            self._changed.notify_all()

    def wait_for_room(self, stream_uuid: str, stop: threading.Event) -> None:
        """Hold a file back while it is far ahead of the others of this view."""
        with self._changed:
            while self._aligner.backlog(stream_uuid) > MOST_WAITING and not stop.is_set():
                self._changed.wait(0.2)

    def _fuse(self, group: Mapping[str, FrameResult]) -> None:
        begun = time.perf_counter()
        times = {stream: result.frame.timestamp for stream, result in group.items()}
        if self._was_set_back(times):
            self._begin_anew()
        if any(at <= self._times.get(stream, float("-inf")) for stream, at in times.items()):
            return  # by less than would be worth it
        self._times.update(times)
        for stream, result in group.items():
            self._fit_camera(stream, result.frame.size)
            self._frames_data[stream] = _frame_data(result)
        seen = {stream: _sightings(result) for stream, result in group.items()}
        state = self._fuser.update(seen, timestamp=max(times.values()), timestamps=times)
        if state.timestamp > self._timestamp:
            self._timestamp, self._newest = state.timestamp, dict(group)
        else:  # late frames: they change what is known of the newest moment, and may be of it
            self._newest.update({stream: group[stream] for stream, at in times.items() if at == self._timestamp})
        self._flow.add(state)
        self._last_object_id = max(self._last_object_id, *state.object_id.tolist(), 0)
        objects = [self._object_document(state, i) for i in range(len(state))]
        self._show(objects)
        self._fuse_s += time.perf_counter() - begun

    def _show(self, objects: list[dict[str, Any]]) -> None:
        document = _view_document(self._config.name, dict(self._frames_data), objects)
        self._tick = MapTick(self._config.name, self._tick.sequence + 1, document)

    def _was_set_back(self, times: Mapping[str, float]) -> bool:
        """Whether the clock that dates the frames was: the fuser would refuse them until it has caught up."""
        if any(at < self._times.get(stream, at) - SET_BACK_S for stream, at in times.items()):
            return True
        return not self._files and max(times.values()) < self._timestamp - LATEST_S  # one still came with the old time

    def _begin_anew(self) -> None:
        """Ids go on, whatever else is known is of another time."""
        self._ids_before += self._last_object_id
        self._people_before += self._last_object_id
        self._last_object_id = 0
        self._dropped_before.update(self._fuser.dropped_frames)
        self._begin()

    def _fit_camera(self, stream: str, size: tuple[int, int]) -> None:
        """Points are relative to the picture, boxes are pixels: the size decides, and it may change."""
        if self._sizes.get(stream) != size:
            camera = self._views[stream]
            homography = _set_camera(self._fuser, self._config.name, camera, size)
            corners = footprint(homography, *_window(self._config), camera.visible_area)
            self._footprints[stream] = [[_rounded(v) for v in corner] for corner in corners]
            self._sizes[stream] = size

    def _object_document(self, state: MapState, i: int) -> dict[str, Any]:
        scale = self._config.metres_per_unit
        position, velocity = state.position[i], state.velocity[i]
        sources = {
            stream: source
            for stream, detection in state.sources[i].items()
            if (source := _source_document(self._newest[stream], detection)) is not None
        }
        # of those that are shown, so that whoever takes the mean gets it; of whom none is, what the fusion has
        score = fmean(source["score"] for source in sources.values()) if sources else float(state.score[i])
        return {
            "bbox": [_rounded(position[0]), _rounded(position[1])],
            "class": "body",
            "id": self._ids_before + int(state.object_id[i]),
            "score": round(score, 4),
            "source_objects": sources,
            "omni": {
                "position_m": [_rounded(v * scale) for v in position],
                "velocity_m_s": [_rounded(v * scale) for v in velocity],
                "covariance": [[float(f"{v:.4g}") for v in row] for row in state.covariance[i]],
                "age_s": round(float(state.age_s[i]), 3),
            },
        }


def _window(view: ViewConfig) -> tuple[Float64, Float64]:
    """Lower and upper bounds of what is worth showing of the map: the points of all cameras and as much again."""
    places = np.array([pair.map for camera in view.cameras for pair in camera.points], np.float64)
    low, high = places.min(0), places.max(0)
    room = (high - low).max()
    return low - room, high + room


def faults_of(config: ViewConfig) -> list[str]:
    """Why cameras of a view cannot be placed on it, each with its name; empty where all can."""
    trial, wrong = MapFuser({}), []
    for camera in config.cameras:
        try:
            _try_camera(trial, config.name, camera)
        except CalibrationError as error:
            wrong.append(str(error))
    return wrong


def _try_camera(fuser: MapFuser, view: str, camera: CameraView) -> None:
    """What can be said before the first picture, whose size decides where in the lens the points lie."""
    matrix = np.array(camera.camera_matrix or np.eye(3), np.float64)
    axis, focal = matrix[:2, 2], matrix[[0, 1], [0, 1]]
    if camera.camera_matrix is None or not np.isfinite(matrix).all() or (focal <= 0).any():
        _set_camera(fuser, view, camera, (1, 1))
        return
    relative = np.array([pair.image for pair in camera.points], np.float64).reshape(-1, 2)
    homography = _fitted(view, camera, axis + (relative - 0.5) * NEAR_THE_AXIS * focal, None)
    _place_camera(fuser, view, camera, homography)


def _homography(view: str, camera: CameraView, size: tuple[int, int]) -> Homography:
    pixels = np.array([pair.image for pair in camera.points], np.float64).reshape(-1, 2) * size
    return _fitted(view, camera, pixels, size)


def _fitted(view: str, camera: CameraView, pixels: Float64, size: tuple[int, int] | None) -> Homography:
    places = np.array([pair.map for pair in camera.points], np.float64).reshape(-1, 2)
    try:
        return Homography.from_points(
            pixels,
            places,
            image_size=size,
            camera_matrix=None if camera.camera_matrix is None else np.array(camera.camera_matrix),
            distortion=None if camera.distortion is None else np.array(camera.distortion),
        )
    except ValueError as error:  # also of a distortion without a matrix
        raise CalibrationError(f"view {view!r}, camera {camera.stream_uuid}: {error}") from None


def _set_camera(fuser: MapFuser, view: str, camera: CameraView, size: tuple[int, int]) -> Homography:
    """Tell a fuser of a camera whose pictures are of this size; the homography."""
    homography = _homography(view, camera, size)
    _place_camera(fuser, view, camera, homography)
    return homography


def _place_camera(fuser: MapFuser, view: str, camera: CameraView, homography: Homography) -> None:
    try:
        fuser.set_camera(str(camera.stream_uuid), homography, camera.visible_area)
    except ValueError as error:
        raise CalibrationError(f"view {view!r}, camera {error}") from None


def _view_document(name: str, frames_data: dict[str, Any], objects: list[Any]) -> dict[str, Any]:
    return {"view_name": name, "camera_frames_data": frames_data, "objects": objects}


def _frame_data(result: FrameResult) -> dict[str, int]:
    frame = result.frame
    return {
        "frame_index": frame.index,
        "timestamp_microsec": round(frame.timestamp * 1_000_000),
        "timestamp_millisec": round(frame.timestamp * 1000),
        "video_timestamp": round(frame.video_timestamp * 1000),
    }


def _sightings(result: FrameResult) -> Tracks:
    """The detector's boxes with their tracks' ids. Where somebody stands of whom only a face is seen, nobody knows."""
    return result.tracks.where(_are_bodies(result.tracks)).named(result.detections)


def _are_bodies(tracks: Tracks) -> npt.NDArray[np.bool_]:
    return np.asarray(tracks.class_id != FACE_CLASS)


def _source_document(result: FrameResult, detection: int) -> dict[str, Any] | None:
    """The track of a detection, if it has one (yet)."""
    tracks = result.tracks
    of_it = np.flatnonzero(_are_bodies(tracks) & (tracks.detection_index == detection))
    if not len(of_it):
        return None
    index, (width, height) = int(of_it[0]), result.frame.size
    box = np.clip(tracks.xyxy[index] / (width, height, width, height), 0.0, 1.0)
    return {
        "id": int(tracks.track_id[index]),
        "class": "body",
        "score": round(float(tracks.confidence[index]), 4),
        "bbox": [round(float(v), 5) for v in box],
        "object_id": result.object_uuid[index],
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)
