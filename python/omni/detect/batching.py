"""Pictures of several callers through one network at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from omni.detect.heads import Outputs
from omni.detect.network import Network
from omni.types import Float32

ON_ACCELERATOR = 32
"""Pictures that an accelerator is given at once at most."""


@dataclass(slots=True, eq=False)
class _Job:
    """Pictures of one caller, and what came of them."""

    pictures: Float32
    outputs: Outputs | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.outputs is not None or self.error is not None


class Batcher:
    """Runs a network for callers in several threads. Who comes while it is busy waits, and all who wait go through
    together when it is free: the first of them runs the batch and hands the others their part (flat combining, Hendler
    et al. 2010). Who is alone runs at once: nobody is waited for. It has no thread of its own, so nothing is to be
    stopped.

    Args:
        run: pictures (n, ...) to outputs, each with n rows that depend on their own picture alone; any threads.
        most: pictures at once at most.
        side_by_side: runs at the same time at most.
    """

    def __init__(self, run: Callable[[Float32], Outputs], *, most: int, side_by_side: int) -> None:
        self._run = run
        self._most = most
        self._free = side_by_side
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()

    @classmethod
    def of(cls, network: Network, *, on_cpu: int) -> Batcher:
        """For a network as it runs here.

        Args:
            network: one that takes a single picture at a time gets no more.
            on_cpu: pictures at once at most on a CPU: what was measured to be fastest (docs/benchmarks/faces.md).
        """
        most = ON_ACCELERATOR if network.accelerated else on_cpu
        return cls(network.run, most=most if network.batches else 1, side_by_side=network.side_by_side)

    def run(self, pictures: Float32) -> Outputs:
        """The outputs for pictures (n, ...), n > 0. Returns when they are there.

        Raises:
            Exception: what the network raises for these pictures; those of others in the batch fail nobody else.
        """
        parts = [self._wait(_Job(pictures[i : i + self._most])) for i in range(0, len(pictures), self._most)]
        return (
            parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        )

    def _wait(self, job: _Job) -> Outputs:
        with self._changed:
            self._waiting.append(job)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: job.done or (self._free > 0 and job in self._waiting))
                if job.done:
                    break
                batch = self._take()
                self._free -= 1
            try:
                self._finish(batch)
            finally:
                with self._changed:
                    self._free += 1
                    self._changed.notify_all()
        if job.error is not None:
            raise job.error
        assert job.outputs is not None
        return job.outputs

    def _take(self) -> list[_Job]:
        """Those who have waited longest, as many as fit."""
        batch = [self._waiting.popleft()]
        room = self._most - len(batch[0].pictures)
        while self._waiting and len(self._waiting[0].pictures) <= room:
            batch.append(self._waiting.popleft())
            room -= len(batch[-1].pictures)
        return batch

    def _finish(self, batch: list[_Job]) -> None:
        """Run it; where it fails as a whole, each alone, so that the error goes to whose pictures are to blame."""
        try:
            outputs = self._run(
                batch[0].pictures if len(batch) == 1 else np.concatenate([job.pictures for job in batch])
            )
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
            else:
                for job in batch:
                    self._finish([job])
            return
        first = 0
        for job in batch:
            last = first + len(job.pictures)
            job.outputs = {name: value[first:last] for name, value in outputs.items()}
            first = last
