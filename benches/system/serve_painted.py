"""Serve the painted site: ``python -m benches.system.serve_painted FOLDER CAMERAS PORT [FRAMES]``."""

from __future__ import annotations

import sys
from pathlib import Path

from benches.system.painted_site import PaintedDetector, make

import omni.agent.networks
from omni.service import create_app, open_settings, serve


def main() -> None:
    folder, cameras, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    make(folder, cameras, *map(int, sys.argv[4:]))
    omni.agent.networks._open_detector = lambda _: PaintedDetector()  # type: ignore[assignment, return-value]
    settings, config, agent = open_settings(folder, strict=False)
    assert agent is not None
    serve(create_app(lambda: agent, config, settings), "127.0.0.1", port)


if __name__ == "__main__":
    main()
