"""The real server on a free port, with an agent that the test leads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.service.fakes import Server

from omni.config import AgentConfig, load_config


@pytest.fixture
def config() -> AgentConfig:
    return load_config({})


@pytest.fixture
def server(config: AgentConfig) -> Iterator[Server]:
    with Server(config) as running:
        yield running
