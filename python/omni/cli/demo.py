"""``omni demo``: the whole system on real video with everything embedded."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omni.cli.output import add_json, in_seconds, note, port_number, print_json


def add_parser(verbs: Any) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "demo",
        help="the whole system on real video",
        description="Two camera views of a real street, one floor map, webhooks into a built-in receiver, the page.",
    )
    parser.add_argument(
        "--port", type=port_number, default=8080, metavar="P", help="port of the page (default 8080; 0: a free one)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument(
        "--seconds", type=in_seconds, metavar="S", help="stop after S seconds (default: run until Ctrl-C)"
    )
    parser.add_argument("--video", type=Path, metavar="PATH", help="the clip, where Debian's package cannot be had")
    parser.add_argument("--prepare", action="store_true", help="fetch the model and the clip, and stop")
    add_json(parser)
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    from omni.agent import Agent
    from omni.cache import cache_folder
    from omni.demo.clip import demo_clip
    from omni.demo.scene import demo_config, draw_plan
    from omni.detect.models import pull
    from omni.errors import SourceError
    from omni.receiver import Receiver
    from omni.service import create_app, free_port, serve

    if options.video is not None and not options.video.is_file():
        raise SourceError(f"{options.video}: no such file; give --video a video file")
    port = free_port("127.0.0.1", options.port)
    pull("nanodet-g-416", progress=note)
    clip = options.video or demo_clip(note)
    if options.prepare:
        return 0
    plan = cache_folder("demo") / "plan.png"
    draw_plan(clip, plan)
    printer = _Printer(quiet=options.json)
    receiver = Receiver(printer.show)
    address = receiver.start("127.0.0.1", 0)
    state = TemporaryDirectory(prefix="omni-demo-")  # of this run: counters, the history of the page
    try:
        config = demo_config(clip, plan, loop=True, receiver=address, host="127.0.0.1", port=port)
        agent = Agent({**config, "state_folder": state.name})
        printer.names.update({status.stream_uuid: status.name for status in agent.streams()})
        app = create_app(lambda: agent, agent.config)
        page = f"http://127.0.0.1:{port}/"
        note(f"page      {page}\nwebhooks  {address}\nclip      PETS 2009 S2.L1, View 001 (University of Reading)\n")
        _when_up(app, page, open_browser=not options.no_browser, seconds=options.seconds)
        begun = time.monotonic()
        serve(app, "127.0.0.1", port)
        summary = _summary(agent, receiver, time.monotonic() - begun, page)
    finally:
        receiver.stop()
        state.cleanup()
    print_json(summary) if options.json else note(_readable(summary))
    return 1 if summary["webhooks"]["wrong"] or summary["frames"] == 0 else 0


class _Printer:
    """Prints webhooks as they arrive."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self.names: dict[str, str] = {}

    def show(self, received: Any) -> None:
        from omni.receiver import describe

        if not self._quiet:
            note(describe(received, self.names))


def _when_up(app: Any, page: str, *, open_browser: bool, seconds: float | None) -> None:
    @app.after_server_start  # type: ignore[untyped-decorator]
    async def _up(app: Any) -> None:
        if open_browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()
        if seconds is not None:
            app.loop.call_later(seconds, app.stop)


def _has_screen() -> bool:
    """Without one, ``webbrowser`` would start a text browser in this terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _summary(agent: Any, receiver: Any, elapsed_s: float, page: str) -> dict[str, Any]:
    stats = agent.stats()
    return {
        "page": page,
        "seconds": round(elapsed_s, 1),
        "streams": [
            {"name": s.name, "state": s.state, "frames": s.frames, "image_size": s.image_size} for s in agent.streams()
        ],
        "frames": stats["frames"],
        "fps": round(stats["frames"] / elapsed_s, 2),
        "tracks": stats["tracks"],
        "map_objects": sum(stats["map_objects"].values()),
        "lines": [{name: line[name] for name in ("name", "forward", "reverse")} for line in agent.lines()],
        "webhooks": {
            "delivered": stats["webhooks"]["delivered"],
            "received": dict(sorted(receiver.received.items())),
            "wrong": receiver.wrong,
        },
        "stage_share": stats["stage_share"],
    }


def _readable(summary: dict[str, Any]) -> str:
    delivered = ", ".join(f"{n} {reason}" for reason, n in summary["webhooks"]["delivered"].items()) or "none"
    lines = ", ".join(f"{line['name']} {line['forward']} / {line['reverse']}" for line in summary["lines"])
    stages = ", ".join(f"{stage} {share:.0%}" for stage, share in summary["stage_share"].items())
    return (
        f"\n{len(summary['streams'])} streams, {summary['frames']} frames in {summary['seconds']} s "
        f"({summary['fps']} a second)\n{summary['tracks']} tracks, {summary['map_objects']} people on the map\n"
        f"lines crossed, forward / reverse: {lines}\nwebhooks delivered: {delivered}\ntime: {stages}"
    )
