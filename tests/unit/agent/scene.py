"""A stream whose people the test decides, through the real tracker, regions and processes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any
from uuid import UUID

import numpy as np

from omni.agent.map_view import MapView
from omni.agent.pipeline import StreamPipeline
from omni.agent.scheduler import Scheduler
from omni.config import RegionConfig, StreamConfig
from omni.faces.watch import FaceWatch
from omni.process import ProcessBuilder, ShotSettings, event_errors, schema_errors
from omni.regions import RegionMonitor
from omni.sources import ConditionLog
from omni.track import Tracker
from omni.types import Detections, Frame, ProcessMessage, RegionEvent, Run

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RUN = Run(UUID(int=1), 1_000_000_000.0)
SIZE = (320, 240)

Boxes = list[tuple[float, float, float, float]]


def standing(x: float, y: float, height: float = 80.0) -> tuple[float, float, float, float]:
    """The box of somebody whose feet are at x, y."""
    return (x - height / 5, y - height, x + height / 5, y)


class Scene:
    """``people`` gives the boxes that the detector sees in a frame; ``play`` runs the stream to its end."""

    def __init__(
        self,
        people: Callable[[int], Boxes],
        frames: int,
        *,
        fps: float = 10.0,
        regions: list[dict[str, Any]] = [],  # noqa: B006
        inertia_frames: int = 3,
        end_lost: bool = False,
        best_shots: ShotSettings | None = None,
        picture: Callable[[int], np.ndarray] | None = None,
        faces: FaceWatch | None = None,
        views: Sequence[MapView] = (),
        options: dict[str, Any] = {},  # noqa: B006
    ) -> None:
        self.people = people
        self.frames = frames
        self.fps = fps
        self.picture = picture or (lambda i: np.full((SIZE[1], SIZE[0], 3), i % 200, np.uint8))
        self.told: list[ProcessMessage] = []
        self.crossed: list[RegionEvent] = []
        self.image_size, self.dropped, self.decode_s, self.fresh_until = SIZE, 0, 0.0, math.inf
        self.left_behind = 0
        self._shown: list[np.ndarray] = []
        self.batch = 1
        self._scheduler = Scheduler(workers=2)
        self._scheduler.start()
        monitor = RegionMonitor([RegionConfig.model_validate(r) for r in regions], inertia_frames)
        builder = ProcessBuilder(
            STREAM, RUN, count(1), ongoings_interval_s=1.0, best_shots=best_shots, stays=monitor.stays
        )
        self.pipeline = StreamPipeline(
            StreamConfig.model_validate({"stream_uuid": STREAM, "url": "scene.avi", **options}),
            self,
            ConditionLog("scene"),
            self,  # type: ignore[arg-type]  # sees what ``people`` says
            None,
            faces,
            self._scheduler,
            Tracker(),
            monitor,
            builder,
            views,
            self.told.append,
            self.crossed.append,
            lambda *_: None,
            threading.Event(),
            end_lost=end_lost,
        )

    def __iter__(self) -> Iterator[Frame]:
        for i in range(self.frames):
            self._shown.append(self.picture(i).copy())  # each a picture of its own, by which ``_seen`` knows the frame
            yield Frame(STREAM, i, RUN.started_at + i / self.fps, i / self.fps, self._shown[i])

    def now(self) -> None:
        """As a file has it."""

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return [self._seen(image) for image in images]

    def _seen(self, image: np.ndarray) -> Detections:
        frame = next(i for i, shown in enumerate(self._shown) if shown is image)
        boxes = np.array(self.people(frame), np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32))

    def play(self) -> list[ProcessMessage]:
        """The messages of the whole run, each held to its schema."""
        self.pipeline.start()
        assert self.pipeline.join(30)
        self._scheduler.stop()
        assert self.pipeline.status().state == "ended", self.pipeline.status().reason
        for message in self.told:
            assert schema_errors({"processes": list(message.processes)}) == []
            assert [event_errors(event) for event in message.events] == [[] for _ in message.events]
        return self.told

    def records(self) -> dict[str, dict[str, Any]]:
        """The newest record of each process: the whole truth, as a receiver keeps it."""
        return {process["id"]: process for message in self.told for process in message.processes}
