"""The page in a real browser: Debian's Chromium, driven by Playwright, on a real service with real video.

``site`` is a running service, ``page`` a fresh page that fails on whatever the browser complains of. Tests of one file
share a service; each has a browser profile of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

PATIENCE_MS = 20_000
"""A machine that is busy shows things later; it is not wrong for that."""

expect.set_options(timeout=PATIENCE_MS)

OMNI = [sys.executable, "-m", "omni.cli"]


@dataclass(frozen=True, slots=True)
class Site:
    """A running service.

    Attributes:
        url: of its page, with a slash at the end.
        folder: of its ``run_params.json``, to be changed only through the service.
    """

    url: str
    folder: Path


@pytest.fixture(scope="session")
def plan(street_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The floor plan of the demo."""
    from omni.demo.scene import draw_plan

    target = tmp_path_factory.mktemp("plan") / "plan.png"
    draw_plan(street_clip, target)
    return target


@pytest.fixture(scope="module")
def configuration(street_clip: Path, plan: Path, person_model: str) -> dict[str, Any]:
    """The demo's: two cameras, one map, a line and a region, nobody told. A file of tests may override it."""
    from omni.demo.scene import demo_config

    assert person_model
    config = demo_config(street_clip, plan, loop=True, receiver="", host="127.0.0.1", port=0)
    return {**config, "streams": seldom(config["streams"]), "webhook_tracking_subscribers": []}


def seldom(streams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At two frames a second, which leave the machine to the browser."""
    return [{**stream, "max_fps": 2} for stream in streams]


@pytest.fixture(scope="module")
def site(configuration: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """``omni serve``, as a user starts it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "run_params.json").write_text(json.dumps(configuration))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "service.log"
    with log.open("w") as said:
        service = subprocess.Popen([*OMNI, "serve", "--config", str(folder), "--port", str(port)], stderr=said)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/healthz", service, log)
        yield Site(f"http://127.0.0.1:{port}/", folder)
    finally:
        service.terminate()
        service.wait(20)


def _wait_until_up(address: str, service: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            assert service.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(f"the service did not come up: {log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Ended with each file: Playwright's event loop would keep other tests from having their own."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no browser here (Debian's package chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
        yield running
        running.close()


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console errors that a test provokes on purpose; it appends them."""
    return []


@pytest.fixture
def page(browser: Browser, expected_errors: list[str]) -> Iterator[Page]:
    """A page in a fresh profile. What the console complains of, and uncaught exceptions, fail the test at its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} ({message.location.get('url', '')})")

    fresh = context.new_page()
    fresh.on("console", heard)
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    yield fresh
    context.close()
    assert [c for c in complaints if not any(expected in c for expected in expected_errors)] == []
