"""Webhooks, events and metrics over HTTP, with a real outbox and a real receiver."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.service.fakes import DOOR, Server
from tests.unit.delivery.conftest import Inbox, eventually, message

from omni.cli import main
from omni.config import load_config

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox(SECRET)
    yield box
    box.receiver.stop()


@pytest.fixture
def folder(tmp_path: Path, inbox: Inbox) -> Path:
    document = {
        "webhook_tracking_subscribers": [
            {"id": "site", "url": inbox.address, "secret": SECRET},
            {"id": "nowhere", "url": "http://user:hunter2@127.0.0.1:9/"},
        ],
        "delivery": {"retry_s": [0]},
    }
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[Server]:
    with Server(load_config(folder)) as server:
        yield server


def publish(server: Server, *numbers: int) -> None:
    for number in numbers:
        server.agent.delivery.publish(message("end", number, DOOR))
    assert server.agent.delivery._outbox.flush(10)


def dead(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.call("/api/v1/webhooks/dead").document["dead"]
    return found


def test_who_is_told_and_how_it_goes_is_shown_without_secrets(running: Server, inbox: Inbox) -> None:
    publish(running, 1, 2)
    eventually(lambda: len(inbox.messages) == 2 and len(dead(running)) == 2)
    eventually(lambda: not running.agent.delivery.log.backlog())
    answer = running.call("/api/v1/webhooks")
    site, nowhere = answer.document["endpoints"]
    assert (site["id"], site["delivered"], site["waiting"]) == ("site", {"end": 2}, 0)
    assert (nowhere["dead"], nowhere["attempts"]) == (2, {"unreachable": 2})
    for path in ("/api/v1/webhooks", "/api/v1/webhooks/dead", "/metrics", "/api/v1/status", "/api/v1/events"):
        body = running.call(path).body
        assert SECRET.encode() not in body
        assert b"hunter2" not in body


def test_a_test_call_goes_out_at_once(running: Server, inbox: Inbox) -> None:
    answer = running.call("/api/v1/webhooks/site/test", "POST")
    assert (answer.status, answer.document["delivered"], answer.document["status"]) == (200, True, 200)
    assert [(m.reason, m.wrong) for m in inbox.messages] == [("test", [])]
    assert running.call("/api/v1/webhooks/nowhere/test", "POST").document["delivered"] is False
    answer = running.call("/api/v1/webhooks/none/test", "POST")
    assert (answer.status, answer.document["type"]) == (404, "urn:omni:problem:unknown-endpoint")


def test_dead_letters_are_sent_again_and_forgotten(running: Server) -> None:
    publish(running, 1, 2, 3)
    eventually(lambda: len(dead(running)) == 3)
    first = dead(running)[0]
    assert running.call("/api/v1/webhooks/replay", "POST", json={"id": first["id"]}).document == {"replayed": 1}
    eventually(lambda: [d["attempts"] for d in dead(running)] == [2, 1, 1])
    for nothing in ("id=0", "until=0", "endpoint="):  # which is not all of them
        refused = running.call(f"/api/v1/webhooks/purge?{nothing}", "POST")
        assert (refused.status, refused.document["field"]) == (400, f"$.{nothing.partition('=')[0]}")
    assert running.call("/api/v1/webhooks/purge?endpoint=site", "POST").document == {"purged": 0}
    assert running.call("/api/v1/webhooks/purge?endpoint=nowhere", "POST").document == {"purged": 3}
    assert dead(running) == []
    assert running.call("/api/v1/webhooks/purge", "POST", json={"ids": 1}).status == 400


def test_the_command_line_does_the_same(running: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(running, 1, 2, 3)
    eventually(lambda: len(dead(running)) == 3)
    where = ["--config", str(folder)]
    assert main(["webhooks", "dead", *where, "--json"]) == 0
    letters = json.loads(capsys.readouterr().out)["dead"]
    assert letters == dead(running)
    assert main(["webhooks", "replay", *where, "--id", str(letters[2]["id"])]) == 0
    assert capsys.readouterr().out == "1 replayed\n"
    eventually(lambda: [d["attempts"] for d in dead(running)] == [1, 1, 2])
    assert main(["webhooks", "purge", *where, "--since", "2020-01-01", "--until", "2021-01-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"purged": 0}
    assert main(["webhooks", "purge", *where, "--endpoint", "nowhere"]) == 0
    assert capsys.readouterr().out == "3 purged\n"
    assert main(["webhooks", "dead", *where]) == 0
    assert capsys.readouterr().out == ""


def test_events_are_pulled_page_by_page(running: Server) -> None:
    publish(running, *range(1, 6))
    first = running.call("/api/v1/events?limit=2").document
    assert [e["body"]["processes"][0]["numerical_id"] for e in first["events"]] == [1, 2]
    rest = running.call(f"/api/v1/events?after={first['next']}").document
    assert [e["body"]["processes"][0]["numerical_id"] for e in rest["events"]] == [3, 4, 5]
    assert (first["gap"], rest["gap"]) == (False, False)
    assert running.call("/api/v1/events?after=deadbeef-3").document["gap"] is True
    for query in ("after=x", "limit=0", "limit=1001"):
        assert running.call(f"/api/v1/events?{query}").document["type"] == "urn:omni:problem:invalid-field"


def test_events_are_streamed_and_resumed(running: Server) -> None:
    publish(running, 1, 2)

    async def read(count: int, headers: dict[str, str]) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{running.address}/api/v1/events/stream", headers=headers) as answer,
        ):
            assert answer.content_type == "text/event-stream"
            publish(running, 3)
            cursor = ""
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    cursor = value
                if name == "data":
                    found.append((cursor, json.loads(value)["body"]["processes"][0]["numerical_id"]))
                if len(found) == count:
                    return found
        return found

    [(_, number)] = asyncio.run(read(1, {}))
    assert number == 3
    cursor = running.call("/api/v1/events?limit=1").document["next"]
    assert [n for _, n in asyncio.run(read(3, {"last-event-id": cursor}))] == [2, 3, 3]


def test_metrics_are_prometheus_text(running: Server) -> None:
    publish(running, 1)
    wanted = {
        'omni_webhook_delivered_total{endpoint="site",reason="end"} 1',
        'omni_webhook_attempts_total{endpoint="nowhere",outcome="unreachable"} 1',
        'omni_webhook_dead{endpoint="nowhere"} 1',
        'omni_webhook_depth{endpoint="site"} 0',
        'omni_webhook_latency_seconds_count{endpoint="site"} 1',
        "omni_outbox_problem 0",
        'omni_network_nodes{role="people",model="m",asked="CUDA",provider="CUDA"} 130',
    }
    eventually(lambda: wanted <= set(running.call("/metrics").body.decode().splitlines()))
    text = running.call("/metrics").body.decode()
    assert text.count("# TYPE") == len({line for line in text.splitlines() if line.startswith("# TYPE")})
    assert 'omni_stream_frames_total{stream="' in text
    assert running.call("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_head_of_a_stream_of_events_ends(running: Server) -> None:
    publish(running, 1)
    answer = running.call("/api/v1/events/stream", "HEAD")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"")


def test_without_an_outbox_there_is_nothing_to_pull(server: Server) -> None:
    answer = server.call("/api/v1/events")
    assert (answer.status, answer.document["type"]) == (503, "urn:omni:problem:outbox-unavailable")
    assert server.call("/metrics").status == 200


def test_a_stream_of_events_ends_with_the_agent(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def read_to_the_end(address: str, begun: threading.Event) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{address}/api/v1/events/stream") as answer:
            begun.set()
            with suppress(aiohttp.ClientError):
                await answer.read()

    begun = threading.Event()
    with Server(load_config(folder)) as server:
        reader = threading.Thread(target=lambda: asyncio.run(read_to_the_end(server.address, begun)))
        reader.start()
        assert begun.wait(60)
    reader.join(60)
    assert not reader.is_alive()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
