"""A configuration that cannot be used: what is shown of it, and how it is mended over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.service.conftest import Site
from tests.service.fakes import Server
from tests.unit.delivery.conftest import eventually


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
