"""What the page costs the server: CPU of the service with and without somebody who watches eight cameras.

``python -m benches.system.page`` paints the site (``painted_site``), serves it in a process of its own and compares its
CPU time while a browser's worth of websocket is read with the time while nobody watches, taking turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import aiohttp

from omni.service.server import free_port


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--width", type=int, default=640, help="of the tiles, device pixels")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    port = free_port("127.0.0.1", 0)
    folder = Path(tempfile.gettempdir()) / f"omni-painted-{options.cameras}"
    command = [sys.executable, "-m", "benches.system.serve_painted", str(folder), str(options.cameras), str(port)]
    service = subprocess.Popen(command)
    try:
        _wait(port)
        time.sleep(5)
        print(json.dumps(asyncio.run(_measure(service.pid, port, options))))
    finally:
        service.terminate()
        service.wait(20)


async def _measure(pid: int, port: int, options: argparse.Namespace) -> dict[str, object]:
    idle, watched, rates, sizes = [], [], [], []
    for _ in range(options.turns):
        before, at = _cpu_s(pid), time.perf_counter()
        await asyncio.sleep(options.seconds)
        idle.append((_cpu_s(pid) - before) / (time.perf_counter() - at))
        before, at = _cpu_s(pid), time.perf_counter()
        pictures, size = await _watch(port, options)
        took = time.perf_counter() - at
        watched.append((_cpu_s(pid) - before) / took)
        rates.append(pictures / took)
        sizes.append(size / max(pictures, 1))
    costs = [w - i for w, i in zip(watched, idle, strict=True)]
    return {
        "cameras": options.cameras,
        "tile_width": options.width,
        "pictures_a_second": round(statistics.median(rates), 1),
        "bytes_a_picture": round(statistics.median(sizes)),
        "core_share": round(statistics.median(costs), 3),
        "spread": [round(min(costs), 3), round(max(costs), 3)],
        "service_alone": round(statistics.median(idle), 3),
    }


async def _watch(port: int, options: argparse.Namespace) -> tuple[int, int]:
    pictures = size = 0
    deadline = time.monotonic() + options.seconds
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/api/v1/live", max_msg_size=0) as socket,
    ):
        await socket.send_json({"width": options.width})
        while time.monotonic() < deadline:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                pictures += 1
                size += len(message.data)
    return pictures, size


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the service did not come up")


if __name__ == "__main__":
    main()
