"""What somebody sees who starts it for the first time."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site


def test_the_page_opens_without_a_complaint_and_without_a_login(page: Page, site: Site) -> None:
    page.goto(site.url)
    expect(page).to_have_title("omni")
    assert page.evaluate("fetch('/api/v1/status').then(answer => answer.status)") == 200
    assert serious_findings(page) == []
