"""The real server on a free port: with an agent that the test leads, or (``site``) the real one of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.service.fakes import Answer, Server

from omni.config import AgentConfig, load_config
from omni.service import open_settings

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
def config() -> AgentConfig:
    return load_config({})


@pytest.fixture
def server(config: AgentConfig) -> Iterator[Server]:
    with Server(config) as running:
        yield running


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
