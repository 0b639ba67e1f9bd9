"""MOT text of made-up walkers."""

from __future__ import annotations

import gzip
from pathlib import Path


def walkers(path: Path, frames: int = 30, opened: bool = True) -> Path:
    rows = [f"{f},-1,{100 + 4 * f + 200 * i:.1f},100,40,120,0.9\n" for f in range(1, frames + 1) for i in range(2)]
    if opened:
        path.write_text("".join(rows))
    else:
        path.write_bytes(gzip.compress("".join(rows).encode()))
    return path
