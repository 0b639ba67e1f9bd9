"""What somebody sees who starts it for the first time."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site


def test_the_page_opens_without_a_complaint_and_without_a_login(page: Page, site: Site) -> None:
    page.goto(site.url)
    expect(page).to_have_title(re.compile("omni"))
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".tile .note:visible")).to_have_count(0)
    assert page.evaluate("fetch('/api/v1/status').then(answer => answer.status)") == 200
    assert serious_findings(page) == []


def test_rows_name_their_camera_from_the_first_on(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.wait_for_selector(".events li")
    places = page.locator(".events .what i").all_text_contents()
    assert set(places) <= {"West", "East"}


def test_the_keyboard_shows_one_camera_large_and_all_again(page: Page, site: Site) -> None:
    page.goto(site.url)
    expect(page.locator(".tile")).to_have_count(2)
    page.keyboard.press("2")
    expect(page.locator(".tile:visible")).to_have_count(1)
    expect(page.locator(".tile:visible b")).to_have_text("East")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tile:visible b")).to_have_text("West")
    page.keyboard.press("Escape")
    expect(page.locator(".tile:visible")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".tile:visible")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard")


def test_the_map_tells_who_sees_whom_and_shows_the_last_hour(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#map")
    page.wait_for_selector(".roll li")
    row = page.locator(".roll li").first
    expect(row).to_contain_text(re.compile("West|East|predicted"))
    with page.expect_response(re.compile(r"/views/top_view/flow")) as answer:
        page.keyboard.press("h")
    assert answer.value.ok
    expect(page.get_by_role("button", name="Heat")).to_have_attribute("aria-pressed", "true")
    assert serious_findings(page) == []


def test_every_page_fits_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 400, "height": 860})
    for view in ("live", "map", "regions", "calibrate"):
        page.goto(f"{site.url}#{view}")
        expect(page.locator(f"main.view-{view}")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 400, view
