"""Who may do what: tokens, sessions, scopes, hosts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.service.fakes import DOOR, LINE, Answer, Server

from omni.config import load_config
from omni.errors import ConfigError
from omni.service import open_settings
from omni.service.access import Access
from omni.service.fields import BODY_MAX_BYTES
from omni.service.sessions import FAILURES_MAX, IDLE_S, LIFETIME_S, SESSIONS_MAX, WINDOW_S, LoginLimit, Sessions
from omni.tokens import BUSY_S, SCOPES, Tokens

BEGIN = {"name": "film", "stream_uuid": DOOR}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(tmp_path: Path, clock: Clock) -> Callable[..., Server]:
    def make(**http: Any) -> Server:
        config = load_config({"state_folder": str(tmp_path), "http": http})
        server = Server(config)
        server.app.ctx.access = Access(config, clock)
        return server

    return make


@pytest.fixture
def server(tokens: Tokens, serving: Callable[..., Server]) -> Iterator[Server]:
    """Everything is closed: others can reach it."""
    tokens.add("unused", ["read"], 1.0)
    with serving(names=["omni.example.org"]) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def log_in(server: Server, token: str, **headers: str) -> tuple[Answer, dict[str, str]]:
    """The answer, and the headers of a page that is logged in."""
    answer = server.call("/api/v1/session", "POST", json={"token": token}, headers=headers)
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    csrf = answer.document.get("csrf") or ""
    return answer, {"Cookie": cookie, "x-csrf-token": csrf}


def slug(answer: Answer) -> str:
    return str(answer.document["type"]).removeprefix("urn:omni:problem:")


def test_on_this_machine_everything_is_open_until_there_is_a_token(
    tokens: Tokens, serving: Callable[..., Server]
) -> None:
    with serving() as server:
        assert server.call("/api/v1/status").status == 200
        assert server.call("/api/v1/session").document == {"required": False, "scopes": list(SCOPES), "csrf": None}
        token = tokens.add("wall", ["read"], 1.0)
        assert slug(server.call("/api/v1/status")) == "token-required"
        assert server.call("/api/v1/status", headers=bearer(token)).status == 200
        assert server.call("/external_process/begin", "POST", json=BEGIN).status == 200  # as the original
        assert server.call("/about").status == 200
        tokens.remove("wall")
        assert server.call("/api/v1/status").status == 200


@pytest.mark.parametrize("http", [{"host": "0.0.0.0"}, {"host": "192.0.2.1"}, {"host": "::"}, {"names": ["a.example"]}])
def test_where_others_can_reach_it_nothing_starts_without_a_token(
    serving: Callable[..., Server], tokens: Tokens, http: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="omni tokens add NAME"):
        serving(**http)
    tokens.add("wall", ["read"], 1.0)
    serving(**http)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_none(serving: Callable[..., Server], host: str) -> None:
    assert serving(host=host).app.ctx.access.required is False


def test_what_everybody_may_have_tells_nothing(server: Server) -> None:
    server.agent.all_down()
    assert server.call("/").status == 200
    assert server.call("/healthz").status == 200
    ready = server.call("/readyz")
    assert (ready.status, ready.document) == (503, {"ready": False, "reasons": [], "warnings": []})
    assert server.call("/api/v1/session").document == {"required": True, "scopes": [], "csrf": None}


def test_a_token_allows_its_scopes_and_no_more(server: Server, tokens: Tokens) -> None:
    reads = bearer(tokens.add("reads", ["read"], 1.0))
    controls = bearer(tokens.add("controls", ["control"], 1.0))
    reset = f"/api/v1/lines/{LINE}/reset"
    assert server.call("/api/v1/lines", headers=reads).status == 200
    assert slug(server.call(reset, "POST", headers=reads)) == "scope-missing"
    assert server.call(reset, "POST", headers=controls).status == 200
    assert slug(server.call("/api/v1/lines", headers=controls)) == "scope-missing"
    assert slug(server.call("/api/v1/faces", headers=controls)) == "scope-missing"


def test_who_shows_no_good_token_is_told_how(server: Server) -> None:
    for headers in ({}, bearer("omni_wrong"), {"Authorization": "Basic eDp5"}, {"Cookie": "omni-session=wrong"}):
        refused = server.call("/api/v1/status", headers=headers)
        assert (refused.status, slug(refused)) == (401, "token-required")
        assert refused.headers["www-authenticate"] == 'Bearer realm="omni"'


@pytest.mark.parametrize(("setting", "opened"), [(None, False), (True, True), (False, False)])
def test_the_endpoints_of_the_original_open_elsewhere_only_when_told(
    serving: Callable[..., Server], tokens: Tokens, setting: bool | None, opened: bool
) -> None:
    token = tokens.add("controls", ["control", "read"], 1.0)
    calls = [
        ("/about", "GET", {}),
        ("/map_tracking", "GET", {}),
        ("/external_process/begin", "POST", {"json": BEGIN}),
        ("/external_process/end", "POST", {"json": BEGIN}),
        ("/external_process/terminate_all", "POST", {}),
    ]
    with serving(names=["a.example"], open_endpoints=setting) as server:
        for path, method, body in calls:
            assert server.call(path, method, **body).status == (200 if opened else 401), path
            if path != "/external_process/end":
                assert server.call(path, method, **body, headers=bearer(token)).status == 200, path
        assert server.call("/api/v1/status").status == 401


def test_they_can_be_closed_on_this_machine_too(serving: Callable[..., Server], tokens: Tokens) -> None:
    tokens.add("wall", ["read"], 1.0)
    with serving(open_endpoints=False) as server:
        assert server.call("/about").status == 401


def test_a_page_logs_in_and_out(server: Server, tokens: Tokens) -> None:
    answer, page = log_in(server, tokens.add("ann", ["read", "control"], 1.0))
    assert answer.document == {"required": True, "scopes": ["read", "control"], "csrf": page["x-csrf-token"]}
    cookie = answer.headers["set-cookie"]
    assert "; HttpOnly" in cookie
    assert "; SameSite=Strict" in cookie
    assert "; Secure" not in cookie
    assert server.call("/api/v1/status", headers=page).status == 200
    assert server.call("/api/v1/session", headers=page).document["csrf"] == page["x-csrf-token"]
    out = server.call("/api/v1/session", "DELETE", headers=page)
    assert out.document == {"required": True, "scopes": [], "csrf": None}
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert server.call("/api/v1/status", headers=page).status == 401


def test_where_the_page_came_by_https_so_does_the_cookie(server: Server, tokens: Tokens) -> None:
    behind_a_proxy = {"Host": "omni.example.org", "Origin": "https://omni.example.org"}
    answer, _ = log_in(server, tokens.add("ann", ["read"], 1.0), **behind_a_proxy)
    assert answer.headers["set-cookie"].endswith("; Secure")


def test_a_write_by_cookie_needs_what_only_the_page_knows(server: Server, tokens: Tokens) -> None:
    token = tokens.add("ann", ["read", "control"], 1.0)
    _, page = log_in(server, token)
    reset = f"/api/v1/lines/{LINE}/reset"
    assert server.call(reset, "POST", headers=page).status == 200
    for wrong in ("", "guessed", "\u00e9"):
        refused = server.call(reset, "POST", headers={**page, "x-csrf-token": wrong})
        assert (refused.status, slug(refused)) == (403, "csrf-refused")
    assert server.call(reset, "POST", headers=bearer(token)).status == 200


def test_sessions_end_with_their_token_and_with_time(server: Server, tokens: Tokens, clock: Clock) -> None:
    _, page = log_in(server, tokens.add("ann", ["read"], 1.0))
    clock.now += IDLE_S - 1
    assert server.call("/api/v1/status", headers=page).status == 200
    clock.now += IDLE_S - 1
    assert server.call("/api/v1/status", headers=page).status == 200
    clock.now += IDLE_S + 1
    assert server.call("/api/v1/status", headers=page).status == 401
    _, page = log_in(server, tokens.add("bob", ["read"], 1.0))
    tokens.remove("bob")
    assert server.call("/api/v1/status", headers=page).status == 401


def test_wrong_logins_are_slowed_down(server: Server, tokens: Tokens, clock: Clock) -> None:
    token = tokens.add("ann", ["read"], 1.0)
    for _ in range(FAILURES_MAX):
        answer, _ = log_in(server, "omni_wrong")
        assert (answer.status, slug(answer)) == (401, "token-unknown")
    answer, _ = log_in(server, "omni_wrong")
    assert (answer.status, slug(answer)) == (429, "too-many-logins")
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S + 1
    assert log_in(server, token)[0].status == 200, "whoever fails behind the same proxy keeps nobody out"
    clock.now += WINDOW_S + 1
    assert log_in(server, "omni_wrong")[0].status == 401


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /api/v1/faces?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000", b"401"),
        ("PUT /api/v1/config HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked", b"401"),
        ("POST /api/v1/faces?name=a HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 8000000", b"421"),
        ("POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000", b"413"),
    ],
)
def test_no_body_of_strangers_is_waited_for(server: Server, tokens: Tokens, head: str, status: bytes) -> None:
    tokens.add("ann", ["faces"], 1.0)
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        if status == b"413":  # those who log in are strangers yet: of them as much is read as a call needs
            connection.sendall(b"a" * (BODY_MAX_BYTES + 1))
        assert connection.recv(1000).split(b" ")[1] == status


def test_websockets_and_event_streams_are_let_in_like_requests_and_end_with_the_token(
    server: Server, tokens: Tokens
) -> None:
    live, events = f"{server.address}/api/v1/live", f"{server.address}/api/v1/events/stream"
    allowed = bearer(tokens.add("wall", ["read"], 1.0))

    async def run() -> tuple[int, int, int | None]:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(live)
            async with session.get(events) as answer:
                refused_events = answer.status
            async with session.ws_connect(live, headers=allowed) as socket:
                await socket.receive()
                tokens.remove("wall")
                async with asyncio.timeout(60):
                    async for _ in socket:
                        pass
                return refused.value.status, refused_events, socket.close_code

    assert asyncio.run(run()) == (401, 401, 1008)


def test_a_websocket_ends_while_the_tokens_cannot_be_read(server: Server, tokens: Tokens, tmp_path: Path) -> None:
    """It would be watched by nobody from then on, and outlive its token."""
    allowed = bearer(tokens.add("wall", ["read"], 1.0))

    async def run() -> int | None:
        url = f"{server.address}/api/v1/live"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=allowed) as socket:
            await socket.receive()
            (tmp_path / "tokens.sqlite").write_bytes(b"damaged" * 1000)
            async with asyncio.timeout(20):
                async for _ in socket:
                    pass
            return socket.close_code

    assert asyncio.run(run()) == 1008


def test_who_waits_for_locked_tokens_holds_up_nobody_else(server: Server, tokens: Tokens, tmp_path: Path) -> None:
    allowed = bearer(tokens.add("wall", ["read"], 1.0))

    async def run() -> list[int]:
        with contextlib.closing(sqlite3.connect(tmp_path / "tokens.sqlite", isolation_level=None)) as other:
            async with aiohttp.ClientSession(server.address, headers=allowed) as session:
                other.execute("BEGIN EXCLUSIVE")
                waiting = [asyncio.create_task(session.get("/api/v1/status")) for _ in range(3)]
                await asyncio.sleep(0.1)
                async with session.get("/about", headers={"Host": "evil.example"}) as refused:  # before it is asked who
                    assert not any(task.done() for task in waiting)
                other.execute("COMMIT")
                return [refused.status] + [(await task).status for task in waiting]

    began = time.monotonic()
    assert asyncio.run(run()) == [421, 200, 200, 200]
    assert time.monotonic() - began < BUSY_S


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:8080", 200),
        ("192.0.2.7:8080", 200),
        ("omni.example.org", 200),
        ("OMNI.example.org:443", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_only_its_own_names_lead_to_it(server: Server, host: str, status: int) -> None:
    assert server.call("/healthz", headers={"Host": host}).status == status


def test_sessions_are_bounded_in_number_and_time() -> None:
    sessions = Sessions()
    first, _ = sessions.open(b"a", 0.0)
    second, _ = sessions.open(b"a", 0.0)
    assert sessions.use(first, 1.0) is not None
    for _ in range(SESSIONS_MAX - 1):
        sessions.open(b"b", 2.0)
    assert sessions.use(second, 3.0) is None
    assert sessions.use(first, 3.0) is not None
    at = 3.0
    while at + IDLE_S / 2 < LIFETIME_S:
        at += IDLE_S / 2
        assert sessions.use(first, at) is not None
    assert sessions.use(first, LIFETIME_S + 1) is None


def test_the_limit_is_of_one_address_and_slides() -> None:
    limit = LoginLimit()
    for second in range(FAILURES_MAX):
        assert limit.wait_s("a", float(second)) == 0
        limit.failed("a", float(second))
    now = float(FAILURES_MAX)
    assert limit.wait_s("a", now) == WINDOW_S - now
    assert limit.wait_s("b", now) == 0
    assert limit.wait_s("a", WINDOW_S + 0.5) == 0


def in_safe_mode(folder: Path, http: dict[str, Any], state: str) -> Server:
    (folder / "run_params.json").write_text(json.dumps({"http": http, "state_folder": state, "streems": []}))
    settings, config, agent = open_settings(folder, strict=False)
    assert agent is None
    return Server(config, settings)


def test_in_safe_mode_the_settings_need_a_token_where_there_is_one(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "here")
    reads, changes = bearer(tokens.add("reads", ["read"], 1.0)), bearer(tokens.add("changes", SCOPES, 1.0))
    with in_safe_mode(tmp_path, {}, "here") as server:
        assert server.app.ctx.runs is False
        assert slug(server.call("/api/v1/config")) == "token-required"
        assert slug(server.call("/api/v1/config", "PUT", json={})) == "token-required"
        shown = server.call("/api/v1/config", headers=reads)
        match = {"If-Match": shown.headers["etag"]}
        assert shown.document["problems"]
        assert slug(server.call("/api/v1/config", "PUT", json={}, headers=reads | match)) == "scope-missing"
        assert server.call("/healthz").status == 200
        mended = {"state_folder": "here"}
        assert server.call("/api/v1/config", "PUT", json=mended, headers=changes | match).status == 200
        assert server.app.ctx.runs
        assert slug(server.call("/api/v1/status")) == "token-required"
        assert server.call("/api/v1/status", headers=reads).status == 200


def test_who_leaves_safe_mode_by_naming_the_state_folder_needs_its_tokens_from_then_on(tmp_path: Path) -> None:
    token = Tokens(tmp_path / "here").add("reads", ["read"], 1.0)
    (tmp_path / "run_params.json").write_text("{")
    settings, config, _ = open_settings(tmp_path, strict=False)
    with Server(config, settings) as server:
        match = {"If-Match": server.call("/api/v1/config").headers["etag"]}
        assert server.call("/api/v1/config", "PUT", json={"state_folder": "here"}, headers=match).status == 200
        assert slug(server.call("/api/v1/status")) == "token-required"
        assert server.call("/api/v1/status", headers=bearer(token)).status == 200


def test_in_safe_mode_too_nothing_starts_without_a_token_where_others_can_reach_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="omni tokens add"):
        in_safe_mode(tmp_path, {"host": "0.0.0.0"}, "here")
    Tokens(tmp_path / "here").add("reads", ["read"], 1.0)
    assert in_safe_mode(tmp_path, {"host": "0.0.0.0"}, "here").app.ctx.access.required


@pytest.mark.parametrize(("document", "strict"), [("{}", ["--strict"]), ("{}", []), ('{"streems": []}', []), ("{", [])])
def test_serve_refuses_an_address_of_others_without_a_token(tmp_path: Path, document: str, strict: list[str]) -> None:
    (tmp_path / "run_params.json").write_text(document)
    command = [sys.executable, "-m", "omni.cli", "serve", "--config", str(tmp_path), "--port", "0"]
    done = subprocess.run([*command, "--host", "0.0.0.0", *strict], capture_output=True, text=True, timeout=100)
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert line.startswith("omni: ")
    assert "omni tokens add" in line


def test_who_may_reach_it_is_decided_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "run_params.json"
    file.write_text("{}")
    settings, config, agent = open_settings(tmp_path, strict=True)
    with Server(config, settings, agent) as server:
        match = {"If-Match": server.call("/api/v1/config").headers["etag"]}
        changed = {"http": {"names": ["omni.example.org"], "open_endpoints": False}}
        answer = server.call("/api/v1/config", "PUT", json=changed, headers=match)
        assert answer.document["pending_restart"] == ["/http/names", "/http/open_endpoints"]
        assert slug(server.call("/about", headers={"Host": "omni.example.org"})) == "host-refused"
        assert server.call("/about").status == 200
