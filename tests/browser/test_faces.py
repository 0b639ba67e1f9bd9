"""The gallery on the page: photos in, a word on each, and who is in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site
from tests.conftest import DATA

from omni.detect.models import status
from omni.encode import encode_jpeg


@pytest.fixture(scope="module")
def configuration(configuration: dict[str, Any]) -> dict[str, Any]:
    """The demo's, with faces."""
    if any(status(name).state != "ready" for name in ("centerface", "dlib-128")):
        pytest.skip("face models are not on this machine (omni models pull centerface dlib-128)")
    return {**configuration, "pipelines": {"face": {"enabled": True}}}


@pytest.fixture
def photo() -> Path:
    found = sorted((DATA / "faces-face-recognition" / "train").rglob("*.jpg"))
    if not found:
        pytest.skip("measuring data absent: faces-face-recognition (OMNI_DATA)")
    return found[0]


def test_a_face_is_added_seen_in_the_gallery_and_matched(
    page: Page, site: Site, photo: Path, tmp_path: Path, expected_errors: list[str]
) -> None:
    expected_errors.append("422")  # the refused photo
    person, wall = tmp_path / "ann lee 1.jpg", tmp_path / "wall.jpg"
    person.write_bytes(photo.read_bytes())
    wall.write_bytes(encode_jpeg(np.full((240, 320, 3), 128, np.uint8)))
    page.goto(f"{site.url}#faces")
    page.get_by_label("Choose photos").set_input_files([person, wall])
    report = page.get_by_role("status", name="Import")
    expect(report.get_by_text("added")).to_be_visible()
    expect(report.get_by_text("refused: ")).to_be_visible()
    profile = page.locator(".profile", has_text="ann lee")
    expect(profile).to_contain_text("1 photo")
    page.get_by_label("Who is in this photo?").set_input_files(person)
    expect(page.get_by_text("ann lee: distance 0.0")).to_be_visible()
    expect(page.get_by_text("False accept rate (faR)")).to_be_visible()
    assert serious_findings(page) == []
    page.on("dialog", lambda dialog: dialog.accept())
    profile.get_by_role("button", name="Delete").click()
    expect(profile).to_have_count(0)
