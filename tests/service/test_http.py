"""What each endpoint answers (protocol, section 1)."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.service.fakes import DOOR, LINE, YARD, MapTick, Server, map_tick

from omni.config import AgentConfig, load_config
from omni.errors import ConfigError
from omni.process.schema import events_schema, processes_schema, streams_schema
from omni.service.map_body import MapBody

BEGIN = "/external_process/begin"


def test_about_has_the_documented_members_and_types(server: Server) -> None:
    about = server.call("/about").document
    software = about.pop("used_software")
    assert about.pop("may_be_standalone") is True
    assert set(about) == {"version", "full_version_with_hash", "build_hash", "build_date", "name"}
    assert all(isinstance(value, str) and value for value in about.values())
    assert about["name"] == "omni"
    assert datetime.fromisoformat(about["build_date"]).utcoffset().total_seconds() == 0
    assert {"FaceSDK", "onnxruntime", "opencv", "numpy", "sanic", "python", "rust"} <= set(software)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/about", 200), ("/map_tracking", 200), ("/healthz", 200), ("/readyz", 200), ("/", 200), ("/metrics", 200),
     ("/api/v1/openapi.json", 200), ("/none", 404), ("/external_process/begin", 405), ("/api/v1/live", 426),
     ("/api/v1/processes", 409)],
)  # fmt: skip
def test_head_is_get_without_the_body(server: Server, path: str, status: int) -> None:
    head, got = (server.call(path, method) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (got.status, b"") == (status, b"")
    same = ("content-type", "content-length", "etag", "allow")
    assert [head.headers.get(name) for name in same] == [got.headers.get(name) for name in same]


def test_the_map_has_the_documented_shape(server: Server) -> None:
    tick = map_tick(1)
    server.agent.ticks = [tick]
    answer = server.call("/map_tracking")
    assert answer.headers["content-type"] == "application/json"
    assert answer.document == {"views": {"top_view": tick.document}}


def test_without_a_map_the_views_are_empty(server: Server) -> None:
    assert server.call("/map_tracking").document == {"views": {}}


def test_the_map_is_serialised_once_a_tick(server: Server) -> None:
    body = MapBody()
    assert body.text([map_tick(1)]) is body.text([map_tick(1)])
    server.agent.ticks = [map_tick(1, x=1.5)]
    first = server.call("/map_tracking").body
    server.agent.ticks = [map_tick(1, x=2.5)]  # same tick: what was made for it stands
    assert server.call("/map_tracking").body == first
    server.agent.ticks = [map_tick(2, x=2.5)]
    assert server.call("/map_tracking").document["views"]["top_view"]["objects"][0]["bbox"][0] == 2.5


def test_a_number_that_json_cannot_say_is_refused(server: Server) -> None:
    server.agent.ticks = [map_tick(1, x=float("nan"))]
    answer = server.call("/map_tracking")
    assert answer.status == 500
    assert b"nan" not in answer.body.lower()
    with pytest.raises(OverflowError):
        MapBody().text([MapTick("top_view", 1, {"x": float("inf")})])


def test_the_configuration_renames_the_map() -> None:
    with Server(load_config({"http": {"map_tracking_path": "/floor/people"}})) as server:
        assert server.call("/floor/people").document == {"views": {}}
        assert server.call("/map_tracking").status == 404


def test_the_map_cannot_have_the_path_of_another_endpoint() -> None:
    config = load_config({"http": {"map_tracking_path": "/about"}})
    with pytest.raises(ConfigError, match="map_tracking_path"):
        Server(config)


def test_health(server: Server) -> None:
    assert server.call("/healthz").document == {"alive": True}
    assert server.call("/readyz").document == {"ready": True, "reasons": [], "warnings": []}


def test_a_wrong_map_is_a_warning_and_no_camera_at_all_is_a_reason(server: Server) -> None:
    server.agent.found = ["map tracking: the points lie on one line"]
    assert server.call("/readyz").document["warnings"] == ["map tracking: the points lie on one line"]
    server.agent.all_down()
    answer = server.call("/readyz")
    assert answer.status == 503
    assert answer.document["ready"] is False
    assert "stream Door: down: connection refused" in answer.document["reasons"]


def test_status(server: Server) -> None:
    status = server.call("/api/v1/status").document
    assert [stream["stream_uuid"] for stream in status["streams"]] == [DOOR, YARD]
    assert set(status) == {"timestamp", "streams", "stats", "problems"}
    assert status["streams"][0]["lag_s"] is None


def test_the_schema_is_the_packages(server: Server) -> None:
    assert server.call("/api/v1/schema/processes").document == processes_schema()


@pytest.fixture
def with_plan(tmp_path: Path) -> Server:
    cv2.imwrite(str(tmp_path / "plan.png"), np.zeros((60, 80, 3), np.uint8))
    corners = [{"image": [x, y], "map": [100 * x, 50 * y]} for x in (0.0, 1.0) for y in (0.0, 1.0)]
    camera = {"stream_uuid": DOOR, "points": corners}
    views = [
        {"name": "hall 1/\u00e9", "image": str(tmp_path / "plan.png"), "metres_per_unit": 0.02, "cameras": [camera]},
        {"name": "bare", "cameras": [camera]},
        {"name": "unused", "cameras": [camera]},
    ]
    return Server(load_config({"map_tracking": {"enabled": True, "views": views}}))


def test_views_with_and_without_a_plan(with_plan: Server) -> None:
    with with_plan as server:
        server.agent.ticks = [MapTick(name, 0, {}) for name in ("hall 1/\u00e9", "bare")]
        hall, bare = server.call("/api/v1/views").document["views"]
        plan = hall.pop("plan")
        assert hall.pop("footprints") == {DOOR: [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]}
        assert hall == {
            "name": "hall 1/\u00e9", "metres_per_unit": 0.02, "extent": [0.0, 0.0, 80.0, 60.0], "cameras": [DOOR]
        }  # fmt: skip
        assert (plan["width"], plan["height"]) == (80, 60)
        picture = server.call(plan["url"])
        assert picture.headers["content-type"] == "image/png"
        assert cv2.imdecode(np.frombuffer(picture.body, np.uint8), cv2.IMREAD_COLOR).shape == (60, 80, 3)
        assert bare["plan"] is None
        assert bare["extent"] == [-25.0, -25.0, 125.0, 75.0]
        assert server.call("/api/v1/views/bare/plan").status == 404


@pytest.mark.parametrize(
    ("path", "method", "status", "slug"),
    [
        ("/nothing", "GET", 404, "not-found"),
        ("/about", "POST", 405, "method-not-allowed"),
        ("/external_process/begin", "GET", 405, "method-not-allowed"),
        ("/api/v1/live", "GET", 426, "websocket-only"),
        ("/api/v1/views/none/plan", "GET", 404, "no-plan"),
    ],
)
def test_every_error_is_a_problem(server: Server, path: str, method: str, status: int, slug: str) -> None:
    answer = server.call(path, method)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(answer.document)
    assert answer.document["type"] == f"urn:omni:problem:{slug}"
    assert answer.document["status"] == status


def test_a_wrong_method_names_the_right_ones(server: Server) -> None:
    assert server.call("/external_process/begin").headers["allow"] == "POST"


@pytest.mark.parametrize("sent", [b"garbage\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"])
def test_what_is_not_http_is_a_problem_too(server: Server, sent: bytes) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in answer


def test_an_error_of_ours_tells_nothing_of_our_insides(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("rtsp://user:password@camera")

    monkeypatch.setattr(server.agent, "map_ticks", fail)
    answer = server.call("/map_tracking")
    assert answer.status == 500
    assert answer.document["type"] == "urn:omni:problem:internal-error"
    assert b"password" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert "a request failed" in caplog.text


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://["])
def test_pages_of_other_sites_may_not_call(server: Server, origin: str) -> None:
    refused = server.call("/external_process/terminate_all", "POST", headers={"Origin": origin})
    assert refused.status == 403
    assert refused.document["type"] == "urn:omni:problem:origin-refused"
    assert server.call("/external_process/terminate_all", "POST", headers={"Origin": server.address}).status == 200


def test_the_agent_lives_as_long_as_the_server(config: AgentConfig) -> None:
    running = Server(config)
    assert running.agent.life == []
    with running:
        assert running.agent.life == ["start"]
    assert running.agent.life == ["start", "stop"]


def test_the_counters_of_lines_can_be_read_and_reset(server: Server) -> None:
    [line] = server.call("/api/v1/lines").document["lines"]
    assert (line["uuid"], line["forward"], line["reverse"]) == (LINE, 3, 1)
    assert server.call(f"/api/v1/lines/{LINE.upper()}/reset", "POST").document == {}
    [line] = server.call("/api/v1/lines").document["lines"]
    assert (line["forward"], line["reverse"]) == (0, 0)
    refused = server.call(f"/api/v1/lines/{DOOR}/reset", "POST")
    assert (refused.status, refused.document["type"]) == (404, "urn:omni:problem:unknown-line")


@pytest.mark.parametrize(("name", "schema"), [("events", events_schema), ("streams", streams_schema)])
def test_the_schemas_of_what_is_told_are_served(
    server: Server, name: str, schema: Callable[[], dict[str, Any]]
) -> None:
    answer = server.call(f"/api/v1/schema/{name}")
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.document == schema()


def test_where_people_were_on_a_view(server: Server) -> None:
    server.agent.ticks = [map_tick(1)]
    answer = server.call("/api/v1/views/top_view/flow?window_s=600")
    assert answer.document == {"cell": 25.0, "cells": [{"x": 12.5, "y": 12.5, "seconds": 3.0, "dx": 1.0, "dy": 0.0}]}
    missing = server.call("/api/v1/views/attic/flow")
    assert (missing.status, missing.document["type"]) == (404, "urn:omni:problem:no-view")
    for window in ("0", "3601", "1e3"):
        refused = server.call(f"/api/v1/views/top_view/flow?window_s={window}")
        assert (refused.status, refused.document["field"]) == (400, "$.window_s")


def test_a_packed_body_is_told_what_is_read(server: Server) -> None:
    body = gzip.compress(b'{"name": "film", "stream_uuid": "' + DOOR.encode() + b'"}')
    for encoding, status in (("gzip", 415), ("br, gzip", 415), ("identity", 400)):
        answer = server.call(BEGIN, "POST", data=body, headers={"Content-Encoding": encoding})
        assert answer.status == status
    refused = server.call(BEGIN, "POST", data=body, headers={"Content-Encoding": "gzip"})
    assert refused.document["type"] == "urn:omni:problem:encoding-refused"
    assert "Content-Encoding: 'gzip'" in refused.document["detail"]
    assert refused.headers["accept-encoding"] == "identity"
    assert server.call(BEGIN, "POST", json={"name": "film"}, headers={"Content-Encoding": "identity"}).status == 200
