"""Answers held to the OpenAPI document: described statuses, content types, kinds of problems, and no field more."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from omni.service.context import App
from omni.service.openapi import openapi_document


class Described:
    """What the document says of the app's answers, read strictly.

    Args:
        app: whose.
    """

    def __init__(self, app: App) -> None:
        document = openapi_document(app)
        self._paths = [(_pattern(path), methods) for path, methods in document["paths"].items()]
        self._components = {
            name: schema if name == "ProblemDocument" else _closed(schema)
            for name, schema in document["components"]["schemas"].items()
        }

    def check(self, method: str, path: str, status: int, content_type: str, body: bytes) -> None:
        """Assert that this is an answer of the document. Paths that nobody declared are not its business."""
        found = [methods for pattern, methods in self._paths if pattern.fullmatch(path.partition("?")[0])]
        operation = next((methods[method.lower()] for methods in found if method.lower() in methods), None)
        if operation is None or status == 405:
            return
        responses = operation["responses"]
        assert str(status) in responses, f"{method} {path}: {status} is not described: {body[:300]!r}"
        content = responses[str(status)].get("content", {})
        media = content_type.partition(";")[0]
        if not content:
            assert body == b"", f"{method} {path}: a body that is not described"
            return
        fitting = [m for m in content if re.fullmatch(re.escape(m).replace(r"\*", ".*"), media)]
        assert fitting, f"{method} {path}: {media} is not described"
        schema = content[fitting[0]]["schema"]
        if media.endswith("json"):
            validator = Draft202012Validator({**schema, "components": {"schemas": self._components}})
            problems = [error.message for error in validator.iter_errors(json.loads(body))]
            assert problems == [], f"{method} {path}: {problems}"


def _pattern(path: str) -> re.Pattern[str]:
    """Parts of a path hold no slash, but for the files of the page."""
    text = re.escape(path).replace(r"\{path\}", ".+")
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", text) + "/?")


def _closed(schema: Any) -> Any:
    """The schema with objects that have no member beside those named."""
    closed = copy.deepcopy(schema)
    waiting = [closed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "properties" in part:
                part.setdefault("additionalProperties", False)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return closed
