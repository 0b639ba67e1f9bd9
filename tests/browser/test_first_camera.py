"""Somebody who starts with nothing comes from the empty page to a camera's picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Site


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    return {}


def test_a_first_camera_is_added_from_the_empty_page(
    page: Page, site: Site, street_clip: Path, person_model: str
) -> None:
    assert person_model
    page.goto(site.url)
    expect(page.get_by_text("No camera is configured.")).to_be_visible()
    page.get_by_role("link", name="Add a camera").click()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("url", exact=True).fill(str(street_clip))
    page.get_by_role("button", name="Review and apply").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_text("Applied.")).to_be_visible()
    (stream,) = json.loads((site.folder / "run_params.json").read_text())["streams"]
    assert stream["url"] == str(street_clip)
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".tile .note:visible")).to_have_count(0)
    expect(page.get_by_text("No camera is configured.")).to_be_hidden()
