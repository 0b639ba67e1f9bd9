"""The service with a running agent, beside a bare Sanic that answers as many constant bytes. Prints JSON rows.

The agent watches two painted cameras and their map (``benches/system/painted_site.py``) while it is asked. Both servers
are processes of their own on loopback and take turns; each is asked over connections that are kept, as soon as it has
answered. The client is this process, and costs less than what it measures: streams of asyncio, no HTTP library.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from sanic import HTTPResponse, Request, Sanic

from omni.service.server import free_port, listen

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
PATHS = ("/map_tracking", "/api/v1/status", "/readyz")
CAMERAS = 2
CONNECTIONS = 32
ROUNDS = 3
SECONDS = 1.0
"""Of one turn."""

BRIEF_FRAMES = 40
"""Of the film when briefly measured: to paint all of it takes most of the time."""

STARTED_S = 60.0
"""Within which the agent has people on its map."""


@dataclass(frozen=True)
class Turn:
    """What was measured in a turn."""

    per_s: float
    p50_ms: float
    p99_ms: float


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--brief", action="store_true", help="one short turn of each, to see that it works")
    brief = parser.parse_args().brief
    cameras, rounds, seconds = (1, 1, 0.2) if brief else (CAMERAS, ROUNDS, SECONDS)
    turns: dict[tuple[str, int], list[Turn]] = {}
    with service(cameras, BRIEF_FRAMES if brief else None) as ours:
        sizes = {path: len(asyncio.run(_ask(ours, path))) for path in PATHS}
        with bare_sanic(sizes) as bare:
            for _ in range(rounds):
                for path in PATHS:
                    for port in (bare, ours):
                        turns.setdefault((path, port), []).append(asyncio.run(_load(port, path, seconds)))
    print(json.dumps([_row(path, size, turns[path, ours], turns[path, bare]) for path, size in sizes.items()]))
    return 0


def _row(path: str, size: int, ours: list[Turn], bare: list[Turn]) -> dict[str, Any]:
    """Medians of the turns."""
    servers = {"omni": ours, "bare_sanic": bare}
    per_s = {name: median(turn.per_s for turn in turns) for name, turns in servers.items()}
    return {
        "case": f"GET {path}, {size} bytes",
        **{f"{name}_per_s": round(rate) for name, rate in per_s.items()},
        "omni_to_bare": round(per_s["omni"] / per_s["bare_sanic"], 2),
        **{f"{name}_p50_ms": round(median(turn.p50_ms for turn in turns), 1) for name, turns in servers.items()},
        **{f"{name}_p99_ms": round(median(turn.p99_ms for turn in turns), 1) for name, turns in servers.items()},
    }


@contextmanager
def service(cameras: int, frames: int | None) -> Iterator[int]:
    """The service with the painted site, its films of so many frames. Yields its port once people are on the map."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port(HOST, 0)
        command = [sys.executable, "-m", "benches.system.serve_painted", folder, str(cameras), str(port)]
        command += [] if frames is None else [str(frames)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
        try:
            deadline = time.monotonic() + STARTED_S
            while not asyncio.run(_people_on_map(port)):
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit("bench: the service shows nobody on its map")
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()
            process.wait(20)


async def _people_on_map(port: int) -> bool:
    try:
        views = json.loads(await _ask(port, "/map_tracking"))["views"]
    except OSError:
        return False
    return any(view["objects"] for view in views.values())


@contextmanager
def bare_sanic(sizes: Mapping[str, int]) -> Iterator[int]:
    """A Sanic with nothing but constants of these sizes. Yields its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_bare, args=(theirs, sizes), daemon=True)
    process.start()
    yield ours.recv()
    process.kill()
    process.join()


def _serve_bare(pipe: Connection, sizes: Mapping[str, int]) -> None:
    app = Sanic("bare", configure_logging=False)
    for number, (path, size) in enumerate(sizes.items()):
        app.add_route(_constant(json.dumps("x" * (size - 2))), path, name=f"constant{number}")
    sock = listen(HOST, 0)
    pipe.send(sock.getsockname()[1])
    app.run(sock=sock, single_process=True, motd=False, access_log=False)


def _constant(text: str) -> Callable[[Request], Any]:
    async def answer(_: Request) -> HTTPResponse:
        return HTTPResponse(text, content_type="application/json")

    return answer


async def _load(port: int, path: str, seconds: float) -> Turn:
    """``CONNECTIONS`` that each ask anew as soon as they are answered."""
    took: list[float] = []
    begun = time.perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        asked = time.perf_counter()
        while True:  # once at least: on a busy machine to connect takes all of a short turn
            await _answer(reader, writer, path)
            took.append(time.perf_counter() - asked)
            if (asked := time.perf_counter()) >= begun + seconds:
                break
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    rate = len(took) / (time.perf_counter() - begun)
    took.sort()
    return Turn(rate, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3)


async def _ask(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    body = await _answer(reader, writer, path)
    writer.close()
    return body


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> bytes:
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        sys.exit(f"bench: {path} was answered with {head.splitlines()[0].decode()}")
    return await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))


if __name__ == "__main__":
    sys.exit(main())
