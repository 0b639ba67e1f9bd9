"""The settings over HTTP, with the real agent behind them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from tests.service.fakes import Answer, Server
from tests.unit.delivery.conftest import Inbox, eventually

from omni.service import open_settings
from omni.service.plans import read_plan

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
CORNERS = [{"x": 0.1, "y": 0.1}, {"x": 0.9, "y": 0.1}, {"x": 0.9, "y": 0.9}]


class Site:
    """A service on the configuration file of a folder."""

    def __init__(self, folder: Path, document: Any) -> None:
        self.file = folder / "run_params.json"
        self.file.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
        settings, config, agent = open_settings(folder, strict=False)
        self.server = Server(config, settings, agent)

    def config(self) -> tuple[dict[str, Any], str]:
        answer = self.server.call("/api/v1/config")
        return answer.document, answer.headers["etag"]

    def put(self, change: Callable[[dict[str, Any]], object], etag: str | None = None) -> Answer:
        shown, current = self.config()
        change(shown["config"])
        return self.server.call("/api/v1/config", "PUT", json=shown["config"], headers={"if-match": etag or current})

    @property
    def written(self) -> dict[str, Any]:
        return json.loads(self.file.read_text())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(20):
        cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((48, 64, 3), i, np.uint8))
    return folder


@pytest.fixture
def document(pictures: Path) -> dict[str, Any]:
    return {
        "$schema": "run_params.schema.json",
        "anonymous_mode": True,
        "streams": [{"url": str(pictures), "name": "door", "stream_uuid": UUID, "loop": True}],
        "pipelines": {"body_detector": {"enabled": False}},
        "webhook_tracking_subscribers": [
            {"id": "a", "url": "http://user:pass@127.0.0.1:9/hook", "secret": "whsec_c2VjcmV0", "paused": True,
             "headers": {"x-api-key": "hunter2"}}
        ],
    }  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, document: dict[str, Any]) -> Iterator[Site]:
    made = Site(tmp_path, document)
    with made.server:
        yield made


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


async def watched(server: Server) -> int | None:
    """The code that the page's websocket is closed with."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.address}/api/v1/live") as socket:
        await socket.receive()
        return socket.close_code


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        '{"streams": [{"url": "none.avi"}], "ongoings_interval_in_msec": 1}',
        '{"streams": [{"url": "none.avi", "name": "\\udcff"}]}',
    ],
)
def test_safe_mode_until_a_configuration_can_be_used(
    tmp_path: Path, document: dict[str, Any], broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path, broken)
    document["webhook_tracking_subscribers"][0]["private_networks"] = True
    with site.server as server:
        ready = server.call("/readyz")
        assert ready.status == 503
        assert re.match(r"safe mode: (/|\S+run_params\.json: )", ready.document["reasons"][0])
        assert server.call("/healthz").status == 200
        refused = server.call("/api/v1/status")
        assert (refused.status, refused.document["type"]) == (503, "urn:omni:problem:safe-mode")
        assert server.call("/about").document["used_software"]["FaceSDK"] == "none"
        assert server.call("/map_tracking").document == {"views": {}}
        assert asyncio.run(watched(server)) == 1013
        assert "Traceback" not in caplog.text, "an open page asks every few seconds"
        shown, etag = site.config()
        assert shown["problems"]
        assert shown["config"] == (None if broken == "{" else json.loads(broken.replace("\\udcff", "?")))
        assert server.call("/api/v1/config", "PUT", json={"streems": 1}, headers={"if-match": etag}).status == 422
        mended = server.call("/api/v1/config", "PUT", json=document, headers={"if-match": etag})
        assert mended.status == 200
        assert server.call("/api/v1/status").document["streams"][0]["name"] == "door"
        eventually(lambda: server.call("/readyz").status == 200)
        assert site.written == document
        assert site.config()[0]["problems"] == []


PLANTED = "hunter2"


@pytest.mark.parametrize(
    "broken",
    [
        {"mqtt_settings": {"password": PLANTED}},
        {"mqtt_settings": f"mqtt://u:{PLANTED}@broker"},
        {"streams": [{"source": f"rtsp://u:{PLANTED}@cam/1"}]},
        {"streams": [f"rtsp://u:{PLANTED}@cam/1"]},
        {"streams": [{"name": [1]}], "webhook_tracking_subscribers": [{"host": f"http://u:{PLANTED}@hook/"}]},
        {"webhook_tracking_subscribers": [{"url": "http://hook/", "headers": {"x": [{"a": PLANTED}, "z"]}}]},
        {"webhook_tracking_subscribers": [{"url": "http://hook/", "headers": f"Authorization: {PLANTED}"}]},
        {"webhook_tracking_subscribers": [{"url": "http://hook/", "token": PLANTED, "sekret": f"whsec_{PLANTED}"}]},
        {"webhook_tracking_subscribers": 5, "api_key": {"of": PLANTED}},
    ],
)
def test_safe_mode_shows_no_secret_that_stands_in_the_wrong_place(
    tmp_path: Path, document: dict[str, Any], broken: dict[str, Any]
) -> None:
    site = Site(tmp_path, json.dumps(broken))
    document["webhook_tracking_subscribers"][0]["private_networks"] = True
    with site.server as server:
        shown, etag = site.config()
        assert "***" in json.dumps(shown["config"])
        assert PLANTED not in json.dumps(shown)
        refused = server.call("/api/v1/config", "PUT", json=shown["config"], headers={"if-match": etag})
        assert refused.status == 422
        assert PLANTED.encode() not in refused.body
        mended = server.call("/api/v1/config", "PUT", json=document, headers={"if-match": etag})
        assert mended.status == 200
        assert PLANTED.encode() not in mended.body


@pytest.mark.parametrize("url", [f"rtsp://u:{PLANTED}\uff20@cam/1", f"rtsp://u:{PLANTED}@[cam/1"])
def test_an_address_that_is_none_is_taken_or_refused_without_a_word_of_its_password(
    site: Site, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = site.put(lambda c: c["streams"].append({"url": url, "enabled": False}))
    assert answer.status == 200
    refused = site.put(lambda c: c["webhook_tracking_subscribers"][0].update(url=url.replace("rtsp", "http")))
    assert refused.status == 422
    assert PLANTED not in f"{answer.body!r} {refused.body!r} {caplog.text} {site.config()}"


def test_a_secret_in_the_wrong_place_stays_while_something_else_is_mended(tmp_path: Path) -> None:
    written = {"streams": [{"url": f"rtsp://u:{PLANTED}@127.0.0.1:9/1", "enabled": False}], "api_key": PLANTED}
    site = Site(tmp_path, json.dumps(written))
    with site.server as server:
        shown, etag = site.config()
        del shown["config"]["api_key"]
        assert server.call("/api/v1/config", "PUT", json=shown["config"], headers={"if-match": etag}).status == 200
        assert site.written["streams"][0]["url"] == written["streams"][0]["url"]


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


def pairs(*wrong: tuple[int, list[float]]) -> dict[str, Any]:
    """A camera that looks straight down on 10 x 10 metres of a plan in centimetres."""
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75), (0.8, 0.3)]
    points = [{"image": c, "map": [c[0] * 1000, c[1] * 1000]} for c in corners]
    for i, place in wrong:
        points[i]["map"] = place
    return {"stream_uuid": UUID, "points": points, "metres_per_unit": 0.01}


def test_point_pairs_are_tried_before_they_are_used(site: Site) -> None:
    eventually(lambda: site.server.app.ctx.agent.streams()[0].image_size)
    good = site.server.call("/api/v1/calibration/check", "POST", json=pairs()).document
    assert good["rms_metres"] == pytest.approx(0, abs=1e-3)
    assert np.array(good["map_from_image"]) @ [64, 48, 1] == pytest.approx([1000, 1000, 1], rel=1e-3)
    low, high = np.min(good["footprint"], 0), np.max(good["footprint"], 0)
    assert (*low, *high) == pytest.approx((0, 0, 1000, 1000), abs=1)
    assert good["grid_metres"] == 1.0
    assert len(good["grid"]) == 22  # eleven lines each way, at every metre
    assert all(-0.03 <= v <= 1.03 for line in good["grid"] for point in line for v in point)
    bad = site.server.call("/api/v1/calibration/check", "POST", json=pairs((6, [100.0, 900.0]))).document
    assert bad["used"] == [True] * 6 + [False]
    assert bad["errors"][6] > 500


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"points": [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]}, 422, "calibration-invalid"),
        ({"points": []}, 422, "calibration-invalid"),
        ({"metres_per_unit": -1}, 422, "calibration-invalid"),
        ({"metres_per_unit": 1e308}, 422, "calibration-invalid"),
        ({"stream_uuid": OTHER}, 409, "no-picture"),
    ],
)
def test_pairs_that_give_no_map_are_told_why(site: Site, change: dict[str, Any], status: int, slug: str) -> None:
    eventually(lambda: site.server.app.ctx.agent.streams()[0].image_size)
    refused = site.server.call("/api/v1/calibration/check", "POST", json={**pairs(), **change})
    assert (refused.status, refused.document["type"]) == (status, f"urn:omni:problem:{slug}")


def test_a_plan_is_uploaded_listed_and_shown(site: Site) -> None:
    png = cv2.imencode(".png", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    jpeg = cv2.imencode(".jpg", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    put = site.server.call("/api/v1/plans/floor.png", "PUT", data=png)
    assert put.document == {"name": "floor.png", "width": 40, "height": 30, "bytes": len(png)}
    assert site.server.call("/api/v1/plans/first-floor.jpg", "PUT", data=jpeg).document["width"] == 40
    names = [plan["name"] for plan in site.server.call("/api/v1/plans").document["plans"]]
    assert names == ["first-floor.jpg", "floor.png"]
    shown = site.server.call("/api/v1/plans/floor.png")
    assert (shown.headers["content-type"], shown.body) == ("image/png", png)
    known = {"if-none-match": shown.headers["etag"]}
    assert site.server.call("/api/v1/plans/floor.png", headers=known).status == 304
    site.server.call("/api/v1/plans/floor.png", "PUT", data=png + b"more")
    assert site.server.call("/api/v1/plans/floor.png", headers=known).status == 200


def test_a_plan_that_lies_on_its_side_is_told_as_it_is_shown(site: Site) -> None:
    jpeg = cv2.imencode(".jpg", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    quarter_turn = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(quarter_turn) + 2).to_bytes(2, "big") + quarter_turn + jpeg[2:]
    put = site.server.call("/api/v1/plans/floor.jpg", "PUT", data=turned).document
    assert (put["width"], put["height"]) == (30, 40)
    plan = read_plan(site.file.parent / "floor.jpg")
    assert (plan.width, plan.height) == (30, 40)


def test_of_plans_of_one_name_that_come_at_once_one_is_kept_whole(site: Site) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (500, 700, 3), np.uint8)
    sent = [cv2.imencode(".png", noise[i:])[1].tobytes() for i in range(6)]

    async def upload() -> list[int]:
        async with aiohttp.ClientSession() as session:

            async def put(data: bytes) -> int:
                async with session.put(
                    f"{site.server.address}/api/v1/plans/floor.png", data=io.BytesIO(data)
                ) as answer:
                    return answer.status

            return await asyncio.gather(*map(put, sent))

    for _ in range(3):
        assert asyncio.run(upload()) == [200] * len(sent)
        assert (site.file.parent / "floor.png").read_bytes() in sent


def test_a_file_that_is_no_plan_hides_none_of_the_others(site: Site) -> None:
    """One whose name is not UTF-8 cannot be named, and one that holds no picture is told of."""
    folder = site.file.parent
    (folder / "plan.png").write_bytes(cv2.imencode(".png", np.zeros((3, 4, 3), np.uint8))[1].tobytes())
    (folder / "broken.png").write_bytes(b"<svg/>")
    (folder / os.fsdecode(b"pl\xffan.png")).write_bytes(b"")
    names = [plan["name"] for plan in site.server.call("/api/v1/plans").document["plans"]]
    assert names == ["broken.png", "plan.png"]
    broken = site.server.call("/api/v1/plans/broken.png")
    assert (broken.status, broken.document["type"]) == (404, "urn:omni:problem:no-plan")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("..%2Fevil.png", None),
        ("%2Ftmp%2Fevil.png", None),
        (".hidden.png", None),
        ("run_params.json", None),
        ("floor.jpg", None),  # holds a PNG
        ("floor.png", b"<svg/>"),
        ("floor.png", b""),
        ("floor.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02"),
    ],
)
def test_what_is_no_plan_is_refused(site: Site, name: str, data: bytes | None) -> None:
    body = cv2.imencode(".png", np.zeros((3, 4, 3), np.uint8))[1].tobytes() if data is None else data
    before = sorted(site.file.parent.rglob("*.png"))
    refused = site.server.call(f"/api/v1/plans/{name}", "PUT", data=body)
    assert refused.status in (404, 422)
    assert sorted(site.file.parent.rglob("*.png")) == before


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
