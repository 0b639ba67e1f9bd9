"""The answers of the routes as types: the OpenAPI document is made from them, and tests hold the answers to them."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from omni.faces.gallery import Profile
from omni.types import ProfileMatch


class Nothing(TypedDict):
    """An empty object: the request was carried out."""


class About(TypedDict):
    """Which agent this is. ``build_date``: ISO 8601, UTC; ``used_software``: name to version."""

    version: str
    full_version_with_hash: str
    build_hash: str
    build_date: str
    name: str
    used_software: dict[str, str]
    may_be_standalone: bool


class MapTracking(TypedDict):
    """People on the map, by the view's name."""

    views: dict[str, Any]


class Alive(TypedDict):
    """The service is running."""

    alive: Literal[True]


class Readiness(TypedDict):
    """Whether the agent does its work. ``reasons``: why not; ``warnings``: parts that fail while the rest works."""

    ready: bool
    reasons: list[str]
    warnings: list[str]


class Stream(TypedDict):
    """The state of a stream. ``fps``: frames analysed a second; ``offered_fps``: frames received a second;
    ``next_try_s``: seconds until it connects again, null while it is not waiting for that; ``changes``: (state, cause,
    how often it began); ``lag_s``: age of the newest picture that was analysed.
    """

    stream_uuid: str
    name: str
    url: str
    state: str
    reason: str
    frames: int
    dropped: int
    fps: float
    image_size: tuple[int, int] | None
    offered_fps: float
    next_try_s: float | None
    changes: list[tuple[str, str, int]]
    left_behind: int
    lag_s: float | None


class Status(TypedDict):
    """How the agent is doing. ``timestamp``: epoch seconds; ``stats``: figures that may change with every version."""

    timestamp: float
    streams: list[Stream]
    stats: dict[str, Any]
    problems: list[str]


class Line(TypedDict):
    """How often a line was crossed; ``since``: epoch seconds from which it is counted."""

    uuid: str
    name: str
    forward: int
    reverse: int
    since: float | None


class Lines(TypedDict):
    """All lines."""

    lines: list[Line]


class Plan(TypedDict):
    """Where the picture of a plan is, and its size in pixels, which are the map's units."""

    url: str
    width: int
    height: int


class View(TypedDict):
    """A view of the map. ``extent``: x from, y from, x to, y to in map units; ``cameras``: UUIDs of streams;
    ``footprints``: by stream, the corners of the floor that it sees.
    """

    name: str
    metres_per_unit: float
    extent: tuple[float, float, float, float]
    plan: Plan | None
    cameras: list[str]
    footprints: dict[str, list[tuple[float, float]]]


class Views(TypedDict):
    """The views that are in use."""

    views: list[View]


class Region(TypedDict):
    """A region, or a line, which has a ``direction``. Points are its corners, relative to the picture."""

    uuid: str
    name: str
    stream_uuid: str | None
    points: list[tuple[float, float]]
    direction: tuple[float, float] | None
    presence: bool


class Regions(TypedDict):
    """Regions and lines."""

    regions: list[Region]


class FlowCell(TypedDict):
    """The middle of a square of the floor, how long people were in it, and the way that they went, map units."""

    x: float
    y: float
    seconds: float
    dx: float
    dy: float


class Flow(TypedDict):
    """Where people were. ``cell``: a square's side in map units."""

    cell: float
    cells: list[FlowCell]


class Picture(TypedDict):
    """A picture beside the configuration file."""

    name: str
    bytes: int


class Pictures(TypedDict):
    """By name. ``writable``: whether there is a folder to put more in."""

    plans: list[Picture]
    writable: bool


class Uploaded(TypedDict):
    """The picture that was kept. ``width``, ``height``: pixels."""

    name: str
    width: int
    height: int
    bytes: int


class Calibration(TypedDict):
    """What point pairs come to. ``errors``, ``used``: by pair, map units; ``grid``: lines, relative to the picture."""

    rms: float
    rms_metres: float
    errors: list[float]
    used: list[bool]
    image_size: tuple[int, int]
    map_from_image: list[list[float]]
    footprint: list[tuple[float, float]]
    grid_metres: float
    grid: list[list[tuple[float, float]]]


class SettingProblem(TypedDict):
    """What is wrong, and where (JSON pointer; empty: nowhere in particular)."""

    path: str
    message: str


class Settings(TypedDict):
    """The configuration; ``***`` stands for secrets. ``restart``, ``pending_restart``: JSON pointers."""

    config: dict[str, Any] | None
    restart: list[str]
    undo: bool
    pending_restart: list[str]
    file: str | None
    problems: list[SettingProblem]


class Change(TypedDict):
    """One setting. ``restart``: takes effect at the next start."""

    path: str
    old: Any
    new: Any
    restart: bool


class Checked(TypedDict):
    """What a document would change, or what is wrong with it."""

    changes: list[Change]
    problems: list[SettingProblem]


class Changed(TypedDict):
    """What was changed. ``pending_restart``: JSON pointers of all that waits for the next start."""

    changes: list[Change]
    pending_restart: list[str]


class Processes(TypedDict):
    """Records, newest first. ``best_shots``: ids of those with a picture; ``next``: cursor of the next page."""

    processes: list[dict[str, Any]]
    best_shots: list[str]
    next: str | None


class StreamName(TypedDict):
    """A stream."""

    uuid: str
    name: str


class StreamChange(TypedDict):
    """A stream does something else than before; ``timestamp`` ISO 8601."""

    id: str
    type: str
    timestamp: str
    stream: StreamName
    state: str
    cause: str
    reason: str
    next_try_s: float | None


class StreamChanges(TypedDict):
    """What streams did, newest first. ``next``: cursor of the next page."""

    changes: list[StreamChange]
    next: str | None


class CountBucket(TypedDict):
    """Crossings from ``start`` on (epoch seconds)."""

    start: int
    forward: int
    reverse: int


class Counts(TypedDict):
    """In order of time."""

    buckets: list[CountBucket]


class OccupancyBucket(TypedDict):
    """People at once from ``start`` on (epoch seconds)."""

    start: int
    mean: float
    max: int


class Occupancy(TypedDict):
    """In order of time."""

    buckets: list[OccupancyBucket]


class Profiles(TypedDict):
    """Who is known, by name."""

    profiles: list[Profile]


class Face(TypedDict):
    """A face of a photo: ``box`` x1, y1, x2, y2 in pixels, and who it may be, the nearest first."""

    box: tuple[float, float, float, float]
    profiles: list[ProfileMatch]


class Faces(TypedDict):
    """From left to right."""

    faces: list[Face]
