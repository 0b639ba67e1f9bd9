"""External processes: fields from JSON, form and query string, and every way to get them wrong."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import FormData
from tests.service.fakes import DOOR, YARD, Answer, Server

from omni.types import ProcessMessage

BEGIN, END, ALL = "/external_process/begin", "/external_process/end", "/external_process/terminate_all"


@pytest.fixture
def told(server: Server) -> list[ProcessMessage]:
    messages: list[ProcessMessage] = []
    server.agent.bus.subscribe(messages.append)
    return messages


def field_of(answer: Answer) -> tuple[int, str, str | None]:
    document = answer.document
    return answer.status, document["type"].removeprefix("urn:omni:problem:"), document.get("field")


def test_defaults(server: Server, told: list[ProcessMessage]) -> None:
    answer = server.call(BEGIN, "POST", json={"name": "film.mp4", "stream_uuid": DOOR})
    assert (answer.status, answer.document) == (200, {})
    (process,) = told[0].processes
    assert process["object"]["class"] == "media"
    assert (process["repeats"], process["duration"], process["internal_time_interval"]) == (False, 0, [0, 0])


FIELDS = {
    "name": "film & co.mp4",
    "class": "ad",
    "repeats": True,
    "duration": 5000,
    "started_at": 7,
    "stream_uuid": DOOR,
}
TEXT = {name: str(value) for name, value in FIELDS.items()}


AS_CURL_SENDS_IT = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("query", "request_"),
    [
        ({}, {"json": FIELDS}),
        ({}, {"data": TEXT}),
        (TEXT, {}),
        ({"name": FIELDS["name"]}, {"json": {n: v for n, v in FIELDS.items() if n != "name"}}),
        ({}, {"data": json.dumps(FIELDS), "headers": AS_CURL_SENDS_IT}),
        ({}, {"data": json.dumps(FIELDS).encode("utf-8-sig")}),
    ],
    ids=["json", "form", "query", "query and json", "curl -d", "with a byte order mark, as Windows writes files"],
)
def test_fields_come_as_json_form_or_query(
    server: Server, told: list[ProcessMessage], query: dict[str, str], request_: dict[str, Any]
) -> None:
    assert server.call(f"{BEGIN}?{urlencode(query)}", "POST", **request_).status == 200
    (process,) = told[0].processes
    assert (process["name"], process["object"]["class"], process["source"]) == (FIELDS["name"], "ad", DOOR)
    assert (process["repeats"], process["duration"], process["internal_time_interval"][0]) == (True, 5000, 7)


def test_a_multipart_form_is_taken(server: Server, told: list[ProcessMessage]) -> None:
    form = FormData({"name": "film.mp4", "stream_uuid": DOOR}, default_to_multipart=True)
    assert server.call(BEGIN, "POST", data=form).status == 200
    assert told[0].processes[0]["name"] == "film.mp4"


def test_without_a_stream_nothing_is_opened(server: Server, told: list[ProcessMessage]) -> None:
    assert server.call(BEGIN, "POST", json={"name": "a"}).status == 200
    assert told == []


def test_end_closes_the_last_that_matches(server: Server, told: list[ProcessMessage]) -> None:
    for started_at in (1, 2):
        server.call(BEGIN, "POST", json={"name": "a", "stream_uuid": DOOR, "started_at": started_at})
    assert server.call(END, "POST", json={"name": "a", "stopped_at": 9}).document == {}
    assert told[-1].processes[0]["internal_time_interval"] == [2, 9]
    for other in ({"class": "ad"}, {"stream_uuid": YARD}):
        refused = server.call(END, "POST", json={"name": "a", **other})
        assert field_of(refused) == (404, "external-process-not-open", "$.name")
        assert (refused.document["expected"], refused.document["found"]) == (
            "that of an external process that is open", '"a"'
        )  # fmt: skip
        assert all(text in refused.document["detail"] for text in other.values())


def test_terminate_all_of_one_stream_and_of_all(server: Server, told: list[ProcessMessage]) -> None:
    for stream in (DOOR, YARD, YARD):
        server.call(BEGIN, "POST", json={"name": "a", "stream_uuid": stream})
    told.clear()
    assert server.call(ALL, "POST", json={"stream_uuid": DOOR.upper()}).document == {}
    assert [message.stream_uuid for message in told] == [DOOR]
    assert server.call(ALL, "POST").document == {}
    assert len(told) == 3


@pytest.mark.parametrize(
    ("body", "slug", "field"),
    [
        ({}, "missing-field", "$.name"),
        ({"name": ""}, "invalid-field", "$.name"),
        ({"name": None}, "invalid-field", "$.name"),
        ({"name": 1}, "invalid-field", "$.name"),
        ({"name": "\ud800"}, "invalid-field", "$.name"),
        ({"name": "x" * 1025}, "invalid-field", "$.name"),
        ({"name": "a", "class": ["media"]}, "invalid-field", "$.class"),
        ({"name": "a", "repeats": "true"}, "invalid-field", "$.repeats"),
        ({"name": "a", "repeats": 1}, "invalid-field", "$.repeats"),
        ({"name": "a", "duration": True}, "invalid-field", "$.duration"),
        ({"name": "a", "duration": "5"}, "invalid-field", "$.duration"),
        ({"name": "a", "duration": 1.0}, "invalid-field", "$.duration"),
        ({"name": "a", "duration": -1}, "invalid-field", "$.duration"),
        ({"name": "a", "started_at": 2**63}, "invalid-field", "$.started_at"),
        ({"name": "a", "stream_uuid": "door"}, "invalid-field", "$.stream_uuid"),
        ({"name": "a", "stream_uuid": "{" + DOOR + "}"}, "invalid-field", "$.stream_uuid"),
        ({"name": "a", "stopped_at": 1}, "unknown-field", "$.stopped_at"),
        ([], "invalid-body", "$"),
        ("name", "invalid-body", "$"),
    ],
)
def test_wrong_fields_are_named(
    server: Server, told: list[ProcessMessage], body: object, slug: str, field: str
) -> None:
    answer = server.call(BEGIN, "POST", json=body)
    assert field_of(answer) == (400, slug, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["expected"]
    assert answer.document["found"]
    assert told == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("name=a&repeats=yes", "$.repeats"), ("name=a&duration=+5", "$.duration"), ("name=a&duration=1e3", "$.duration"),
     ("name=a&started_at=9223372036854775808", "$.started_at"), ("name=a&duration=%D9%A3", "$.duration"),
     ("name=a&duration=", "$.duration"), ("name=", "$.name")],
)  # fmt: skip
def test_wrong_text_is_named(server: Server, query: str, field: str) -> None:
    assert field_of(server.call(f"{BEGIN}?{query}", "POST")) == (400, "invalid-field", field)


def test_a_misspelt_field_is_told_the_nearest(server: Server) -> None:
    answer = server.call(BEGIN, "POST", json={"name": "a", "steam_uuid": DOOR})
    assert "did you mean 'stream_uuid'" in answer.document["detail"]


@pytest.mark.parametrize(
    ("query", "body"),
    [("?name=a&name=b", b""), ("?name=a", b'{"name": "a"}'), ("", b'{"name": "a", "name": "b"}')],
)
def test_a_field_is_given_once(server: Server, query: str, body: bytes) -> None:
    refused = server.call(BEGIN + query, "POST", data=body)
    assert field_of(refused) == (400, "duplicate-field", "$.name")
    assert refused.document["expected"] == "each field once"


@pytest.mark.parametrize(
    "body",
    [b"{", b"name", b'{"name": NaN}', b"[" * 100_000, b"\xff\xfe", b'{"name": "a", "duration": ' + b"9" * 5000 + b"}"],
)
def test_a_body_that_is_not_json(server: Server, body: bytes) -> None:
    answer = server.call(BEGIN, "POST", data=body, headers={"content-type": "application/json"})
    assert field_of(answer)[:2] == (400, "invalid-body")


def test_query_that_is_not_utf8(server: Server) -> None:
    assert field_of(server.call(f"{BEGIN}?name=%FF", "POST"))[:2] == (400, "invalid-body")


@pytest.mark.parametrize("path", [BEGIN, END, ALL])
def test_an_unknown_stream_is_not_found(server: Server, path: str) -> None:
    body = {"stream_uuid": DOOR.replace("1", "9")} | ({} if path == ALL else {"name": "a"})
    refused = server.call(path, "POST", json=body)
    assert field_of(refused) == (404, "unknown-stream", "$.stream_uuid")
    assert (refused.document["expected"], refused.document["found"]) == (
        "a stream of this agent", f'"{body["stream_uuid"]}"'
    )  # fmt: skip


def test_while_the_service_stops_none_begins(server: Server, told: list[ProcessMessage]) -> None:
    server.agent.external.stop("agent_stopped")
    body = {"name": "a", "stream_uuid": DOOR}
    assert field_of(server.call(BEGIN, "POST", json=body)) == (503, "unavailable", None)
    assert field_of(server.call(END, "POST", json=body))[:2] == (404, "external-process-not-open")
    assert told == []


def test_a_body_that_is_too_large(server: Server) -> None:
    answer = server.call(BEGIN, "POST", data=b"x" * 300_000)
    assert field_of(answer)[:2] == (413, "too-large")
