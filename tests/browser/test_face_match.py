"""From a photo dropped on the page to the name at the person in the live picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Site

from omni.detect.models import status

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture(scope="module")
def configuration(speaker: tuple[Path, Path], person_model: str) -> dict[str, Any]:
    """His scene over and over; names may be shown."""
    assert person_model
    if any(status(name).state != "ready" for name in ("centerface", "dlib-128")):
        pytest.skip("face models are not on this machine (omni models pull centerface dlib-128)")
    return {
        "streams": [{"stream_uuid": STREAM, "name": "stage", "url": str(speaker[0]), "loop": True, "max_fps": 10}],
        "pipelines": {"face": {"enabled": True}},
        "anonymous_mode": False,
    }


def test_who_is_added_is_named_where_they_are_seen(page: Page, site: Site, speaker: tuple[Path, Path]) -> None:
    page.goto(f"{site.url}#faces")
    page.get_by_label("Choose photos").set_input_files(speaker[1])
    expect(page.locator(".profile", has_text="the speaker")).to_contain_text("1 photo")
    page.get_by_role("link", name="Live").click()
    expect(page.locator(".events").get_by_text("the speaker").first).to_be_visible(timeout=60_000)
