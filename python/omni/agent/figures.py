"""What an agent tells of itself: counts and times, and why it does less than it was told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from omni.agent.parts import MAP_PROBLEM, Parts
from omni.agent.pipeline import StreamPipeline
from omni.delivery import Delivery
from omni.faces.engine import FaceEngine
from omni.history import History
from omni.types import StreamStatus

KEEPS_UP = 0.9
"""A stream of whose frames less than this share is analysed is told of as a problem."""


def problems(streams: Sequence[StreamStatus], parts: Parts, delivery: Delivery, history: History | None) -> list[str]:
    """One line a fault."""
    faces = parts.networks.faces
    found = [*parts.map_problems, *delivery.problems()]
    found += [f"{MAP_PROBLEM}{why}" for view in parts.views.values() for why in list(view.problems.values())]
    found += history.problems() if history else []
    found += faces.recognition.gallery.problems if faces else ()
    found += [
        f"stream {status.name}: {status.state}{': ' if status.reason else ''}{status.reason}"
        for status in streams
        if status.state not in ("online", "ended")
    ]
    found += [
        f"stream {status.name}: the machine cannot keep up: {status.fps} of {status.offered_fps} frames a second"
        for status in streams
        if status.state == "online" and status.fps < KEEPS_UP * status.offered_fps
    ]
    return found


def stats(
    pipelines: Sequence[StreamPipeline], parts: Parts, delivery: Delivery, history: History | None
) -> dict[str, Any]:
    """Sums over all streams, plain values."""
    statuses = [pipeline.status() for pipeline in pipelines]
    stages: dict[str, float] = {}
    for pipeline in pipelines:
        for stage, seconds in pipeline.stage_s.items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    stage_s = {**stages, "map": sum(view.fuse_s for view in parts.views.values())}
    total = sum(stage_s.values())
    detector, faces = parts.networks.detector, parts.networks.faces
    return {
        "frames": sum(status.frames for status in statuses),
        "dropped": sum(status.dropped for status in statuses),
        "fps": round(sum(status.fps for status in statuses if status.state == "online"), 2),
        "tracks": sum(pipeline.people_seen for pipeline in pipelines),
        "map_objects": {name: view.objects_seen for name, view in parts.views.items()},
        "map": {name: view.stats() for name, view in parts.views.items()},
        "stage_share": {stage: round(s / total, 4) if total else 0.0 for stage, s in sorted(stage_s.items())},
        "stage_s": {stage: round(s, 3) for stage, s in sorted(stage_s.items())},
        "detector": detector.info() if detector else None,
        "networks": parts.networks.documents(),
        "faces": _face_stats(pipelines, faces) if faces else None,
        "webhooks": delivery.stats(),
        "history": history.stats() if history else None,
    }


def _face_stats(pipelines: Sequence[StreamPipeline], faces: FaceEngine) -> dict[str, float]:
    gallery = faces.recognition.gallery
    counts: Counter[str] = Counter(profiles=len(gallery.profiles), gallery_changes=gallery.generation)
    seconds: dict[str, float] = {}
    for pipeline in pipelines:
        counts.update(pipeline.face_counts)
        for name, spent in pipeline.face_cost_s.items():
            seconds[name] = seconds.get(name, 0.0) + spent
    person_s = seconds.get("person_s", 0.0)
    of_people = seconds.get("embed_s", 0.0) + seconds.get("attributes_s", 0.0)
    return {
        **counts,
        **{name: round(spent, 3) for name, spent in seconds.items()},
        "ms_per_person_s": round(1000 * of_people / person_s, 2) if person_s else 0.0,
    }
