"""What the page does where the service is slow or away, with unapplied changes, and with much to show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site

PROBLEM = {"type": "urn:omni:problem:unavailable", "status": 503, "detail": "the settings are away"}


@pytest.fixture(scope="module")
def configuration(configuration: dict[str, Any]) -> dict[str, Any]:
    """Nobody needs to be seen."""
    return {**configuration, "pipelines": {"body_detector": {"enabled": False}}}


def interval(page: Page) -> int:
    found: int = page.evaluate("fetch('/api/v1/config').then(a => a.json())")["config"]["ongoings_interval_in_msec"]
    return found


def let_go(page: Page, held: list[Route]) -> None:
    """What was held up so far, and nothing is from now on."""
    for _ in range(50):
        if held:
            break
        page.wait_for_timeout(20)
    pattern = held[0].request.url
    page.route(pattern, lambda route: route.continue_())  # goes before what holds them up
    for route in held:
        route.continue_()


def live_sockets(page: Page) -> list[WebSocketRoute]:
    """The websockets of the page that is opened next; it connects again where one is closed."""
    sockets: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/api/v1/live", connect)
    return sockets


def test_changes_come_along_to_other_pages_and_are_not_left_without_a_word(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#regions")
    page.get_by_role("button", name="New region").focus()
    page.keyboard.press("Enter")
    page.locator("input[name=name]").fill("porch")
    page.get_by_role("link", name="Live", exact=True).click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_label("ongoings interval").fill("7000")
    page.get_by_role("link", name="Regions", exact=True).click()
    expect(page.locator(".region-list")).to_contain_text("porch")
    with page.expect_event("dialog") as asked:
        page.evaluate("void setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.get_by_role("button", name="Review and apply").click()
    dialog = page.get_by_role("dialog", name="What changes")
    expect(dialog).to_contain_text("/ongoings_interval_in_msec")
    expect(dialog).to_contain_text("porch")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".region-list")).not_to_contain_text("porch")
    page.get_by_role("link", name="Settings", exact=True).click()
    expect(page.get_by_label("ongoings interval")).to_have_value("5000")


def test_what_is_applied_is_what_was_shown_also_where_the_service_is_slow(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#settings")
    field = page.get_by_label("ongoings interval")
    field.fill("6000")
    checks: list[Route] = []
    page.route("**/api/v1/config/check", lambda route: checks.append(route))
    page.get_by_role("button", name="Review and apply").click()
    page.wait_for_function("document.querySelector('.draft .primary').disabled")
    field.fill("8000")
    expect(page.get_by_role("button", name="Review and apply")).to_be_disabled()
    let_go(page, checks)
    dialog = page.get_by_role("dialog", name="What changes")
    expect(dialog).to_contain_text("8000")
    expect(dialog).not_to_contain_text("6000")
    puts: list[Route] = []
    page.route("**/api/v1/config", lambda route: puts.append(route))
    dialog.get_by_role("button", name="Apply", exact=True).click()
    expect(dialog.get_by_role("button", name="Being applied")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    let_go(page, puts)
    expect(page.locator(".draft-note")).to_have_text("Applied.")
    expect(dialog).to_have_count(0)
    assert interval(page) == 8000
    page.get_by_role("button", name="Take back the last change").click()
    expect(field).to_have_value("5000")


@pytest.mark.parametrize("name", ["regions", "calibrate"])
def test_settings_that_cannot_be_read_are_told_of_and_read_with_the_next_connection(
    page: Page, site: Site, expected_errors: list[str], name: str
) -> None:
    expected_errors += ["503", "WebSocket"]
    sockets = live_sockets(page)
    page.route("**/api/v1/config", lambda route: route.fulfill(status=503, json=PROBLEM))
    page.goto(f"{site.url}#{name}")
    tabs = page.get_by_role("group", name="Cameras").get_by_role("button")
    expect(tabs).to_have_text(["West", "East"])
    expect(page.get_by_text("the settings are away")).to_be_visible()
    expect(page.get_by_text("None in this camera yet.")).to_have_count(0)
    expect(page.get_by_text("more pairs are needed")).to_have_count(0)
    page.unroute("**/api/v1/config")
    sockets[-1].close()
    expect(page.get_by_text("the settings are away")).to_have_count(0)
    shown = page.locator(".region-list button") if name == "regions" else page.locator(".pairs tbody tr")
    expect(shown.first).to_be_visible()


def test_a_service_that_is_away_is_told_of_as_such_and_pages_open_when_it_is_back(
    page: Page, site: Site, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_FAILED", "WebSocket", "Failed to fetch"]
    sockets = live_sockets(page)
    page.goto(f"{site.url}#settings")
    page.get_by_label("ongoings interval").fill("6000")
    for away in ("**/api/v1/config/**", "**/views/regions.js"):
        page.route(away, lambda route: route.abort())
    page.get_by_role("button", name="Review and apply").click()
    expect(page.locator(".draft-note")).to_have_text("the service cannot be reached")
    page.get_by_label("ongoings interval").fill("6001")
    expect(page.locator(".footer > .error")).to_have_text("the service cannot be reached")
    page.get_by_role("link", name="Regions", exact=True).click()
    expect(page.get_by_text("This page could not be opened")).to_be_visible()
    page.unroute_all()
    sockets[-1].close()
    expect(page.locator(".region-list button").first).to_be_visible()


LONG = "Donaudampfschifffahrtsgesellschaftskapit\u00e4nsm\u00fctzenabgabestelle" * 2

RENAME = """async (name) => {
    const { get, send } = await import("/assets/js/api.js");
    const { data: { config }, etag } = await get("config");
    for (const one of [...config.streams, ...config.mutlistream_ROI.regions]) one.name = `${name}${one.name}`;
    await send("PUT", "config", config, { etag });
}"""

STICKING_OUT = """() => [...document.querySelectorAll("main .panel")].flatMap((panel) =>
    [...panel.querySelectorAll("button, h2, h3, .dot")].filter((one) => !one.closest(".scroll")
        && one.getBoundingClientRect().right > panel.getBoundingClientRect().right).map((one) => one.textContent))"""


def test_long_names_stay_within_a_narrow_page(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site.url}#regions")
    page.evaluate(RENAME, LONG)
    for name, shown in (("regions", ".region-list button"), ("calibrate", ".pairs tbody tr"), ("history", ".chart")):
        page.goto(f"{site.url}#{name}")
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate(STICKING_OUT) == []


@pytest.mark.parametrize("name", ["regions", "calibrate"])
def test_of_many_cameras_the_picture_has_room(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.url}#{name}")
    expect(page.get_by_role("group", name="Cameras").get_by_role("button")).to_have_count(2)
    page.evaluate(
        """async () => {
            const { showTabs } = await import("/assets/js/stage.js");
            const camera = (_, i) => ({ stream_uuid: String(i), name: `north entrance ${i}` });
            const streams = Array.from({ length: 60 }, camera);
            showTabs(document.querySelector("[role=group]"), streams, "59", () => {});
        }"""
    )
    box = page.locator(".editor-stage").first.bounding_box()
    assert box is not None
    assert box["height"] > 400
    assert box["y"] + box["height"] < 800


def test_a_text_that_is_too_long_ends_in_an_ellipsis(page: Page, site: Site) -> None:
    page.goto(site.url)
    texts = page.evaluate(
        """async (long) => {
            const { fitting } = await import("/assets/js/canvas.js");
            const context = document.createElement("canvas").getContext("2d");
            return ["short", long, "\U0001f642".repeat(99)].map((text) => fitting(context, text, 100)).map((text) =>
                [text, context.measureText(text).width <= 100]);
        }""",
        LONG,
    )
    assert [fits for _, fits in texts] == [True, True, True]
    assert texts[0][0] == "short"
    assert texts[1][0].startswith("Donau")
    assert texts[1][0].endswith("\u2026")
    assert set(texts[2][0]) == {"\U0001f642", "\u2026"}


def test_problems_are_shown_without_a_mouse(page: Page, site: Site) -> None:
    def connect(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if isinstance(message, str) and '"problems"' in message:
                message = json.dumps({**json.loads(message), "problems": ["the disk is full"]})
            socket.send(message)

        server.on_message(pass_on)

    page.route_web_socket("**/api/v1/live", connect)
    page.goto(site.url)
    state = page.get_by_role("button", name="Live, with problems")
    state.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Problems")
    expect(dialog.get_by_role("listitem")).to_have_text(["the disk is full"])
    assert serious_findings(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(state).to_be_focused()
