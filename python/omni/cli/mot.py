"""``omni detect``, ``omni track``, ``omni fuse``: MOT text in and out."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omni._arrays import check_fps
from omni.cli.output import Progress, add_json, note, report, whole_file
from omni.cli.unfinished import Unfinished
from omni.errors import CalibrationError, SourceError
from omni.types import Detections

if TYPE_CHECKING:
    from omni.fusion import CameraOffset, Homography


def add_parser(verbs: Any) -> None:
    detect: argparse.ArgumentParser = verbs.add_parser(
        "detect",
        help="people in a video, as MOT text",
        description="Detect people in a video or folder of pictures. After a stop it goes on where it was.",
    )
    detect.add_argument("video", type=_file, metavar="VIDEO", help="a video, or a folder of pictures")
    detect.add_argument("--model", default="nanodet-g-416", help="name or path of an ONNX file (default nanodet-g-416)")
    detect.add_argument("--head", help="kind of the model's outputs, where it is not recognised")
    detect.add_argument("--confidence", type=_share, metavar="C", help="least confidence (default: the model's own)")
    detect.add_argument(
        "--input-size", type=_side, metavar="N", help="longer side of what the network looks at, pixels"
    )
    detect.set_defaults(func=run_detect)
    track: argparse.ArgumentParser = verbs.add_parser(
        "track", help="detections to tracks, MOT text", description="Track the detections of one camera."
    )
    track.add_argument("detections", type=Path, metavar="DET", help="MOT text, may be gzipped")
    track.add_argument("--fps", type=float, required=True, metavar="F", help="frames a second")
    track.add_argument("--size", type=_size, metavar="WxH", help="size of the pictures")
    track.add_argument(
        "--calibration", type=Path, metavar="FILE", help="calibration.json of a camera that stands still"
    )
    track.add_argument("--camera", metavar="NAME", help="which camera of the calibration, where it has several")
    track.add_argument(
        "--live",
        action="store_true",
        help="tracks as a live stream tells them, without what the frames to come tell of them",
    )
    track.set_defaults(func=run_track)
    fuse: argparse.ArgumentParser = verbs.add_parser(
        "fuse",
        help="several cameras to one floor",
        description="Fuse the detections or tracks of several cameras.",
    )
    fuse.add_argument("--calibration", type=Path, required=True, metavar="FILE", help="calibration.json")
    fuse.add_argument("--detections", type=Path, required=True, metavar="DIR", help="holds CAMERA.txt[.gz]")
    fuse.add_argument("--fps", type=float, required=True, metavar="F", help="frames a second")
    fuse.add_argument(
        "--corrected", type=Path, metavar="FILE", help="write the calibration with the cameras' offsets taken out"
    )
    fuse.add_argument(
        "--live", action="store_true", help="people as a live map tells them, not with the frames to come"
    )
    fuse.set_defaults(func=run_fuse)
    for parser in (detect, track, fuse):
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="what is written")
        add_json(parser)


def run_detect(options: argparse.Namespace) -> int:
    from omni.detect import open_detector
    from omni.sources.file import FolderReader, VideoReader

    if not options.video.exists():
        raise SourceError(f"{options.video}: no such file or folder")
    reader = FolderReader(options.video) if options.video.is_dir() else VideoReader(options.video)
    detector = open_detector(options.model, head=options.head, confidence=options.confidence)
    if options.input_size is not None:
        detector = detector.at(options.input_size)
    about = {
        "video": str(options.video.resolve()),
        "bytes": options.video.stat().st_size,
        "model": detector.info()["sha256"],
        "confidence": detector.info()["confidence"],
        "input_size": detector.side,
    }
    progress = Progress("frames", reader.frames)
    with Unfinished(options.output, about) as unfinished:
        for number, (_, picture) in enumerate(reader.pictures(), 1):
            if picture is None:  # frame numbers without boxes would be taken for frames without people
                raise SourceError(f"{options.video}: picture {number} cannot be decoded")
            if number > unfinished.frames:
                unfinished.write(number, _mot_lines(number, detector.detect(picture)))
            progress.advance()
    progress.finish()
    if reader.frames - unfinished.frames > reader.fps:  # what containers say may be off by a few
        note(f"{options.video}: damaged or cut off: {unfinished.frames} of {reader.frames} pictures could be read")
    return report(options, {"frames": unfinished.frames, "boxes": unfinished.lines, "fps": round(reader.fps, 3)})


def _mot_lines(frame: int, found: Detections) -> list[str]:
    return [
        f"{frame},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.4f},-1,-1,-1\n"
        for (x1, y1, x2, y2), score in zip(found.xyxy.tolist(), found.confidence.tolist(), strict=True)
    ]


def run_track(options: argparse.Namespace) -> int:
    from omni.mot import read_mot, track_lines
    from omni.track import Tracker, TrackRows, smoothed, untangled

    _positive_fps(options.fps)
    rows = read_mot(options.detections)
    tracker = Tracker(homography=_camera(options))
    with whole_file(options.output) as file:
        told = []
        progress = Progress("frames", rows.last_frame)
        for frame in range(1, rows.last_frame + 1):
            at = rows.at(frame)
            boxes = rows.xyxy[at].astype(np.float32)
            scores = np.clip(rows.score[at], 0.0, 1.0).astype(np.float32)
            with _of_frame(frame):
                tracks = tracker.update(boxes, scores, timestamp=frame / options.fps, image_size=options.size)
            if len(tracks):
                told.append(TrackRows.of_frame(frame, tracks, boxes))
            progress.advance()
        progress.finish()
        history = TrackRows.joined(told)
        if not options.live:
            history = smoothed(untangled(history, options.fps), options.fps)
        file.writelines(track_lines(history))
    return report(options, {"frames": rows.last_frame, "tracks": len(np.unique(history.track_id))})


def run_fuse(options: argparse.Namespace) -> int:
    from omni.fusion import MapFuser, MapRows, whole_recording
    from omni.fusion.hindsight import READINGS
    from omni.mot import read_mot

    _positive_fps(options.fps)
    cameras = _calibration(options.calibration)
    rows = {name: read_mot(_found(options.detections, name)) for name in cameras}
    fuser = MapFuser(cameras)
    last = max((r.last_frame for r in rows.values()), default=0)
    frames = range(1, last + 1)

    def seen(frame: int) -> dict[str, Any]:
        return {name: _given(r, frame, frame / options.fps) for name, r in rows.items()}

    with whole_file(options.output) as file:
        progress = Progress("frames", last)
        told = []  # live; the cameras' offsets are what this reading learns
        for frame in frames:
            with _of_frame(frame):
                state = fuser.update(seen(frame), timestamp=frame / options.fps)
            if len(state):
                told.append(MapRows.of_frame(frame, state))
            progress.advance()
        progress.finish()
        history = MapRows.joined(told)
        if not options.live:
            progress = Progress("readings", READINGS)
            history = whole_recording(cameras, frames, seen, options.fps, progress=progress.advance)
            progress.finish()
        file.write("frame,id,x_m,y_m\n")
        places = zip(history.frame.tolist(), history.object_id.tolist(), history.position.tolist(), strict=True)
        file.writelines(f"{frame},{object_id},{x:.4f},{y:.4f}\n" for frame, object_id, (x, y) in places)
    objects = len(np.unique(history.object_id))
    result: dict[str, Any] = {"frames": last, "cameras": len(cameras), "objects": objects}
    offsets = {name: [round(float(v), 4) for v in found.offset] for name, found in fuser.offsets.items()}
    if options.corrected is not None:
        _write_corrected(options.calibration, options.corrected, cameras, fuser.offsets)
        result["corrected"] = str(options.corrected)
    return report(options, {**result, "offsets": offsets})


@contextlib.contextmanager
def _of_frame(frame: int) -> Iterator[None]:
    """What the core refuses of a frame's boxes, such as more than it takes, is the file's fault."""
    try:
        yield
    except ValueError as error:
        raise SourceError(f"frame {frame}: {error}") from None


def _write_corrected(
    source: Path, target: Path, cameras: Mapping[str, Homography], offsets: Mapping[str, CameraOffset]
) -> None:
    """The calibration as it was read, every camera moved to where the others see whom it shares with them."""
    document = json.loads(source.read_bytes())
    for name, found in offsets.items():
        document["cameras"][name]["H_image_to_floor"] = cameras[name].shifted(-found.offset).matrix.tolist()
    with whole_file(target) as file:
        file.write(json.dumps(document, indent=1) + "\n")


def _given(rows: Any, frame: int, timestamp: float) -> Any:
    """One camera's rows of one frame; ids of -1 are none."""
    from omni.types import Detections, Tracks

    at = rows.at(frame)
    xyxy, score = rows.xyxy[at].astype(np.float32), np.clip(rows.score[at], 0.0, 1.0).astype(np.float32)
    detections = Detections(xyxy, score, np.zeros(len(score), np.int32))
    return Tracks.of(detections, rows.id[at].astype(np.int64), timestamp)


def _calibration(path: Path) -> dict[str, Any]:
    """Cameras of a calibration.json -> their homographies."""
    from omni.fusion import Homography

    try:
        document = json.loads(path.read_bytes())
        cameras, size = document["cameras"], document.get("image_size")
        if not isinstance(cameras, dict) or not cameras:
            raise TypeError("no cameras in it")
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        expected = '{"cameras": {NAME: {"H_image_to_floor": 3x3}}}'
        raise CalibrationError(f"{path}: expected {expected}: {error}") from None
    homographies = {}
    for name, camera in cameras.items():
        try:
            homographies[name] = Homography(
                np.array(camera["H_image_to_floor"], np.float64),
                image_size=tuple(camera.get("image_size") or size or ()) or None,
                camera_matrix=None if camera.get("K") is None else np.array(camera["K"], np.float64),
                distortion=None if camera.get("distortion") is None else np.array(camera["distortion"], np.float64),
            )
        except KeyError as error:
            raise CalibrationError(f"{path}: camera {name}: expected {error}") from None
        except (TypeError, AttributeError, ValueError) as error:
            raise CalibrationError(f"{path}: camera {name}: {error}") from None
    return homographies


def _camera(options: argparse.Namespace) -> Any:
    """The homography of the one camera that is tracked, None without a calibration."""
    if options.calibration is None:
        return None
    cameras = _calibration(options.calibration)
    name = options.camera or next(iter(cameras), "")
    if name not in cameras or (options.camera is None and len(cameras) > 1):
        raise CalibrationError(f"--camera: expected one of {', '.join(cameras) or 'none'}, got {options.camera}")
    return cameras[name]


def _found(folder: Path, camera: str) -> Path:
    for name in (f"{camera}.txt", f"{camera}.txt.gz"):
        if (folder / name).is_file():
            return folder / name
    raise SourceError(f"{folder}: no {camera}.txt or {camera}.txt.gz for camera {camera} of the calibration")


def _positive_fps(fps: float) -> None:
    try:
        check_fps(fps)
    except ValueError as error:
        raise SourceError(f"--{error}") from None


def _file(text: str) -> Path:
    if "://" in text:  # not repeated: it may hold a password
        raise argparse.ArgumentTypeError("expected a video or a folder of pictures, got an address")
    return Path(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return share


def _side(text: str) -> int:
    if not text.isdecimal() or not 32 <= int(text) <= 2048 or int(text) % 32:
        raise argparse.ArgumentTypeError(f"expected a multiple of 32 up to 2048, got {text!r}")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, by, height = text.lower().partition("x")
    if not (by and width.isdecimal() and height.isdecimal() and int(width) > 0 and int(height) > 0):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT, got {text!r}")
    return int(width), int(height)
