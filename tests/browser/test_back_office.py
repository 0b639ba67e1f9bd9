"""History, settings, webhooks: what operators set up, and what they look back on."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.accessibility import serious_findings
from tests.browser.conftest import Site

NOBODY_LISTENS = "http://127.0.0.1:9/hook"


@pytest.fixture(scope="module")
def configuration(configuration: dict[str, Any]) -> dict[str, Any]:
    """The demo's, with best shots, and a webhook that is given up at once."""
    return {**configuration, "enable_webhook_image2jpg_conversion": True, "delivery": {"retry_s": [0]}}


def test_dead_letters_that_cannot_be_read_are_told_of(page: Page, site: Site, expected_errors: list[str]) -> None:
    page.goto(f"{site.url}#webhooks")
    subscribe(page, [{"id": "archive", "url": NOBODY_LISTENS}])
    card = page.get_by_role("region", name="archive")
    again = card.get_by_role("button", name="Send again", exact=True).first
    card.locator("summary", has_text="given up").click(timeout=30_000)
    expect(again).to_be_visible()
    expected_errors.append("503")
    problem = {"type": "urn:omni:problem:outbox-unavailable", "status": 503, "detail": "the outbox is away"}
    for path in ("dead", "replay"):
        page.route(f"**/webhooks/{path}?*", lambda route: route.fulfill(status=503, json=problem))
    again.click()
    expect(card.get_by_text("the outbox is away")).to_be_visible()
    expect(again).to_be_enabled()
    page.unroute_all(behavior="wait")
    subscribe(page, [])


def settings_of(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("fetch('/api/v1/config').then(answer => answer.json())")
    return found["config"]


def test_a_webhook_is_added_its_secret_shown_once_and_its_death_reported(
    page: Page, site: Site, expected_errors: list[str]
) -> None:
    expected_errors.append("422")  # of an address that is refused on purpose
    page.goto(f"{site.url}#webhooks")
    page.get_by_role("button", name="Add a webhook").click()
    address = page.get_by_label("Address").first
    address.fill("ftp://127.0.0.1/")
    page.get_by_label("Name", exact=True).fill("desk")
    page.get_by_label("The address may lead to a private network").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(address).to_have_accessible_description(re.compile("^must be an http:// or https:// address"))
    address.fill(NOBODY_LISTENS)
    page.get_by_role("button", name="Add", exact=True).click()
    secret = page.get_by_role("dialog").locator("code")
    expect(secret).to_contain_text("whsec_")
    text = secret.inner_text()
    page.get_by_role("button", name="I have it").click()
    assert text not in page.content()
    assert text not in json.dumps(settings_of(page))
    card = page.get_by_role("region", name="desk")
    expect(card.get_by_text("failing")).to_be_visible(timeout=30_000)
    expect(card.get_by_role("button", name="Send all again")).to_be_visible(timeout=30_000)
    card.locator("summary", has_text="given up").click()
    expect(card.get_by_role("button", name="Send again", exact=True).first).to_be_visible()
    card.locator("summary", has_text="Deliveries").click()
    expect(card.get_by_text("no answer").first).to_be_visible()
    deliveries = card.get_by_role("region", name="Deliveries")
    deliveries.focus()
    expect(deliveries).to_be_focused()  # which scrolls by the keyboard where there are many
    assert serious_findings(page) == []
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_text("paused")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)


def subscribe(page: Page, subscribers: list[dict[str, Any]]) -> None:
    """Have these webhooks, by the page's own way to the service."""
    page.evaluate(
        """async (subscribers) => {
            const { get, send } = await import("/assets/js/api.js");
            const { data, etag } = await get("config");
            await send("PUT", "config", { ...data.config, webhook_tracking_subscribers: subscribers }, { etag });
        }""",
        subscribers,
    )


def test_of_two_webhooks_that_look_alike_the_chosen_one_is_removed(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#webhooks")
    kinds = ("processes", "events", "streams")
    subscribers = [{"url": f"{NOBODY_LISTENS}?code={kind}", "type": kind} for kind in kinds]
    subscribe(page, subscribers)
    cards = page.get_by_role("region", name=NOBODY_LISTENS)
    expect(cards).to_have_count(3)
    page.on("dialog", lambda dialog: dialog.accept())
    cards.nth(1).get_by_role("button", name="Remove").click()
    expect(cards).to_have_count(2)
    assert [one["type"] for one in settings_of(page)["webhook_tracking_subscribers"]] == ["processes", "streams"]


def test_a_webhook_is_removed_however_its_address_is_written(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#webhooks")
    subscribers = [{"url": "http://LocalHost:80/Hook of ours"}, {"host": "::1", "port": 9}]
    subscribe(page, subscribers)
    page.on("dialog", lambda dialog: dialog.accept())
    for name in ("http://LocalHost:80/Hook of ours", "http://[::1]:9/trigger"):
        card = page.get_by_role("region", name=name)
        card.get_by_role("button", name="Remove").click()
        expect(card).to_have_count(0)
    assert settings_of(page)["webhook_tracking_subscribers"] == []


def test_a_setting_is_checked_at_its_field_reviewed_applied_and_taken_back(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#settings/best_shot")
    side = page.get_by_label("max side")
    side.fill("4")
    fault = page.locator(".field", has=side).get_by_role("alert")
    expect(fault).to_contain_text("16")
    expect(page.get_by_text("1 setting cannot be used")).to_be_visible()
    side.fill("640")
    expect(fault).to_be_hidden()
    assert serious_findings(page) == []
    page.get_by_role("button", name="Review and apply").click()
    dialog = page.get_by_role("dialog", name="What changes")
    expect(dialog).to_contain_text("/best_shot/max_side")
    dialog.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator(".draft-note")).to_have_text("Applied.")
    assert settings_of(page)["best_shot"]["max_side"] == 640
    page.get_by_role("button", name="Take back the last change").click()
    expect(page.get_by_label("max side")).to_have_value("512")
    assert settings_of(page)["best_shot"]["max_side"] == 512


def test_every_part_of_the_settings_has_a_form(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#settings")
    names = page.get_by_role("navigation", name="Parts of the settings").get_by_role("link")
    expect(names.first).to_be_visible()
    for i in range(names.count()):
        names.nth(i).click()
        expect(page.locator(".form :is(input, select, textarea, button)").first).to_be_visible()
        assert serious_findings(page) == []
    page.goto(f"{site.url}#settings/http")
    expect(page.locator(".field", has=page.get_by_label("port")).get_by_text("needs a restart")).to_be_visible()


def test_of_a_long_list_the_new_entry_is_shown(page: Page, site: Site) -> None:
    page.goto(f"{site.url}#settings/streams")
    entries = page.locator("details.entry")
    expect(entries).to_have_count(2)
    add = page.get_by_role("button", name="Add", exact=True)
    for count in (3, 4):
        add.click()
        expect(entries).to_have_count(count)
        expect(entries.last.locator("input").first).to_be_focused()
    entries.last.get_by_role("button", name="Remove").click()
    expect(add).to_be_focused()
    page.get_by_role("button", name="Discard").click()
    expect(entries).to_have_count(2)


def test_the_history_is_looked_through_and_taken_away(page: Page, site: Site, tmp_path: Path) -> None:
    page.goto(f"{site.url}#history")
    rows = page.locator(".events tbody tr")
    expect(page.get_by_text("in this time")).to_be_visible()
    for _ in range(20):
        if rows.count() and page.locator(".events .thumb").count():
            break
        page.wait_for_timeout(1000)
        page.get_by_role("button", name="Read again").click()
    page.locator(".events tr", has=page.locator(".thumb")).first.get_by_role("button").click()
    detail = page.get_by_role("complementary", name="Chosen")
    shot = detail.get_by_role("img", name="Best shot")
    expect(shot).to_be_visible()
    page.wait_for_function("document.querySelector('.detail .shot').naturalWidth > 0")
    assert serious_findings(page) == []
    everybody = rows.count()
    detail.get_by_role("button", name="Only this person").click()
    expect(page.get_by_role("button", name="Everybody")).to_be_visible()
    expect(rows.first).to_be_visible()
    assert 0 < rows.count() <= everybody
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    download.value.save_as(tmp_path / "processes.csv")
    text = (tmp_path / "processes.csv").read_text()
    people = {row["object_id"] for row in csv.DictReader(io.StringIO(text)) if row["class"] == "human"}
    assert len(people) == 1
    page.get_by_role("button", name="Everybody").click()
    page.locator("select[name=kind]").select_option("line_crossing")
    expect(page.get_by_text("in this time")).to_be_visible()
    canvas = page.locator(".timeline canvas")
    canvas.focus()
    for key in ("+", "ArrowLeft", "-", "Home"):
        canvas.press(key)


def test_who_is_chosen_in_a_long_list_is_shown_and_the_list_goes_on_from_there(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 500})
    page.goto(f"{site.url}#history")
    row = page.locator(".events tbody tr").first.get_by_role("button")
    row.focus()
    page.keyboard.press("Enter")
    detail = page.get_by_role("complementary", name="Chosen")
    expect(detail).to_be_focused()
    expect(detail).to_be_in_viewport()
    close = detail.get_by_role("button", name="Close")
    close.focus()
    page.keyboard.press("Enter")
    expect(row).to_be_focused()


def test_a_name_goes_with_the_match_that_is_taken_back(page: Page, site: Site) -> None:
    page.goto(site.url)
    names = page.evaluate(
        """async () => {
            const { People } = await import("/assets/js/people.js");
            const people = new People();
            people.noteNames([{ id: "p", name: "Ann" }]);
            return [{ id: "p" }, undefined].map((profile) => {
                people.noteProcess({ type: "track", object: { class: "human", id: "h", profile } });
                people.noteProcess({ type: "action", object: { class: "human", id: "h" } });
                people.noteProcess({ type: "track", object: { class: "body", id: "h" } });
                return people.nameOf("h");
            });
        }"""
    )
    assert names == ["Ann", ""]


def test_names_follow_the_gallery(page: Page, site: Site, expected_errors: list[str]) -> None:
    """Also where somebody was replaced, after a failure, and by a service that counts anew."""
    expected_errors.append("503")
    answers = [[{"id": "p", "name": "Ann"}], None, [{"id": "p", "name": "Eve"}], [{"id": "p", "name": "Joe"}]]
    told = iter(answers)

    def answer(route: Route) -> None:
        profiles = next(told)
        route.fulfill(status=503, json={}) if profiles is None else route.fulfill(json={"profiles": profiles})

    page.goto(site.url)
    page.route("**/api/v1/faces", answer)
    names = page.evaluate(
        """async () => {
            const { People } = await import("/assets/js/people.js");
            const { Names } = await import("/assets/js/names.js");
            const heard = {}, people = new People();
            const live = { scene: { anonymous: false }, on: (kind, take) => { heard[kind] = take; } };
            new Names(live, people, { scopes: ["faces"] });
            people.noteProcess({ type: "track", object: { class: "human", id: "h", profile: { id: "p" } } });
            const status = async (changes) => {
                await heard.status({ stats: { faces: { profiles: 1, gallery_changes: changes } } });
                return people.nameOf("h");
            };
            const names = [await status(1), await status(1), await status(2), await status(2)];
            heard.link({ state: "live" });
            return [...names, await status(2)];
        }"""
    )
    assert names == ["Ann", "Ann", "Ann", "Eve", "Joe"]


def test_the_last_picture_of_a_camera_goes_with_it(page: Page, site: Site) -> None:
    page.goto(site.url)
    kept = page.evaluate(
        """async () => {
            const { LiveData } = await import("/assets/js/live_data.js");
            const { People } = await import("/assets/js/people.js");
            let socket;
            window.WebSocket = class { constructor() { socket = this; } send() {} close() {} };
            const live = new LiveData(new People());
            live.connect();
            const status = (...uuids) => socket.onmessage({ data: JSON.stringify(
                { type: "status", problems: [], streams: uuids.map((stream_uuid) => ({ stream_uuid })) }) });
            const header = new TextEncoder().encode(JSON.stringify({ stream_uuid: "a", tracks: [] }));
            const picture = new Uint8Array(4 + header.length);
            new DataView(picture.buffer).setUint32(0, header.length);
            picture.set(header, 4);
            status("a", "b");
            socket.onmessage({ data: picture.buffer });
            const before = live.pictures.size;
            status("b");
            return [before, live.pictures.size];
        }"""
    )
    assert kept == [1, 0]


def test_a_slow_history_says_that_it_is_read_and_shows_what_was_asked_for_last(
    page: Page, site: Site, expected_errors: list[str]
) -> None:
    expected_errors.append("503")
    held: list[Route] = []
    page.goto(f"{site.url}#history")
    note = page.locator(".history [role=status]").first
    expect(note).to_contain_text("in this time")
    page.route("**/api/v1/processes?*", lambda route: held.append(route))
    page.get_by_role("button", name="Read again").click()
    expect(note).to_have_text("Being read")
    page.locator("select[name=kind]").select_option("external")
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].fulfill(json={"processes": [], "best_shots": [], "next": None})
    expect(note).to_have_text("Nothing happened in this time.")
    with page.expect_response("**/api/v1/processes?*"):
        held[0].fulfill(status=503, json={"status": 503, "detail": "too late"})
    page.wait_for_timeout(100)
    expect(note).to_have_text("Nothing happened in this time.")
