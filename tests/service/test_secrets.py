"""No secret of the configuration comes out: not in an answer, not on the page, not in the log."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from tests.service.fakes import Server

from omni.agent import Agent
from omni.config import load_config
from omni.tokens import SCOPES, Tokens

CAMERA, USER, HEADER, QUERY, PATH, BROKER = (
    "camera-hunter2",
    "hook-hunter2",
    "header-hunter2",
    "query-hunter2",
    "path-hunter2",
    "mqtt-hunter2",
)
SIGNING = "whsec_aHVudGVyMnNpZ25pbmdzZWNyZXQxMjM0"
PREVIOUS = "whsec_aHVudGVyMnByZXZpb3VzZWNyZXQxMjM0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    document = {
        "streams": [{"name": "Door", "url": f"rtsp://admin:{CAMERA}@127.0.0.1:9/live"}],
        "webhook_tracking_subscribers": [
            {"id": "a", "url": f"http://u:{USER}@127.0.0.1:9/hook?key={QUERY}", "headers": {"x-api-key": HEADER}},
            {"id": "b", "url": "http://127.0.0.1:9/", "secret": SIGNING, "previous_secret": PREVIOUS},
            {"url": f"http://127.0.0.1:9/hook/token={PATH}"},
            {"host": "127.0.0.1", "port": 9, "path": f"/hook?key={PATH}"},
        ],
        "mqtt_settings": {"enable": True, "brocker_address": f"mqtt://u:{BROKER}@127.0.0.1:9"},
    }
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    return tmp_path


def test_no_secret_comes_out(
    folder: Path, person_model: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert person_model
    caplog.set_level(logging.DEBUG)
    config = load_config(folder)
    token = Tokens(config.state_folder).add("all", SCOPES, 1.0)
    planted = [CAMERA, USER, HEADER, QUERY, PATH, BROKER, SIGNING, PREVIOUS, token]
    server = Server(config)
    server.agent = Agent(config)  # type: ignore[assignment]
    said: dict[str, str] = {}
    with server:
        for method, path in paths(server):
            answer = server.call(path, method, headers={"Authorization": f"Bearer {token}"})
            said[f"{method} {path}"] = f"{answer.headers} {answer.body.decode(errors='replace')}"
        wrong = server.call("/api/v1/session", "POST", json={"token": token + "x", "tokn": token})
        said["login"] = wrong.body.decode()
    said["log"] = caplog.text
    said["output"] = "".join(capfd.readouterr())
    assert len(said) > 20
    leaks = [(where, secret) for where, text in said.items() for secret in planted if secret in text]
    assert leaks == []


def paths(server: Server) -> list[tuple[str, str]]:
    """All GETs that end, and the calls that speak of webhooks."""
    found = []
    for route in server.app.router.routes:
        path = "/" + re.sub(r"<\w+:\w+>", "a", route.path).strip("/")
        if "GET" in route.methods and not path.endswith(("/stream", "/live")):
            found.append(("GET", path))
    return [*found, ("POST", "/api/v1/webhooks/a/test"), ("POST", "/api/v1/webhooks/none/test")]
