"""The settings over HTTP, with the real agent behind them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import OTHER, UUID, Site
from tests.unit.delivery.conftest import Inbox, eventually


def test_all_of_it_is_shown_and_no_secret(site: Site) -> None:
    shown, etag = site.config()
    subscriber = shown["config"]["webhook_tracking_subscribers"][0]
    assert subscriber["url"] == "http://user:***@127.0.0.1:9/hook"
    assert (subscriber["secret"], subscriber["headers"]) == ("***", {"x-api-key": "***"})
    assert shown["config"]["ongoings_interval_in_msec"] == 5000
    assert shown["config"]["delivery"]["directory"] is None
    assert "/http/port" in shown["restart"]
    assert (shown["undo"], shown["pending_restart"], shown["file"]) == (False, [], str(site.file))
    text = json.dumps(shown)
    assert not any(secret in text for secret in ("hunter2", "pass@", "c2VjcmV0"))
    assert etag.startswith('"')


def test_while_the_service_stops_nothing_is_changed(site: Site) -> None:
    before = site.written
    site.server.app.ctx.agent.stop()  # the server answers until what waits is delivered
    refused = site.put(lambda c: c["streams"][0].update(name="gate"))
    assert (refused.status, refused.document["type"]) == (503, "urn:omni:problem:unavailable")
    assert site.written == before
    assert site.config()[0]["undo"] is False


def test_what_is_passed_over_is_told_once_and_not_with_every_look_and_change(
    tmp_path: Path, document: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path, {**document, "compat": True, "of_the_original": 1})
    with site.server:
        assert site.put(lambda c: c["streams"][0].update(name="gate")).status == 200
        assert site.server.call("/api/v1/webhooks/a/pause", "POST", json={"paused": False}).status == 200
    told = [record.getMessage() for record in caplog.records if "is not used" in record.getMessage()]
    assert told == [f"{site.file}: $.of_the_original is not used by this version"]
    assert site.written["of_the_original"] == 1


def test_a_folder_whose_name_is_no_text_is_served_all_the_same(tmp_path: Path, document: dict[str, Any]) -> None:
    folder = tmp_path / os.fsdecode(b"site\xff")
    folder.mkdir()
    for name in (b"plan\xff.png", b"floor.png"):
        (folder / os.fsdecode(name)).write_bytes(b"\x89PNG")
    site = Site(folder, document)
    with site.server:
        assert site.config()[0]["file"] == str(tmp_path / "site?" / "run_params.json")
        assert [plan["name"] for plan in site.server.call("/api/v1/plans").document["plans"]] == ["floor.png"]
        half = site.put(lambda c: c["streams"][0].update(name="\ud83d"))
        assert (half.status, half.document["problems"][0]["path"]) == (422, "/streams/0/name")


def test_what_changes_is_written_as_the_user_would_and_taken_back(site: Site, document: dict[str, Any]) -> None:
    answer = site.put(lambda c: (c.update(ongoings_interval_in_msec=700), c["streams"][0].update(name="gate")))
    assert answer.status == 200
    assert answer.document["changes"] == [
        {"path": "/streams/0/name", "old": "door", "new": "gate", "restart": False},
        {"path": "/ongoings_interval_in_msec", "old": 5000, "new": 700, "restart": False},
    ]
    expected = {**document, "ongoings_interval_in_msec": 700}
    expected["streams"] = [{**document["streams"][0], "name": "gate"}]
    assert site.written == expected
    assert list(site.written) == list(expected)
    assert site.server.app.ctx.agent.streams()[0].name == "gate"
    shown, etag = site.config()
    assert shown["undo"]
    assert answer.headers["etag"] == etag
    undone = site.server.call("/api/v1/config/undo", "POST", headers={"if-match": etag})
    assert {c["path"]: c["new"] for c in undone.document["changes"]}["/streams/0/name"] == "door"
    assert site.written == document
    assert site.server.app.ctx.agent.streams()[0].name == "door"
    again = site.server.call("/api/v1/config/undo", "POST", headers={"if-match": undone.headers["etag"]})
    assert (again.status, again.document["type"]) == (409, "urn:omni:problem:nothing-to-undo")


def test_a_stale_etag_is_refused_and_a_missing_one(site: Site, document: dict[str, Any]) -> None:
    _, etag = site.config()
    assert site.put(lambda c: c.update(anonymous_mode=False)).status == 200
    stale = site.put(lambda c: c.update(anonymous_mode=True), etag)
    assert (stale.status, stale.document["type"]) == (412, "urn:omni:problem:etag-stale")
    missing = site.server.call("/api/v1/config", "PUT", json=document)
    assert (missing.status, missing.document["type"]) == (428, "urn:omni:problem:etag-missing")
    assert site.written["anonymous_mode"] is False


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ongoings_interval_in_msec": 1}, "/ongoings_interval_in_msec"),
        ({"streems": []}, "/streems"),
        ({"streams": [{"url": "none.avi", "stream_uuid": OTHER}]}, "/streams/0/url"),
        ({"detector": {"model": "none"}, "pipelines": {"body_detector": {"enabled": True}}}, "/detector"),
        ({"map_tracking": {"enabled": True}}, "/map_tracking"),
        (
            {"mutlistream_ROI": {"regions": [{"name": "bow", "uuid": OTHER, "points": [
                {"x": 0.1, "y": 0.1}, {"x": 0.9, "y": 0.9}, {"x": 0.9, "y": 0.1}, {"x": 0.1, "y": 0.9}]}]}},
            "/mutlistream_ROI/regions/0",
        ),
        (
            {"webhook_tracking_subscribers": [{"id": "b", "url": "http://h/", "headers": {"x": "***"}}]},
            "/webhook_tracking_subscribers/0/headers/x",
        ),
        (
            {"webhook_tracking_subscribers": [{"id": "a", "url": "http://user:***@other/hook"}]},
            "/webhook_tracking_subscribers/0/url",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_changes_nothing(
    site: Site, document: dict[str, Any], change: dict[str, Any], path: str
) -> None:
    refused = site.put(lambda c: c.update(change))
    assert (refused.status, refused.document["type"]) == (422, "urn:omni:problem:config-invalid")
    assert path in [problem["path"] for problem in refused.document["problems"]]
    shown, _ = site.config()
    checked = site.server.call("/api/v1/config/check", "POST", json={**shown["config"], **change})
    assert (checked.status, checked.document["problems"]) == (200, refused.document["problems"])
    assert site.written == document
    assert site.server.app.ctx.agent.streams()[0].state in ("idle", "probing", "online")


def test_brackets_without_end_are_no_document(site: Site) -> None:
    for body in (b'{"streams": ' + b"[" * 900 + b"]" * 900 + b"}", b'{"a":' * 900 + b"1" + b"}" * 900):
        assert site.server.call("/api/v1/config/check", "POST", data=body).status == 400


def test_a_key_given_twice_is_refused(site: Site) -> None:
    body = b'{"streams": [], "http": {"port": 1, "port": 2}}'
    refused = site.server.call("/api/v1/config", "PUT", data=body, headers={"if-match": site.config()[1]})
    assert (refused.status, refused.document["type"]) == (400, "urn:omni:problem:duplicate-field")
    assert "port is given more than once" in refused.document["detail"]


def test_a_check_applies_nothing(site: Site, document: dict[str, Any]) -> None:
    shown, etag = site.config()
    shown["config"]["http"]["port"] = 9090
    checked = site.server.call("/api/v1/config/check", "POST", json=shown["config"])
    assert checked.document == {
        "changes": [{"path": "/http/port", "old": 8080, "new": 9090, "restart": True}],
        "problems": [],
    }
    assert site.written == document
    assert site.config()[1] == etag


def test_what_needs_a_restart_is_written_and_pending(site: Site) -> None:
    answer = site.put(lambda c: c["http"].update(port=9090))
    assert answer.document["pending_restart"] == ["/http/port"]
    assert site.written["http"] == {"port": 9090}
    assert site.server.app.ctx.agent.config.http.port == 8080
    assert site.config()[0]["pending_restart"] == ["/http/port"]


def test_a_webhook_that_is_added_is_told_at_once(site: Site) -> None:
    inbox = Inbox()
    try:
        new = {"url": inbox.address, "private_networks": True}
        assert site.put(lambda c: c["webhook_tracking_subscribers"].append(new)).status == 200
        begin = {"name": "film", "stream_uuid": UUID}
        assert site.server.call("/external_process/begin", "POST", json=begin).status == 200
        eventually(lambda: [m.reason for m in inbox.messages][:1] == ["begin"])
        assert site.written["webhook_tracking_subscribers"][0]["secret"] == "whsec_c2VjcmV0"
    finally:
        inbox.receiver.stop()


def test_a_file_that_somebody_else_changed_is_not_overwritten(site: Site) -> None:
    site.file.write_text("{}")
    refused = site.put(lambda c: c.update(anonymous_mode=False))
    assert refused.status == 422
    assert "changed by somebody else" in refused.document["detail"]
    assert site.file.read_text() == "{}"
    assert site.server.app.ctx.agent.config.anonymous_mode


def test_an_address_set_over_http_leads_to_no_private_network(site: Site) -> None:
    inbox = Inbox()
    try:
        site.put(lambda c: c["webhook_tracking_subscribers"].append({"id": "b", "url": inbox.address}))
        assert site.written["webhook_tracking_subscribers"][1]["private_networks"] is False
        assert "private_networks" not in site.written["webhook_tracking_subscribers"][0]
        site.put(lambda c: c["webhook_tracking_subscribers"].append({"id": "c", "url": inbox.address}))
        site.put(lambda c: c["webhook_tracking_subscribers"][1].pop("private_networks"))
        assert [s.get("private_networks") for s in site.written["webhook_tracking_subscribers"]] == [None, False, False]
        tested = site.server.call("/api/v1/webhooks/b/test", "POST")
        assert not tested.document["delivered"]
        assert inbox.messages == []
    finally:
        inbox.receiver.stop()


def test_an_address_of_the_file_stays_as_it_was_allowed_there(tmp_path: Path) -> None:
    written = {"webhook_tracking_subscribers": [{"host": "127.0.0.1", "port": "9"}]}
    site = Site(tmp_path, written)
    with site.server:
        _, etag = site.config()
        again = {**written, "anonymous_mode": False}
        assert site.server.call("/api/v1/config", "PUT", json=again, headers={"if-match": etag}).status == 200
        assert site.written == again


def test_a_paused_subscriber_gets_all_of_it_later_in_order(site: Site) -> None:
    inbox, server = Inbox(), site.server
    try:
        new = {"id": "b", "url": inbox.address, "private_networks": True}
        site.put(lambda c: c["webhook_tracking_subscribers"].append(new))
        assert server.call("/api/v1/webhooks/b/pause", "POST", json={"paused": True}).status == 200
        assert site.written["webhook_tracking_subscribers"][1]["paused"]
        for name in ("one", "two"):
            server.call("/external_process/begin", "POST", json={"name": name, "stream_uuid": UUID})
        [_, b] = server.call("/api/v1/webhooks").document["endpoints"]
        assert (b["paused"], b["delivered"]) == (True, {})
        waiting = server.call("/api/v1/webhooks/b/deliveries").document["deliveries"]
        eventually(lambda: len(server.call("/api/v1/webhooks/b/deliveries").document["deliveries"]) == 2)
        assert all(d["state"] == "waiting" and d["attempts"] == [] for d in waiting)
        assert server.call("/api/v1/webhooks/b/pause", "POST", json={"paused": False}).status == 200
        eventually(lambda: [m.processes[0]["name"] for m in inbox.messages if m.reason == "begin"] == ["one", "two"])
        eventually(
            lambda: (
                [d["state"] for d in server.call("/api/v1/webhooks/b/deliveries").document["deliveries"]]
                == ["delivered", "delivered"]
            )
        )
        newest, _ = server.call("/api/v1/webhooks/b/deliveries").document["deliveries"]
        assert (newest["sequence"], newest["reason"], newest["stream"]) == (2, "begin", UUID)
        [attempt] = newest["attempts"]
        assert (attempt["status"], attempt["error"]) == (200, "")
        assert attempt["duration_ms"] > 0
        assert server.call("/api/v1/webhooks/none/pause", "POST", json={"paused": True}).status == 404
    finally:
        inbox.receiver.stop()


def test_a_new_secret_is_shown_once_and_the_old_one_signs_beside_it(site: Site) -> None:
    answer = site.server.call("/api/v1/webhooks/a/rotate", "POST")
    [subscriber] = site.written["webhook_tracking_subscribers"]
    assert subscriber["secret"] == answer.document["secret"]
    assert subscriber["previous_secret"] == "whsec_c2VjcmV0"
    assert answer.document["secret"].removeprefix("whsec_") not in site.server.call("/api/v1/config").body.decode()


def test_a_region_drawn_while_people_walk_is_told_of(tmp_path: Path, street_clip: Path, person_model: str) -> None:
    inbox = Inbox()
    stream = {"stream_uuid": UUID, "url": str(street_clip), "loop": True, "pace": "fast"}
    region = {"name": "street", "points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}, {"x": 0, "y": 1}]}
    hook = {"url": inbox.address, "type": "events", "private_networks": True}
    site = Site(tmp_path, {"streams": [stream], "detector": {"model": person_model, "threads": 2}})
    try:
        with site.server:
            answer = site.put(
                lambda c: (
                    c["mutlistream_ROI"]["regions"].append(region),
                    c["webhook_tracking_subscribers"].append(hook),
                )
            )
            assert answer.status == 200
            eventually(lambda: inbox.messages, 60)
            event = inbox.messages[0].event
            assert event is not None
            assert (event["type"], event["state"]) == ("roi", "in")
            assert site.written["mutlistream_ROI"]["regions"][0]["uuid"]  # it was given one
    finally:
        inbox.receiver.stop()
