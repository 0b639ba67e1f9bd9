"""A configuration that cannot be used: the settings with the error, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    return {"detector_confidence": 7}


def test_the_error_is_shown_and_mended_on_the_page(page: Page, site: Site, expected_errors: list[str]) -> None:
    expected_errors += ["503", "422", "/api/v1/live"]  # nothing runs yet
    page.goto(site.url)
    expect(page.get_by_role("heading", name="The configuration cannot be used")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("detector_confidence")
    assert serious_findings(page) == []
    text = page.get_by_label("The whole as JSON")
    text.fill("{")
    page.get_by_role("button", name="Check and start").click()
    expect(page.get_by_role("alert")).to_contain_text("not JSON")
    text.fill(json.dumps({"detector_confidence": 0.4}))
    page.get_by_role("button", name="Check and start").click()
    expect(page.get_by_role("heading", name="General")).to_be_visible()
    assert page.evaluate("fetch('/api/v1/status').then(answer => answer.status)") == 200
