"""What a line should count, found the slow way: from the whole walk at once, in no way as the core does it."""

from __future__ import annotations

import numpy as np

Points = np.ndarray
"""(N, 2) float64, relative to the picture."""


def inside(polygon: Points, points: Points) -> np.ndarray:
    """(N,) bool by the winding number: the angles under which the edges are seen add up to a whole turn."""
    spokes = polygon[None] - points[:, None]
    following = np.roll(spokes, -1, 1)
    cross = spokes[..., 0] * following[..., 1] - spokes[..., 1] * following[..., 0]
    turned = np.arctan2(cross, (spokes * following).sum(2)).sum(1)
    return np.abs(turned) > np.pi


def sides(polygon: Points, direction: Points) -> list[str]:
    """``near``, ``far`` or ``end`` of each edge, by trying where a small step along its normal leads."""
    along = np.roll(polygon, -1, 0) - polygon
    normal = np.stack([along[:, 1], -along[:, 0]], 1) / np.linalg.norm(along, axis=1)[:, None]
    leads_inside = inside(polygon, polygon + along / 2 + 1e-6 * normal)
    facing = np.where(leads_inside[:, None], -normal, normal) @ (direction / np.linalg.norm(direction))
    return ["near" if f <= facing.min() / 2 else "far" if f >= facing.max() / 2 else "end" for f in facing]


def borders(polygon: Points, walk: Points) -> list[list[int]]:
    """For each step of the walk the edges that it meets, in order: Cramer's rule for each pair of step and edge."""
    step = np.diff(walk, axis=0)[:, None]
    edge = (np.roll(polygon, -1, 0) - polygon)[None]
    apart = polygon[None] - walk[:-1, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = _determinant(step, edge)
        t, u = _determinant(apart, edge) / whole, _determinant(apart, step) / whole
    met = (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
    return [[int(i) for i in np.argsort(t[row]) if met[row, i]] for row in range(len(met))]


def _determinant(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def crossings(polygon: Points, direction: Points, walk: Points, times: np.ndarray, frames: int) -> list[str]:
    """The crossings of one walk, in order.

    Args:
        polygon: the zone.
        direction: (2,) where forward is.
        walk: (N, 2) places at ``times`` (N,) seconds.
        frames: ``inertia_frames``.
    """
    within, met, side = inside(polygon, walk), borders(polygon, walk), sides(polygon, direction)
    stays: list[list[object]] = [[None, 0, None, None]] if within[0] else []  # side in, step in, side out, step out
    for step, edges in enumerate(met):
        if not edges:
            continue
        if not within[step]:
            stays.append([side[edges[0]], step, None, None])
        if not within[step + 1]:
            stays[-1][2:] = [side[edges[-1]], step]
    merged: list[list[object]] = []
    for stay in stays:
        if merged and not _believed(times[merged[-1][3] + 1 : stay[1] + 1], frames):  # type: ignore[operator]
            merged[-1][2:] = stay[2:]
        else:
            merged.append(stay)
    if merged and merged[-1][3] is not None:
        beyond = times[merged[-1][3] + 1 :]  # type: ignore[operator]
        waited = times[-1] - times[merged[-1][3]]  # type: ignore[call-overload]
        if not _believed(beyond, frames) and waited < (frames - 1) / 10 - 1e-6:
            merged.pop()
    ways = {("near", "far"): "forward", ("far", "near"): "reverse"}
    return [ways[stay[0], stay[2]] for stay in merged if (stay[0], stay[2]) in ways]  # type: ignore[index]


def stays(polygon: Points, walk: Points, times: np.ndarray, frames: int) -> list[tuple[float, float]]:
    """When somebody was inside, first and last: runs of frames that agree, of which short ones are not believed."""
    within = inside(polygon, walk)
    cuts = np.flatnonzero(np.diff(within)) + 1
    state, found = False, []
    for run in np.split(np.arange(len(walk)), cuts):
        if within[run[0]] == state or not _believed(times[run], frames):
            continue
        state = not state
        if state:
            found.append((times[run[0]], np.nan))
        else:
            found[-1] = (found[-1][0], times[run[0] - 1])
    if state:
        found[-1] = (found[-1][0], times[within][-1])
    return found


def _believed(times: np.ndarray, frames: int) -> bool:
    """Whether these times of sights outside are enough."""
    return len(times) >= frames or (len(times) > 1 and times[-1] - times[0] >= (frames - 1) / 10 - 1e-6)
