"""Drawing a region and hearing of it; calibrating a camera and seeing the map move."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site, seldom

from omni.demo.scene import demo_config, stream_uuid
from omni.receiver import Received, Receiver

WEST = (
    "fetch('/api/v1/views').then(answer => answer.json()).then(({views: [{footprints}]}) => "
    f"Math.min(...(footprints['{stream_uuid('West')}'] ?? [[-1e9, 0]]).map(([x]) => x)))"
)
"""The least x of what the western camera covers; -1e9 while it has shown no picture."""


@dataclass
class Heard:
    """Names of the regions that the receiver was told of."""

    wanted: str = "forecourt"
    told: threading.Event = field(default_factory=threading.Event)

    def take(self, received: Received) -> None:
        if self.wanted in [process.get("roi", {}).get("name") for process in received.processes]:
            self.told.set()


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def configuration(street_clip: Path, plan: Path, person_model: str, heard: Heard) -> Iterator[dict[str, Any]]:
    assert person_model
    receiver = Receiver(heard.take)
    address = receiver.start("127.0.0.1", 0)
    config = demo_config(street_clip, plan, loop=True, receiver=address, host="127.0.0.1", port=0)
    yield {**config, "streams": seldom(config["streams"])}
    receiver.stop()


def apply(page: Page) -> None:
    page.get_by_role("button", name="Review and apply").click()
    dialog = page.get_by_role("dialog", name="What changes")
    dialog.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator(".draft-note")).to_have_text("Applied.")


def test_a_region_is_drawn_and_its_webhook_arrives(page: Page, site: Site, heard: Heard) -> None:
    page.goto(f"{site.url}#regions")
    page.get_by_role("button", name="East").click()
    page.get_by_role("button", name="New region").click()
    box = page.locator(".editor-stage canvas").bounding_box()
    assert box is not None
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for u, v in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)):
        page.mouse.click(left + u * side, top + v * side)
    page.keyboard.press("Enter")
    page.locator("input[name=name]").fill(heard.wanted)
    assert serious_findings(page) == []
    apply(page)
    assert heard.told.wait(60)
    regions = page.evaluate("fetch('/api/v1/regions').then(answer => answer.json())")["regions"]
    assert heard.wanted in [region["name"] for region in regions]
    page.get_by_role("button", name="Take back the last change").click()
    expect(page.locator(".draft-note")).to_have_text("Taken back.")
    expect(page.locator(".region-list")).not_to_contain_text(heard.wanted)


def test_a_line_is_made_and_moved_by_the_keyboard_alone(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#regions")
    page.get_by_role("button", name="West").click()
    new_line = page.get_by_role("button", name="New line")
    expect(new_line).to_be_enabled()  # what it adds to has come
    new_line.focus()
    page.keyboard.press("Enter")
    corner = page.get_by_role("button", name="Corner 1", exact=True)
    before = corner.bounding_box()
    corner.focus()
    page.keyboard.press("Shift+ArrowRight")
    after = corner.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] - before["x"] == pytest.approx(10, abs=1)
    page.get_by_role("button", name="Direction that counts as forward").focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("button", name="Review and apply")).to_be_enabled()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Review and apply")).to_be_disabled()


def test_a_region_that_was_deleted_comes_back_and_what_is_applied_stays(page: Page, site: Site) -> None:
    undone: list[str] = []
    page.on("request", lambda request: undone.append(request.url) if request.url.endswith("undo") else None)
    page.goto(f"{site.url}#regions")
    page.get_by_role("button", name="West").click()
    regions = page.locator(".region-list button")
    expect(regions).not_to_have_count(0)
    names = regions.all_inner_texts()
    regions.first.click()
    page.locator(".editor-stage").focus()
    page.keyboard.press("Delete")
    expect(regions).to_have_count(len(names) - 1)
    page.keyboard.press("Control+z")
    expect(regions).to_have_text(names)
    expect(page.get_by_role("button", name="Review and apply")).to_be_disabled()
    assert undone == []


def test_a_camera_that_is_renamed_is_called_so_in_the_editors(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#regions")
    tabs = page.get_by_role("group", name="Cameras").get_by_role("button")
    expect(tabs).to_have_text(["West", "East"])
    tabs.nth(1).click()
    rename = """async ([from, to]) => {
        const { get, send } = await import("/assets/js/api.js");
        const { data, etag } = await get("config");
        for (const stream of data.config.streams) if (stream.name === from) stream.name = to;
        await send("PUT", "config", data.config, { etag });
    }"""
    page.evaluate(rename, ["East", "Gate"])
    expect(tabs).to_have_text(["West", "Gate"])
    expect(tabs.nth(1)).to_have_attribute("aria-pressed", "true")
    page.evaluate(rename, ["Gate", "East"])


def test_a_camera_is_calibrated_and_the_map_moves(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#calibrate")
    page.get_by_role("button", name="West").click()
    expect(page.locator(".hint[role=status]")).to_contain_text("6 pairs fit to 0.0")
    before = west_of(page)
    for pair in range(1, 7):
        page.get_by_role("button", name=f"Pair {pair} on the plan", exact=True).focus()
        for _ in range(3):
            page.keyboard.press("Shift+ArrowRight")
        if pair == 1:  # alone it does not fit the others
            expect(page.locator(".hint[role=status]")).to_contain_text("5 of 6 pairs fit")
            expect(page.locator(".handle.bad")).to_have_count(2)
    expect(page.locator(".hint[role=status]")).to_contain_text("6 pairs fit to 0.")
    assert serious_findings(page) == []
    apply(page)
    page.wait_for_function(f"{WEST}.then(x => x > {before} + 10)")


def west_of(page: Page) -> float:
    """The western border, in map units, of what the western camera covers: the agent's own."""
    page.wait_for_function(f"{WEST}.then(x => x > -1e9)")
    return float(page.evaluate(WEST))
