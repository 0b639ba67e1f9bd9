"""The OpenAPI document, and whether the running service is as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.service.fakes import Server

from omni.service import open_settings
from omni.service.openapi import openapi_document, path_of


@pytest.fixture
def document(server: Server) -> dict[str, Any]:
    return dict(server.call("/api/v1/openapi.json").document)


def test_every_route_is_in_it_and_nothing_else(server: Server, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(method, path_of(route)) for route in server.app.router.routes for method in route.methods}


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), name
    named = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(named)) == len(named)


def test_it_is_not_sent_again_unchanged(server: Server) -> None:
    etag = server.call("/api/v1/openapi.json").headers["etag"]
    assert server.call("/api/v1/openapi.json", headers={"If-None-Match": etag}).status == 304


NOT_HTTP = ("/api/v1/live", "/api/v1/events/stream")
"""A websocket, and an answer without an end: test_live.py, test_webhooks.py."""

OF_A_FILE = ("/config", "/webhooks", "/plans", "/processes", "/counts", "/occupancy", "/calibration")
"""What needs an agent with a configuration file behind it. The others need one whose streams a test leads."""

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def with_file(tmp_path: Path) -> Iterator[Server]:
    """The real agent, with a history and somebody who is told."""
    subscriber = {"id": "a", "url": "http://127.0.0.1:9/", "secret": "whsec_c2VjcmV0", "paused": True}
    document = {"webhook_tracking_subscribers": [subscriber], "history": {"enabled": True}}
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    settings_, config, agent = open_settings(tmp_path, strict=True)
    with Server(config, settings_, agent) as running:
        yield running


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_running_service_is_as_described(server: Server, with_file: Server, mode: GenerationMode) -> None:
    """Requests made of the document, right ones and wrong ones: nothing breaks, every answer is a described one."""
    operations = [
        found.ok() for found in schemathesis.openapi.from_dict(openapi_document(server.app)).get_all_operations()
    ]
    operations = [operation for operation in operations if operation.path not in NOT_HTTP]
    assert len(operations) > 50
    operations.sort(key=lambda operation: operation.label == "PUT /api/v1/config")  # nobody is told after it
    with requests.Session() as session:
        for operation in operations:
            of_a_file = operation.path.removeprefix("/api/v1").startswith(OF_A_FILE)
            try:
                _hold(operation, mode, with_file if of_a_file else server, session)
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # there is no wrong way to call it


def _hold(
    operation: APIOperation[Any, Any, Any], mode: GenerationMode, asked: Server, session: requests.Session
) -> None:
    """Call an operation in several ways, and compare the answers with the document."""

    @given(case=operation.as_strategy(mode))
    @settings(max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def call(case: Case) -> None:
        if mode is GenerationMode.POSITIVE:  # what no chance would find
            if "id" in case.path_parameters:
                case.path_parameters["id"] = "a"
            if "if-match" in case.headers:
                case.headers["if-match"] = asked.app.ctx.settings.etag
        answer = case.call(base_url=asked.address, session=session)
        assert answer.status_code != 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    call()
