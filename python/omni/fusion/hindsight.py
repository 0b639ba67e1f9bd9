"""What a whole recording tells of the map afterwards: it is read many times, and told as most of the readings agree.

A live stream is read once, and who is taken for somebody else where two people meet stays so. Which way such a moment
goes often hangs on a few pixels; so a finished file is read again with its boxes moved by less than the noise that is
assumed of them anyway (bagging: Breiman, Machine Learning 24, 1996), and every other time from its end to its
beginning, which errs at other moments: who has just come, and is not yet told of, has then been there for long. People
of several readings are one where they stand on one spot, and one person in time where the readings have said so of late
(``omni._evidence``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Self, TypeAlias

import numpy as np

from omni._arrays import FLOAT32, MOST_PIXELS, check_fps, check_frames, settings
from omni._arrays import rows as of_width
from omni._evidence import Evidence, elected
from omni.fusion.fuser import FusionConfig, MapFuser
from omni.fusion.homography import Homography
from omni.types import Bool, Detections, Float64, Int64, MapState, Tracks

Seen: TypeAlias = Callable[[int], Mapping[str, Tracks | Detections]]
"""What the streams saw in a frame."""
READINGS = 16
"""Half of them backwards."""
OVERLOOKED = 0.5
"""Every other turn takes it that cameras find people so much more rarely: who is not found stays longer."""
MOVED = 0.5
"""Boxes are moved by so much of the noise that is assumed of them, but for the first reading of each direction."""
TOLD_BY = 0.5
"""Somebody is there where this share of the readings tells of them: of who comes, the backward ones do."""
REAL = 0.75
"""Nobody is real of whom at no time this share of the readings tells: those of one direction and half of the other."""
SAME = 0.3
"""Who comes next is the same person where this share of the readings says so, and nobody else is likelier."""
MEMORY_S = 2.0
"""Readings do not change their minds at the same moment: what they said fades with this time constant, seconds."""


@dataclass(frozen=True, slots=True)
class MapRows:
    """People of a recording on the map, one row for each frame and person.

    Attributes:
        frame: (N,) frame numbers.
        object_id: (N,) numbers of the people.
        position: (N, 2) map units.
    """

    frame: Int64
    object_id: Int64
    position: Float64

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of_frame(cls, frame: int, state: MapState) -> Self:
        """What the fuser told of one frame."""
        return cls(np.full(len(state), frame), state.object_id, state.position)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Rows one after the other."""
        none = cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)))
        columns = [[getattr(part, column.name) for part in (none, *parts)] for column in fields(cls)]
        return cls(*map(np.concatenate, columns))

    def at(self, rows: Int64 | Bool | slice) -> Self:
        """Some of the rows."""
        return type(self)(self.frame[rows], self.object_id[rows], self.position[rows])


def whole_recording(
    cameras: Mapping[str, Homography],
    frames: range,
    seen: Seen,
    fps: float,
    config: FusionConfig | None = None,
    *,
    progress: Callable[[], object] = lambda: None,
) -> MapRows:
    """The map as the whole recording shows it.

    Args:
        cameras: for each stream its way to the map.
        frames: frame numbers, one after the other or every k-th.
        seen: for a frame number what the streams saw then, as `MapFuser.update` takes it.
        fps: of these frames a second.
        config: settings of the fuser.
        progress: called after each reading.

    Returns:
        Rows by frame and number, people numbered from 1 in the order in which they come.

    Raises:
        ValueError, TypeError: ``fps`` is no frame rate, ``frames`` no range, or what ``MapFuser`` refuses.
    """
    check_fps(fps)
    check_frames(frames)
    config = settings(config, FusionConfig)
    overlooking = replace(config, detection=OVERLOOKED * config.detection)
    # How freely people move is known from a fuser's second turn on. Offsets and the like are learned anew: what one
    # reading has taken for them wrongly must not mislead all others.
    fusers = [[MapFuser(cameras, each) for _ in ("forwards", "backwards")] for each in (config, overlooking)]
    nobody_known = len(frames) / fps + 2 * config.lost_seconds
    coast_frames = round(fps * config.coast_seconds)
    turns = range(len(frames))

    def in_turn(turn: int) -> Mapping[str, Tracks | Detections]:
        return seen(frames[turn])

    readings = []
    for number in range(READINGS):
        turn, backwards = divmod(number, 2)
        fuser = fusers[turn % 2][backwards]
        for name, homography in cameras.items():
            fuser.set_camera(name, homography)
        boxes = in_turn if turn == 0 else _shaken(in_turn, MOVED * config.pixel_noise, np.random.default_rng(number))
        order = turns[::-1] if backwards else turns
        readings.append(_reading(fuser, order, boxes, fps, turn * nobody_known, coast_frames))
        progress()
    agreed = _agreed(readings, turns, fps, config.merge_distance_m / config.metres_per_unit)
    whole = _without_gaps(agreed, round(fps * config.lost_seconds))
    ordered = whole.at(np.lexsort((whole.object_id, whole.frame)))
    return replace(ordered, frame=frames.start + frames.step * ordered.frame)


def _shaken(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """The boxes with each side moved by a share of the box's height, more or less."""

    def moved(boxes: Tracks | Detections) -> Tracks | Detections:
        given = of_width("xyxy", boxes.xyxy, 4, FLOAT32)
        height = given[:, 3:4] - given[:, 1:2]
        xyxy = (given + height * rng.normal(0.0, share, given.shape)).clip(-MOST_PIXELS, MOST_PIXELS)
        xyxy[:, 2:] = np.maximum(xyxy[:, 2:], xyxy[:, :2])
        return replace(boxes, xyxy=xyxy.astype(np.float32))

    return lambda frame: {name: moved(boxes) for name, boxes in sorted(seen(frame).items())}


def _reading(fuser: MapFuser, frames: range, seen: Seen, fps: float, start: float, gap_frames: int) -> MapRows:
    """What the fuser tells from ``start`` on; who is not seen for so long has gone straight to where they are next."""
    told = []
    for step, frame in enumerate(frames):
        state = fuser.update(seen(frame), timestamp=start + step / fps)
        rows = MapRows.of_frame(frame, state)
        told.append(rows.at(np.array([len(sources) > 0 for sources in state.sources], np.bool_)))
    return _without_gaps(MapRows.joined(told), gap_frames)


class _Group:
    """People of several readings who stand on one spot in one frame.

    Attributes:
        members: for each reading of whom it tells there.
        place: the mean of where they say, map units.
        person: who the first of them was in the frame before, None where nobody.
    """

    def __init__(self, reading: int, member: int, place: Float64, person: int | None) -> None:
        self.members = {reading: member}
        self.place = place
        self.person = person

    def add(self, reading: int, member: int, place: Float64, person: int | None) -> None:
        self.members[reading] = member
        self.place = self.place + (place - self.place) / len(self.members)
        self.person = person if self.person is None else self.person


def _agreed(readings: Sequence[MapRows], frames: range, fps: float, radius: float) -> MapRows:
    """Of whom most readings tell, each where they stand in the mean, with the numbers on which most agree."""
    split = [_by_frame(rows, frames) for rows in readings]
    evidence = Evidence(len(readings), fps, MEMORY_S)
    now: dict[tuple[int, int], int] = {}  # reading and member -> who it was in the frame before
    told: list[tuple[int, int, float, float, int]] = []
    for step, frame in enumerate(frames):
        there = _groups([parts[step] for parts in split], now, radius)
        there = [group for group in there if len(group.members) >= TOLD_BY * len(readings)]
        said = [group.members.items() for group in there]
        votes = [
            (share, person, i)
            for i, members in enumerate(said)
            for person, share in evidence.shares(members).items()
            if share >= SAME
        ]
        who = elected(votes)
        now = {}
        for i, group in enumerate(there):
            person = evidence.note(who.get(i), said[i], frame)
            now |= dict.fromkeys(said[i], person)
            told.append((frame, person, *group.place.tolist(), len(group.members)))
    table = np.array(told, np.float64).reshape(-1, 5)
    number = table[:, 1].astype(np.int64)
    most = np.zeros(len(evidence))
    np.maximum.at(most, number, table[:, 4])
    real = most >= REAL * len(readings)
    renumbered = np.cumsum(real, dtype=np.int64)[number]
    return MapRows(table[:, 0].astype(np.int64), renumbered, table[:, 2:4]).at(real[number])


def _by_frame(rows: MapRows, frames: range) -> list[tuple[list[int], Float64]]:
    """For each frame who is there and where."""
    ordered = rows.at(np.lexsort((rows.object_id, rows.frame)))
    bounds = np.searchsorted(ordered.frame, [*frames, frames.stop]).tolist()
    return [(ordered.object_id[a:b].tolist(), ordered.position[a:b]) for a, b in pairwise(bounds)]


def _groups(
    told: Sequence[tuple[list[int], Float64]], before: Mapping[tuple[int, int], int], radius: float
) -> list[_Group]:
    """Whom the readings tell of in one frame, put together: first who was one person before, then who is nearest."""
    groups: list[_Group] = []
    for reading, (members, places) in enumerate(told):
        persons = [before.get((reading, member)) for member in members]
        free, open_groups = set(range(len(members))), set(range(len(groups)))
        for _, _, i, g in sorted(_near(groups, places, persons, radius)):
            if i in free and g in open_groups:
                free.remove(i)
                open_groups.remove(g)
                groups[g].add(reading, members[i], places[i], persons[i])
        groups += [_Group(reading, members[i], places[i], persons[i]) for i in sorted(free)]
    return groups


def _near(
    groups: list[_Group], places: Float64, persons: list[int | None], radius: float
) -> list[tuple[bool, float, int, int]]:
    """Pairs of a place and a group within the radius: whether they were different people before, and how far apart."""
    if not groups or not len(places):
        return []
    apart = places[:, None] - np.array([group.place for group in groups])[None]
    distance = np.hypot(apart[..., 0], apart[..., 1])
    pairs = zip(*(axis.tolist() for axis in np.nonzero(distance <= radius)), strict=True)
    return [(persons[i] is None or persons[i] != groups[g].person, float(distance[i, g]), i, g) for i, g in pairs]


def _without_gaps(rows: MapRows, gap_frames: int) -> MapRows:
    """Everybody who is not told of for at most so long has moved straight on."""
    ordered = rows.at(np.lexsort((rows.frame, rows.object_id)))
    missing = np.diff(ordered.frame) - 1
    gaps = np.flatnonzero((np.diff(ordered.object_id) == 0) & (missing > 0) & (missing <= gap_frames))
    filled = [ordered]
    for i in gaps.tolist():
        frame = np.arange(ordered.frame[i] + 1, ordered.frame[i + 1])
        way = [np.interp(frame, ordered.frame[i : i + 2], axis) for axis in ordered.position[i : i + 2].T]
        filled.append(MapRows(frame, np.full(len(frame), ordered.object_id[i]), np.column_stack(way)))
    return MapRows.joined(filled)
