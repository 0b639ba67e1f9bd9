"""From a token on the command line to a session of the page, and its end."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import OMNI, Site

STATUS = "async () => (await fetch('/api/v1/status')).status"
PURGE = "async () => (await fetch('/api/v1/webhooks/purge', {method: 'POST'})).status"
PURGE_BY_THE_PAGE = """async () => (await import("/assets/js/api.js")).send("POST", "webhooks/purge", {})"""


def tokens(site: Site, *arguments: str) -> bytes:
    command = [*OMNI, "tokens", *arguments, "--config", str(site.folder), "--json"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def add(site: Site, name: str) -> str:
    """A token of somebody who may see and act."""
    return str(json.loads(tokens(site, "add", name, "--scopes", "read,control"))["token"])


@pytest.fixture(autouse=True, scope="module")
def _closed(site: Site) -> None:
    """There is a token, so one is needed; made while the service runs."""
    add(site, "other")


def test_the_page_asks_for_a_token_and_again_when_it_is_removed(
    page: Page, site: Site, expected_errors: list[str]
) -> None:
    token = add(site, "ann")
    expected_errors += ["401", "403", "WebSocket"]  # what is refused on purpose
    page.goto(site.url)
    dialog = page.locator("dialog.login")
    expect(dialog).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)
    assert serious_findings(page) == []
    assert page.evaluate(STATUS) == 401
    page.keyboard.type(f"{token}x")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("omni tokens add")

    page.keyboard.type(token)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator(".tile")).to_have_count(2)
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate(PURGE) == 403
    assert page.evaluate(PURGE_BY_THE_PAGE)["data"] == {"purged": 0}

    page.reload()
    expect(page.locator("#link")).to_have_text("Live")
    tokens(site, "remove", "ann")
    expect(dialog).to_be_visible()
    assert page.evaluate(STATUS) == 401

    page.evaluate("window.stayed = true")
    page.get_by_label("Token").fill(add(site, "eve"))
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_text("Live")
    assert page.evaluate("window.stayed"), "what somebody was at is gone"


def test_who_logs_out_is_asked_again(page: Page, site: Site, expected_errors: list[str]) -> None:
    expected_errors += ["401", "WebSocket"]
    page.goto(site.url)
    page.get_by_label("Token").fill(add(site, "bob"))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("dialog.login")).to_be_visible()
    assert page.evaluate(STATUS) == 401
