"""Figures over time: how often a line was crossed, how many people a region held."""

from __future__ import annotations

from dataclasses import dataclass

from omni.history.archive import Archive


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in equal buckets, Unix epoch seconds; the first begins at ``start_s``."""

    start_s: int
    end_s: int
    bucket_s: int

    @property
    def starts(self) -> list[int]:
        return list(range(self.start_s, self.end_s, self.bucket_s))


def counts(archive: Archive, span: Span, line: str = "") -> list[dict[str, int]]:
    """Crossings in each bucket, by the time at which the line was behind the person.

    Args:
        archive: where to look.
        span: the buckets.
        line: UUID; empty: all lines together.

    Returns:
        For each bucket ``start`` (epoch seconds), ``forward``, ``reverse``.
    """
    found = {start: {"start": start, "forward": 0, "reverse": 0} for start in span.starts}
    rows = archive.rows(
        "SELECT (ended - :from) / :bucket, direction, COUNT(*) FROM process INDEXED BY process_in_region"
        " WHERE region IS NOT NULL AND action = 'line_crossing' AND (:line = '' OR region = :line)"
        " AND ended >= :from AND ended < :to GROUP BY 1, 2",
        {"line": line, "from": span.start_s * 1000, "to": span.end_s * 1000, "bucket": span.bucket_s * 1000},
    )
    for bucket, direction, count in rows:
        found[span.start_s + bucket * span.bucket_s][direction] = count
    return list(found.values())


def occupancy(archive: Archive, span: Span, region: str, now_s: float) -> list[dict[str, float]]:
    """How many people were in a region at once.

    Args:
        archive: where to look.
        span: the buckets.
        region: UUID.
        now_s: the time, Unix epoch seconds: who has not left is still there, and of a bucket that is not over, the
            mean is that of its past.

    Returns:
        For each bucket ``start`` (epoch seconds), ``mean`` (person-seconds a second), ``max``.
    """
    start_ms, end_ms, bucket_ms = span.start_s * 1000, span.end_s * 1000, span.bucket_s * 1000
    rows = archive.rows(
        "SELECT began, CASE WHEN finalized THEN ended ELSE MAX(ended, ?) END FROM process"
        " WHERE region = ? AND action = 'roi_presence' AND (ended >= ? OR NOT finalized) AND began < ?",
        (round(now_s * 1000), region, start_ms, end_ms),
    )
    steps = [step for began, ended in rows for step in ((began, 1), (max(ended, began + 1), -1))]
    steps += [(start * 1000, 0) for start in span.starts]  # a bucket begins with those who are there already
    steps.sort()  # at one instant who leaves goes before who comes
    area = [0] * len(span.starts)
    most = [0] * len(span.starts)
    inside, since = 0, start_ms
    for at, change in [*steps, (end_ms, 0)]:
        until = min(max(at, start_ms), end_ms)
        if until > since:
            bucket = (since - start_ms) // bucket_ms
            area[bucket] += inside * (until - since)
            most[bucket] = max(most[bucket], inside)
            since = until
        inside += change
    return [
        {"start": start, "mean": round(area[i] / _past_ms(span, start, now_s), 3), "max": most[i]}
        for i, start in enumerate(span.starts)
    ]


def _past_ms(span: Span, start_s: int, now_s: float) -> float:
    """How much of a bucket is over."""
    end_s = min(start_s + span.bucket_s, span.end_s)
    return 1000 * max(min(end_s, now_s) - start_s, 1.0) if start_s < now_s else 1000.0 * span.bucket_s
