"""``omni detect``, ``omni track``, ``omni fuse``: MOT text in and out."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omni._arrays import check_fps
from omni.cli.calibration_file import CalibrationFile, read_calibration
from omni.cli.output import Progress, add_json, note, report, whole_file
from omni.cli.unfinished import Unfinished
from omni.errors import CalibrationError, SourceError
from omni.types import Detections, Float32, Int64

if TYPE_CHECKING:
    from omni.mot import MotRows


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
    from omni.mot import looked_at, read_mot, track_lines
    from omni.track import Tracker, TrackRows, smoothed, untangled

    _check_fps(options.fps)
    rows = read_mot(options.detections)
    confidence = _confidence(options.detections, rows)
    frames = looked_at([rows])
    fps = _check_fps(options.fps / frames.step)
    tracker = Tracker()
    if options.calibration is not None:
        calibration = read_calibration(options.calibration)
        tracker.set_homography(calibration.homography(_camera(options, calibration)), calibration.metres_per_unit)
    with whole_file(options.output) as file:
        told = []
        progress = Progress("frames", len(frames))
        for number, frame in enumerate(frames):
            at = rows.at(frame)
            progress.advance()
            if at.start == at.stop:  # a file cannot say whether nobody was seen, or there was no picture
                continue
            boxes = rows.xyxy[at].astype(np.float32)
            with _of_frame(frame):
                tracks = tracker.update(boxes, confidence[at], timestamp=frame / options.fps, image_size=options.size)
            if len(tracks):
                told.append(TrackRows.of_frame(number, tracks, boxes))
        progress.finish()
        history = TrackRows.joined(told)
        if not options.live:
            history = smoothed(untangled(history, fps), fps)
        file.writelines(track_lines(replace(history, frame=_numbered(history.frame, frames))))
    return report(options, {"frames": len(frames), "tracks": len(np.unique(history.track_id))})


def run_fuse(options: argparse.Namespace) -> int:
    from omni.fusion import FusionConfig, MapFuser, MapRows, whole_recording
    from omni.fusion.hindsight import READINGS
    from omni.mot import looked_at, read_mot

    _check_fps(options.fps)
    calibration = read_calibration(options.calibration)
    paths = _recorded(calibration, options.detections)
    cameras = {name: calibration.homography(name) for name in paths}
    rows = {name: read_mot(path) for name, path in paths.items()}
    confidence = {name: _confidence(paths[name], r) for name, r in rows.items()}
    config = FusionConfig(metres_per_unit=calibration.metres_per_unit)
    fuser = MapFuser(cameras, config)
    frames = looked_at(rows.values())
    fps = _check_fps(options.fps / frames.step)

    def seen(number: int) -> dict[str, Any]:
        # As in a track, a frame without rows says nothing: a camera that stopped does not say that nobody is there.
        given = {name: _given(r, confidence[name], frames[number], number / fps) for name, r in rows.items()}
        return {name: boxes for name, boxes in given.items() if len(boxes)}

    with whole_file(options.output) as file:
        progress = Progress("frames", len(frames))
        told = []  # live; the cameras' offsets are what this reading learns
        for number, frame in enumerate(frames):
            with _of_frame(frame):
                state = fuser.update(seen(number), timestamp=number / fps)
            if len(state):
                told.append(MapRows.of_frame(number, state))
            progress.advance()
        progress.finish()
        history = MapRows.joined(told)
        if not options.live:
            progress = Progress("readings", READINGS)
            history = whole_recording(cameras, range(len(frames)), seen, fps, config, progress=progress.advance)
            progress.finish()
        file.write("frame,id,x_m,y_m\n")
        metres = calibration.metres_per_unit * history.position
        places = zip(
            _numbered(history.frame, frames).tolist(), history.object_id.tolist(), metres.tolist(), strict=True
        )
        file.writelines(f"{frame},{object_id},{x:.4f},{y:.4f}\n" for frame, object_id, (x, y) in places)
    objects = len(np.unique(history.object_id))
    result: dict[str, Any] = {"frames": len(frames), "cameras": len(cameras), "objects": objects}
    offsets = {
        name: (calibration.metres_per_unit * found.offset).round(4).tolist() for name, found in fuser.offsets.items()
    }
    if options.corrected is not None:
        with whole_file(options.corrected) as file:
            file.write(calibration.corrected(cameras, fuser.offsets))
        result["corrected"] = str(options.corrected)
    return report(options, {**result, "offsets": offsets})


@contextlib.contextmanager
def _of_frame(frame: int) -> Iterator[None]:
    """What the core refuses of a frame's boxes, such as more than it takes, is the file's fault."""
    try:
        yield
    except ValueError as error:
        raise SourceError(f"frame {frame}: {error}") from None


def _confidence(path: Path, rows: MotRows) -> Float32:
    from omni.mot import confidences

    confidence, changed = confidences(rows)
    if changed is not None:
        note(f"{path}: {changed}")
    return confidence


def _given(rows: MotRows, confidence: Float32, frame: int, timestamp: float) -> Any:
    """One camera's rows of one frame; ids of -1 are none."""
    from omni.types import Detections, Tracks

    at = rows.at(frame)
    xyxy = rows.xyxy[at].astype(np.float32)
    detections = Detections(xyxy, confidence[at], np.zeros(len(xyxy), np.int32))
    return Tracks.of(detections, rows.id[at].astype(np.int64), timestamp)


def _recorded(calibration: CalibrationFile, folder: Path) -> dict[str, Path]:
    """The files of those of its cameras that have one."""
    files = {name: _found(folder, name) for name in calibration.names}
    if absent := [name for name, path in files.items() if path is None]:
        told = f"{folder}: no {', '.join(f'{name}.txt[.gz]' for name in absent)}"
        if len(absent) == len(files):
            raise SourceError(f"{told} for a camera of {calibration.path}")
        note(f"{told}: left out")
    return {name: path for name, path in files.items() if path is not None}


def _found(folder: Path, camera: str) -> Path | None:
    paths = (folder / f"{camera}.txt", folder / f"{camera}.txt.gz")
    return next((path for path in paths if path.is_file()), None)


def _camera(options: argparse.Namespace, calibration: CalibrationFile) -> str:
    """Which camera is tracked."""
    name = options.camera or calibration.names[0]
    if name not in calibration.names or (options.camera is None and len(calibration.names) > 1):
        raise CalibrationError(f"--camera: expected one of {', '.join(calibration.names)}, got {options.camera}")
    return name


def _numbered(turns: Int64, frames: range) -> Int64:
    """The numbers of frames that are known by their turn."""
    return frames.start + frames.step * turns


def _check_fps(fps: float) -> float:
    try:
        check_fps(fps)
    except ValueError as error:
        raise SourceError(f"--{error}") from None
    return fps


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
