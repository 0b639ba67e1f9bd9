"""What is counted, and how it is told to Prometheus (delivery, line 15)."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

BUCKETS_S = (0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0)
RECENT = 1000


class Latencies:
    """Seconds from a message's publication to its 2xx: a histogram of all, percentiles of the latest ``RECENT``."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds
        self._recent.append(seconds)

    def document(self) -> dict[str, Any]:
        recent = sorted(self._recent)
        return {
            "p50_ms": _percentile_ms(recent, 0.5),
            "p99_ms": _percentile_ms(recent, 0.99),
            "sum_s": round(self._sum_s, 3),
            "counts": list(self._counts),
        }


def _percentile_ms(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 1) if ordered else None


def prometheus(stats: dict[str, Any]) -> str:
    """The figures of ``Delivery.stats`` in the text format of Prometheus, version 0.0.4."""
    return "\n".join(_lines(stats)) + "\n"


def _lines(stats: dict[str, Any]) -> Iterator[str]:
    endpoints = stats["endpoints"]
    yield from family("omni_webhook_depth", "gauge", [({"endpoint": e["id"]}, e["waiting"]) for e in endpoints])
    yield from family(
        "omni_webhook_oldest_age_seconds", "gauge", [({"endpoint": e["id"]}, e["oldest_age_s"]) for e in endpoints]
    )
    yield from family(
        "omni_webhook_attempts_total",
        "counter",
        [({"endpoint": e["id"], "outcome": outcome}, n) for e in endpoints for outcome, n in e["attempts"].items()],
    )
    yield from family(
        "omni_webhook_delivered_total",
        "counter",
        [({"endpoint": e["id"], "reason": reason}, n) for e in endpoints for reason, n in e["delivered"].items()],
    )
    yield from family("omni_webhook_dead", "gauge", [({"endpoint": e["id"]}, e["dead"]) for e in endpoints])
    lost = [("", d) for d in stats["dropped"]] + [(e["id"], d) for e in endpoints for d in e["dropped"]]
    yield from family(
        "omni_webhook_dropped_total",
        "counter",
        [({"endpoint": name, "class": d["class"], "cause": d["cause"]}, d["count"]) for name, d in lost],
    )
    yield "# TYPE omni_webhook_latency_seconds histogram"
    for e in endpoints:
        total = 0
        for bound, count in zip((*BUCKETS_S, "+Inf"), e["latency"]["counts"], strict=True):
            total += count
            yield _sample("omni_webhook_latency_seconds_bucket", {"endpoint": e["id"], "le": str(bound)}, total)
        yield _sample("omni_webhook_latency_seconds_sum", {"endpoint": e["id"]}, e["latency"]["sum_s"])
        yield _sample("omni_webhook_latency_seconds_count", {"endpoint": e["id"]}, total)
    yield from family("omni_outbox_bytes", "gauge", [({}, stats["outbox"]["bytes"])])
    yield from family("omni_outbox_problem", "gauge", [({}, int(bool(stats["outbox"]["problem"])))])


def family(name: str, kind: str, samples: Sequence[tuple[dict[str, str], float]]) -> Iterator[str]:
    """The lines of one metric: its type, and a sample for each set of labels (empty ones are left out)."""
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items() if text)
    return f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
