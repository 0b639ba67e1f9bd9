"""POSTs with an ``Idempotency-Key`` are carried out once."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sanic import HTTPResponse, Request
from tests.service.fakes import DOOR, LINE, Answer, Server

from omni.service import once, open_settings
from omni.service.once import Once

BEGIN = "/external_process/begin"


def begin(server: Server, key: str, name: str = "film") -> Answer:
    return server.call(BEGIN, "POST", json={"name": name, "stream_uuid": DOOR}, headers={"Idempotency-Key": key})


def opened(server: Server) -> int:
    """How many processes are open; they are closed by this."""
    count = 0
    while server.call("/external_process/end", "POST", json={"name": "film"}).status == 200:
        count += 1
    return count


def test_the_same_key_does_it_once_and_gets_the_same_answer(server: Server) -> None:
    first, again = begin(server, "k1"), begin(server, "k1")
    assert (again.status, again.body) == (first.status, first.body)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert begin(server, "k2").status == 200
    assert opened(server) == 2


def test_a_key_belongs_to_one_request(server: Server) -> None:
    begin(server, "k1")
    for refused in (
        begin(server, "k1", name="another"),
        server.call("/external_process/terminate_all", "POST", headers={"Idempotency-Key": "k1"}),
        server.call(BEGIN + "?class=x", "POST", json={"name": "film"}, headers={"Idempotency-Key": "k1"}),
    ):
        assert (refused.status, refused.document["type"]) == (422, "urn:omni:problem:key-reused")
    assert opened(server) == 1


def test_what_failed_may_be_tried_again(server: Server) -> None:
    end = {"json": {"name": "film"}, "headers": {"Idempotency-Key": "k1"}}
    assert server.call("/external_process/end", "POST", **end).status == 404
    begin(server, "k2")
    assert server.call("/external_process/end", "POST", **end).status == 200


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused(server: Server, key: str) -> None:
    assert begin(server, key).status == 400
    assert opened(server) == 0


def test_only_posts_have_keys(server: Server) -> None:
    for _ in range(2):
        answer = server.call("/api/v1/lines", headers={"Idempotency-Key": "k1"})
        assert (answer.status, "idempotent-replayed" in answer.headers) == (200, False)


def test_who_leaves_and_comes_again_gets_the_answer_of_the_first_call(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def slow(line_uuid: str) -> None:
        calls.append(line_uuid)
        begun.set()
        assert go_on.wait(60)

    monkeypatch.setattr(server.agent, "reset_line", slow)
    path, headers = f"/api/v1/lines/{LINE}/reset", {"Idempotency-Key": "k1"}

    async def leave_and_come_again() -> tuple[int, str | None]:
        async with aiohttp.ClientSession() as session:
            leaving = asyncio.create_task(session.post(server.address + path, headers=headers))
            assert await asyncio.to_thread(begun.wait, 60)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            again = asyncio.create_task(session.post(server.address + path, headers=headers))
            go_on.set()
            async with await again as answer:
                return answer.status, answer.headers.get("idempotent-replayed")

    assert asyncio.run(leave_and_come_again()) == (200, "true")
    assert calls == [LINE]


def test_a_secret_is_given_once_and_made_once(tmp_path: Path) -> None:
    subscriber = {"id": "a", "url": "http://127.0.0.1:9/", "secret": "whsec_c2VjcmV0", "paused": True}
    file = tmp_path / "run_params.json"
    file.write_text(json.dumps({"webhook_tracking_subscribers": [subscriber]}))
    settings, config, agent = open_settings(tmp_path, strict=True)
    with Server(config, settings, agent) as running:
        first, again = (
            running.call("/api/v1/webhooks/a/rotate", "POST", headers={"Idempotency-Key": "k1"}) for _ in range(2)
        )
        kept = list(running.app.ctx.once._kept.values())
    assert first.status == 200
    assert (again.status, again.document["type"]) == (409, "urn:omni:problem:secret-shown")
    [written] = json.loads(file.read_text())["webhook_tracking_subscribers"]
    assert (written["secret"], written["previous_secret"]) == (first.document["secret"], "whsec_c2VjcmV0")
    assert [one.answer for one in kept] == [None]


def test_what_is_kept_of_a_call_is_its_answer_and_nothing_of_its_request(server: Server) -> None:
    for number in range(20):
        assert begin(server, f"k{number}").status == 200
    kept = server.app.ctx.once._kept.values()
    assert [type(one.answer) for one in kept] == [HTTPResponse] * 20
    gc.collect()
    here = [thing for thing in gc.get_objects() if isinstance(thing, Request) and thing.app is server.app]
    assert len(here) < 10  # those of other tests may live on in the context of what they began


def test_answers_are_kept_for_a_time_and_only_so_many(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    server.app.ctx.once = Once(lambda: now[0])
    monkeypatch.setattr(once, "KEPT_MAX", 3)

    def replayed(key: str) -> Any:
        return begin(server, key).headers.get("idempotent-replayed")

    assert [replayed(key) for key in ("a", "b", "c", "c")] == [None, None, None, "true"]
    assert replayed("d") is None
    assert replayed("b") == "true"
    assert replayed("a") is None  # the oldest made room
    now[0] += once.KEPT_S + 1
    assert replayed("d") is None
    monkeypatch.setattr(once, "KEPT_BYTES", 5)  # an answer has two
    assert [replayed(key) for key in ("x", "y", "z", "y", "x")] == [None, None, None, "true", None]


def test_calls_that_fail_push_nobody_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "KEPT_MAX", 1)
    begin(server, "k1")
    for number in range(3):
        wrong = server.call(BEGIN, "POST", json={}, headers={"Idempotency-Key": f"wrong{number}"})
        assert wrong.status == 400
    assert begin(server, "k1").headers["idempotent-replayed"] == "true"
