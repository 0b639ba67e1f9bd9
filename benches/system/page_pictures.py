"""Pictures of the page for its documentation, its weight, and the time its scripts take in the browser.

``python -m benches.system.page_pictures URL FOLDER``, with ``serve_painted`` running at URL.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, sync_playwright

SIZES = ((400, 860), (1440, 900), (2560, 1440))
VIEWS = ("live", "map", "regions", "calibrate")
SETTLE_MS = 5_000
WATCH_MS = 10_000


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=False)
        print(json.dumps({"weight": _weight(browser, url), "scripts": _scripts(browser, url)}))
        for view in VIEWS:
            for size in SIZES:
                for theme in ("light", "dark"):
                    _take(browser, f"{url}#{view}", size, theme, folder / f"{view}-{size[0]}-{theme}.jpg")
        browser.close()


def _take(browser: Browser, url: str, size: tuple[int, int], theme: str, path: Path) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    if "#map" in url:
        page.keyboard.press("h")
        page.wait_for_timeout(1_500)
    page.screenshot(path=path, type="jpeg", quality=72)
    context.close()


def _weight(browser: Browser, url: str) -> dict[str, int]:
    """What the first page brings over the network, without pictures of cameras."""
    context = browser.new_context()
    page = context.new_page()
    sizes: dict[str, int] = {}
    page.on(
        "response", lambda answer: sizes.update({answer.url: len(answer.body())}) if "/assets/" in answer.url else None
    )
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    context.close()
    return {"files": len(sizes), "bytes": sum(sizes.values())}


def _scripts(browser: Browser, url: str) -> dict[str, float]:
    """Shares of the browser's main thread while the live page is watched at 1440 x 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _metrics(session)
    page.wait_for_timeout(WATCH_MS)
    after = _metrics(session)
    context.close()
    took = after["Timestamp"] - before["Timestamp"]
    return {
        name: round((after[name] - before[name]) / took, 3)
        for name in ("ScriptDuration", "LayoutDuration", "TaskDuration")
    }


def _metrics(session: CDPSession) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}


if __name__ == "__main__":
    main()
