"""The same bits whatever the processor: the C library's ``exp`` and ``log`` are others where it has no FMA."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from tests.property.test_fusion import fuser, hall, seen

from omni import Tracker

WITHOUT_FMA = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA_Usable,-FMA4,-AVX2,-AVX2_Usable"}
"""What has glibc take the functions for old processors; other C libraries know nothing of it."""


SEED = 3
"""A crowd of which the C library's functions told two processors different bits."""


def digest() -> str:
    """Of all that a tracker and a fuser tell of two seconds in the hall."""
    views, told = hall(), hashlib.sha256()
    trackers, one = {name: Tracker() for name in views}, fuser(views)
    for frame in range(25):
        boxes = seen(views, SEED, frame)
        state = one.update(boxes, timestamp=frame / 10)
        columns = [state.object_id, state.position, state.velocity, state.covariance]
        for name, found in boxes.items():
            tracks = trackers[name].update(found.xyxy, found.confidence, timestamp=frame / 10)
            columns += [tracks.track_id, tracks.xyxy]
        for column in columns:
            told.update(np.ascontiguousarray(column).tobytes())
    return told.hexdigest()


def test_a_processor_without_fma_gives_the_same_bits() -> None:
    command = [sys.executable, "-c", "from tests.golden.test_processors import digest; print(digest())"]
    root, environment = Path(__file__).parents[2], {**os.environ, **WITHOUT_FMA}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == digest()
