"""``omni detect``, ``omni track``, ``omni fuse``: MOT text in and out."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omni._arrays import check_fps
from omni.cli.apart import check_apart
from omni.cli.calibration_file import CalibrationFile, read_calibration
from omni.cli.output import Progress, add_json, note, report, whole_file
from omni.cli.unfinished import Unfinished
from omni.errors import CalibrationError, SourceError
from omni.types import Detections, Float32, Tracks

if TYPE_CHECKING:
    from omni.mot import MotRows
    from omni.track import Tracker, TrackRows


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
    from omni.sources.decoder import silence_ffmpeg
    from omni.sources.file import FolderReader, VideoReader

    silence_ffmpeg()
    check_apart({"--output": options.output}, [options.video, Path(options.model)], printed=options.json)
    if not options.video.exists():
        raise SourceError(f"{options.video}: no such file or folder")
    reader: FolderReader | VideoReader
    if options.video.is_dir():
        reader = FolderReader(options.video)
        # by their names which is which is the same; one that was damaged may have been mended
        made_of = {"pictures": hashlib.sha256("\0".join(reader.names).encode(errors="surrogateescape")).hexdigest()}
    else:
        reader, made_of = VideoReader(options.video), {"bytes": options.video.stat().st_size}
    detector = open_detector(options.model, head=options.head, confidence=options.confidence)
    if options.input_size is not None:
        detector = detector.at(options.input_size)
    about = {
        "video": str(options.video.resolve()),
        **made_of,
        "model": detector.info()["sha256"],
        "head": detector.info()["head"],
        "confidence": detector.info()["confidence"],
        "input_size": detector.side,
    }
    progress = Progress("frames", reader.frames)
    with Unfinished(options.output, about) as unfinished:
        for number, (_, picture) in enumerate(reader.pictures(), 1):
            if picture is None:  # once it is mended the work goes on here; passed over it would be missing for good
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
    from omni.track import Tracker, whole_recording
    from omni.track.hindsight import READINGS

    _check_fps(options.fps)
    check_apart({"--output": options.output}, [options.detections, options.calibration], printed=options.json)
    rows = read_mot(options.detections)
    seen = partial(_detections, rows, _confidence(options.detections, rows))
    frames = looked_at([rows])
    fps = _check_fps(options.fps / frames.step)
    tracker = partial(Tracker, **_floor(options))
    size = options.size
    with whole_file(options.output) as file, _blamed_on_the_file():
        if options.live:
            history = _told_live(tracker(), frames, seen, fps, size)
        else:
            progress = Progress("readings", READINGS)
            history = whole_recording(frames, seen, fps, image_size=size, tracker=tracker, progress=progress.advance)
            progress.finish()
        file.writelines(track_lines(history))
    return report(options, {"frames": len(frames), "tracks": len(np.unique(history.track_id))})


def _told_live(
    tracker: Tracker, frames: range, seen: Callable[[int], Detections | None], fps: float, size: tuple[int, int] | None
) -> TrackRows:
    """What the tracker tells of each frame before it sees the next."""
    from omni.track import TrackRows

    told = []
    progress = Progress("frames", len(frames))
    for turn, frame in enumerate(frames):
        found = seen(frame)
        progress.advance()
        if found is None:
            continue
        with _blamed_on_the_file(f"frame {frame}: "):
            tracks = tracker.update(found.xyxy, found.confidence, timestamp=turn / fps, image_size=size)
        told.append(TrackRows.of_frame(frame, tracks, found.xyxy))
    progress.finish()
    return TrackRows.joined(told)


def run_fuse(options: argparse.Namespace) -> int:
    from omni.fusion import FusionConfig, MapFuser, MapRows, whole_recording
    from omni.fusion.hindsight import READINGS
    from omni.mot import looked_at, read_mot

    _check_fps(options.fps)
    calibration = read_calibration(options.calibration)
    paths = _recorded(calibration, options.detections)
    check_apart(
        {"--output": options.output, "--corrected": options.corrected},
        [options.calibration, *paths.values()],
        printed=options.json,
    )
    cameras = {name: calibration.homography(name) for name in paths}
    rows = {name: read_mot(path) for name, path in paths.items()}
    confidence = {name: _confidence(paths[name], r) for name, r in rows.items()}
    for name, path in paths.items():
        _tell_of_boxes_beyond_the_picture(path, rows[name], cameras[name].image_size)
    config = FusionConfig(metres_per_unit=calibration.metres_per_unit)
    fuser = MapFuser(cameras, config)
    frames = looked_at(rows.values())
    fps = _check_fps(options.fps / frames.step)

    def seen(frame: int) -> dict[str, Any]:
        given = {name: _given(r, confidence[name], frame, frame / options.fps) for name, r in rows.items()}
        return {name: tracks for name, tracks in given.items() if tracks is not None}

    with whole_file(options.output) as file:
        progress = Progress("frames", len(frames))
        told = []  # live; the cameras' offsets are what this reading learns
        for frame in frames:
            with _blamed_on_the_file(f"frame {frame}: "):
                state = fuser.update(seen(frame), timestamp=frame / options.fps)
            if len(state):
                told.append(MapRows.of_frame(frame, state))
            progress.advance()
        progress.finish()
        history = MapRows.joined(told)
        if not options.live:
            progress = Progress("readings", READINGS)
            history = whole_recording(cameras, frames, seen, fps, config, progress=progress.advance)
            progress.finish()
        file.write("frame,id,x_m,y_m\n")
        metres = calibration.metres_per_unit * history.position
        places = zip(history.frame.tolist(), history.object_id.tolist(), metres.tolist(), strict=True)
        file.writelines(f"{frame},{object_id},{x:.4f},{y:.4f}\n" for frame, object_id, (x, y) in places)
    objects = len(np.unique(history.object_id))
    if not objects and any(len(r.frame) for r in rows.values()):
        unit = f"{calibration.metres_per_unit:g} m"
        note(f"nobody is on the floor: does {calibration.path} take pixels to the floor, in units of {unit}?")
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
def _blamed_on_the_file(where: str = "") -> Iterator[None]:
    """What the core refuses of a frame's boxes, such as more than it takes, is the file's fault."""
    try:
        yield
    except ValueError as error:
        raise SourceError(f"{where}{error}") from None


def _confidence(path: Path, rows: MotRows) -> Float32:
    from omni.mot import confidences

    confidence, changed = confidences(rows)
    if changed is not None:
        note(f"{path}: {changed}")
    return confidence


def _tell_of_boxes_beyond_the_picture(path: Path, rows: MotRows, size: tuple[float, float] | None) -> None:
    """No detector finds anything there: the picture was of another size when the camera was calibrated."""
    if size is None:
        return
    width, height = size
    x1, y1, x2, y2 = rows.xyxy.T
    beyond = int(np.sum((x1 >= width) | (y1 >= height) | (x2 <= 0) | (y2 <= 0)))
    if beyond:
        told = f"{beyond} of {len(rows.frame)} boxes lie beyond the picture"
        note(f"{path}: {told}, which is calibrated as {width:g}x{height:g}")


def _given(rows: MotRows, confidence: Float32, frame: int, timestamp: float) -> Tracks | None:
    """One camera's rows of one frame; ids of -1 are none."""
    found = _detections(rows, confidence, frame)
    return None if found is None else Tracks.of(found, rows.id[rows.at(frame)].astype(np.int64), timestamp)


def _detections(rows: MotRows, confidence: Float32, frame: int) -> Detections | None:
    """What was detected in one frame; None without rows: a file does not say whether nobody was seen, or no picture."""
    at = rows.at(frame)
    if at.start == at.stop:
        return None
    xyxy = rows.xyxy[at].astype(np.float32)
    return Detections(xyxy, confidence[at], np.zeros(len(xyxy), np.int32))


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


def _floor(options: argparse.Namespace) -> dict[str, Any]:
    """What a tracker knows of the floor in front of its camera."""
    if options.calibration is None:
        if options.camera is not None:
            raise CalibrationError(f"--camera {options.camera}: expected --calibration FILE, which has it, as well")
        return {}
    calibration = read_calibration(options.calibration)
    names = calibration.names
    name = options.camera or names[0]
    if name not in names or (options.camera is None and len(names) > 1):
        raise CalibrationError(f"--camera: expected one of {', '.join(names)}, got {options.camera}")
    return {"homography": calibration.homography(name), "metres_per_unit": calibration.metres_per_unit}


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
