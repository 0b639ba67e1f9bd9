"""When the pictures of a camera, or of a recording, were taken: its own timestamps on a clock that never goes back."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

JUMP_S = 2.0
"""Timestamps that advance so much more than time itself have been set anew."""
LATE_S = 1.0
"""A picture that comes so much later than others of its connection is stale."""
LATE_FOR_S = 5.0
"""When pictures have been late for so long, lateness is the rule: time begins anew."""
SETTLE_S = 2.0
"""A connection begins with what waited in buffers, for at most so long."""
DRIFT = 1e-3
"""The camera's clock may run so much slower than ours."""
_LEAST_STEP_S = 1e-3
BACK_S = 0.5
"""Timestamps of a recording that fall back by so much have begun anew."""
SAME_S = 1e-4
"""Times of a recording that differ by less are one, which rounding made two; as Unix epoch seconds they would be the
same."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When one picture was taken.

    Attributes:
        at: seconds on the clock of the arrivals, strictly rising over all pictures of the camera.
        lag_s: how much later it arrived than the least delayed ones of its connection.
        segment: counts the connections and the jumps of the camera's clock.
        waited: it lay in a buffer when the connection began, its age is unknown.
        jumped: the camera's clock was set anew with this picture.
    """

    at: float
    lag_s: float
    segment: int
    waited: bool = False
    jumped: bool = False


class CameraClock:
    """Dates the pictures of one camera, over all its connections.

    A picture was taken when it arrived, less its lag: how much later it came than the least delayed ones, by its own
    timestamp. So buffers and networks that hold pictures back do not date them wrongly, and neither our wall clock
    nor the camera's counts. Not thread-safe.
    """

    def __init__(self) -> None:
        self._segment = -1
        self._last_at = -float("inf")
        self._begun = self._arrival = self._pts = self._offset = 0.0
        self._first = True
        self._settled = False
        self._timed = True
        self._late_since: float | None = None

    def connected(self) -> None:
        """A new connection: its timestamps have nothing to do with those before."""
        self._first, self._settled, self._late_since = True, False, None

    def date(self, pts: float | None, arrival: float) -> Moment:
        """Date the next picture.

        Args:
            pts: its own timestamp, seconds; None: it has none.
            arrival: seconds on a monotonic clock.
        """
        timed_before, self._timed = self._timed, pts is not None
        if pts is None:
            pts, self._settled = arrival - self._offset, True
        jumped = False
        if self._first:
            self._first, self._begun = False, arrival
            self._anew(pts, arrival)
        elif self._jumps(pts, arrival):
            # FFmpeg counts RTSP's time anew after the first pictures, from nought, which is no time
            jumped = timed_before and arrival - self._begun > SETTLE_S
            self._anew(pts, arrival, begins=jumped)
        lag_s = self._lag(pts, arrival)
        if self._late_for(lag_s, arrival) > LATE_FOR_S:
            lag_s, jumped = 0.0, True
            self._anew(pts, arrival)
        self._pts, self._arrival = pts, arrival
        self._last_at = max(arrival - lag_s, self._last_at + _LEAST_STEP_S)
        return Moment(self._last_at, lag_s, self._segment, not self._settled, jumped)

    def _anew(self, pts: float, arrival: float, *, begins: bool = True) -> None:
        self._segment += begins
        self._pts, self._arrival, self._offset = pts, arrival, arrival - pts
        self._late_since = None

    def _jumps(self, pts: float, arrival: float) -> bool:
        step = pts - self._pts
        return step < 0 or step > arrival - self._arrival + JUMP_S

    def _lag(self, pts: float, arrival: float) -> float:
        offset, step = arrival - pts, pts - self._pts
        if (step > 0 and offset > self._offset - step / 2) or arrival - self._begun > SETTLE_S:
            self._settled = True  # it did not come at once after the one before
        self._offset = min(offset, self._offset + DRIFT * (arrival - self._arrival))
        return offset - self._offset

    def _late_for(self, lag_s: float, arrival: float) -> float:
        if lag_s <= LATE_S:
            self._late_since = None
            return 0.0
        self._late_since = arrival if self._late_since is None else self._late_since
        return arrival - self._late_since


class RecordingClock:
    """Dates the pictures of one recording: seconds from its beginning, strictly rising.

    Timestamps may be missing, be there twice, or begin anew, as where recordings were put one behind the other; time
    then goes on by the usual step.

    Args:
        step_s: the usual time from picture to picture, seconds.
        most_ahead_s: timestamps that are so much later than the one before have begun anew, too.
    """

    def __init__(self, step_s: float, most_ahead_s: float) -> None:
        self._step_s = step_s
        self._most_ahead_s = most_ahead_s
        self._stamp = self._told = -1.0
        self._shift = 0.0

    def date(self, stamp: float) -> float:
        """When the next picture was taken, by its timestamp: seconds, not finite where it has none."""
        if not isfinite(stamp):
            stamp = self._stamp
        if self._told < 0:
            usual, anew = 0.0, stamp < 0
        else:
            usual, anew = self._told + self._step_s, not -BACK_S <= stamp - self._stamp <= self._most_ahead_s
        if anew:
            self._shift = usual - stamp
        at = stamp + self._shift
        self._stamp, self._told = stamp, at if at > self._told + SAME_S else usual
        return self._told
