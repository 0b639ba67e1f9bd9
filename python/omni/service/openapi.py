"""The OpenAPI 3.1 document, made from what the routes declare (``operations.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter
from sanic_routing.route import Route
from typing_extensions import TypedDict

from omni._build import __version__
from omni.service.context import App
from omni.service.fields import TEXT_MAX, Field
from omni.service.operations import Operation, operation_of

PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"

_FIELD_KINDS: dict[str, dict[str, Any]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "text": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
    "uuid": {"type": "string", "pattern": "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$"},
}

_TEXT = {"type": "string", "minLength": 1}

_ALWAYS: dict[int, tuple[str, ...]] = {
    400: ("bad-request",),
    403: ("origin-refused",),
    408: ("request-timeout",),
    413: ("too-large",),
    415: ("encoding-refused",),
    421: ("host-refused",),
    500: ("internal-error",),
    503: ("unavailable", "state-unusable", "safe-mode"),
}
_WITH_SCOPE: dict[int, tuple[str, ...]] = {401: ("token-required",), 403: ("scope-missing", "csrf-refused")}
_WITH_FIELDS: dict[int, tuple[str, ...]] = {
    400: ("missing-field", "invalid-field", "unknown-field", "duplicate-field", "invalid-body")
}
_WITH_PATH: dict[int, tuple[str, ...]] = {404: ("not-found",)}
_WITH_VERSION: dict[int, tuple[str, ...]] = {412: ("etag-stale",), 428: ("etag-missing",)}
_WITH_SECRET: dict[int, tuple[str, ...]] = {409: ("secret-shown",)}
_WITH_KEY: dict[int, tuple[str, ...]] = {400: ("invalid-field",), 422: ("key-reused",)}
"""What can go wrong without being declared, by status."""


class ProblemDocument(TypedDict):
    """An error (RFC 9457). ``type`` never changes; further members say more."""

    type: str
    title: str
    status: int
    detail: str


def openapi_document(app: App) -> dict[str, Any]:
    """Every route of the app: parameters, bodies, answers, errors, scopes."""
    routes = [(route, declared) for route in app.router.routes if (declared := operation_of(route)) is not None]
    schemas, components = _schemas(declared for _, declared in routes)
    paths: dict[str, dict[str, Any]] = {}
    for route, declared in sorted(routes, key=lambda pair: path_of(pair[0])):
        for method in route.methods:
            paths.setdefault(path_of(route), {})[method.lower()] = _operation(route, method, declared, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "omni",
            "version": __version__,
            "description": "People in cameras, on one map, told by webhooks. docs/http.md says more.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "omni tokens add makes one"},
                "session": {"type": "apiKey", "in": "cookie", "name": "omni-session", "description": "of the page"},
            },
        },
    }


def path_of(route: Route) -> str:
    """The path as OpenAPI writes it."""
    return "/" + re.sub(r"<(\w+):\w+>", r"{\1}", route.path).strip("/")


def problems_of(method: str, declared: Operation) -> dict[int, list[str]]:
    """The kinds of problems that an operation can answer, by status."""
    sources: list[Any] = [_ALWAYS, declared.errors]
    sources += [_WITH_SCOPE] if declared.scope else []
    sources += [_WITH_FIELDS] if declared.query or declared.body else []
    sources += [_WITH_PATH] if declared.path else []
    sources += [_WITH_VERSION] if declared.versioned else []
    sources += [_WITH_SECRET] if declared.secret else []
    sources += [_WITH_KEY] if method == "POST" else []
    found: dict[int, list[str]] = {}
    for source in sources:
        for status, slugs in source.items():
            found[status] = list(dict.fromkeys([*found.get(status, ()), *slugs]))
    return dict(sorted(found.items()))


def _schemas(operations: Iterable[Operation]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """Schemas by what they are made of, and the components that they refer to."""
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = [(ProblemDocument, "serialization", TypeAdapter(ProblemDocument))]
    for declared in operations:
        if declared.answer is not None:
            inputs.append((declared.answer, "serialization", TypeAdapter(declared.answer)))
        if declared.body is not None and not isinstance(declared.body, str | Sequence):
            inputs.append((declared.body, "validation", TypeAdapter(declared.body)))
    made, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return {key: schema for (key, _), schema in made.items()}, definitions.get("$defs", {})


def _operation(route: Route, method: str, declared: Operation, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": f"{method.lower()} {path_of(route)}",
        "summary": declared.summary,
        "parameters": _parameters(method, declared),
        "responses": _responses(method, declared, schemas),
        "security": _security(declared),
    }
    if declared.body is not None:
        document["requestBody"] = _body(declared.body, schemas)
    return document


def _parameters(method: str, declared: Operation) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": _TEXT,
        }
        for name, text in declared.path.items()
    ]
    found += [
        {"name": f.name, "in": "query", "required": f.default is None, "schema": _field(f)} for f in declared.query
    ]
    if declared.versioned:
        text = "the ETag of what is changed"
        found.append({"name": "if-match", "in": "header", "required": True, "description": text, "schema": _TEXT})
    if method == "POST":
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        text = "the same key again: the answer of the first call, and nothing is done twice"
        found.append({"name": "idempotency-key", "in": "header", "description": text, "schema": schema})
    return found


def _responses(method: str, declared: Operation, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status in declared.statuses:
        found[str(status)] = {"description": declared.summary}
        if status not in (101, 304):
            schema = {} if declared.answer is None else schemas[declared.answer]
            found[str(status)]["content"] = {declared.media: {"schema": schema}}
    for status, slugs in problems_of(method, declared).items():
        kinds = {"properties": {"type": {"enum": [f"urn:omni:problem:{slug}" for slug in slugs]}}}
        problem = {"schema": {"allOf": [schemas[ProblemDocument], kinds]}}
        answer = found.setdefault(str(status), {"description": ", ".join(slugs), "content": {}})
        answer["content"][PROBLEM] = problem
    return found


def _security(declared: Operation) -> list[dict[str, list[str]]]:
    if declared.scope is None:
        return []
    required: list[dict[str, list[str]]] = [{"token": [declared.scope]}, {"session": [declared.scope]}]
    return [{}, *required] if declared.of_the_original else required


def _body(body: Any, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(body, str):
        return {"required": True, "content": {body: {}}}
    if not isinstance(body, Sequence):
        return {"required": True, "content": {"application/json": {"schema": schemas[body]}}}
    required = [f.name for f in body if f.default is None]
    schema = {
        "type": "object",
        "properties": {f.name: _field(f) for f in body},
        "required": required,
        "additionalProperties": False,
    }
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _field(field: Field) -> dict[str, Any]:
    kind = dict(_FIELD_KINDS[field.kind])
    if field.kind == "int":
        kind |= {"minimum": field.least, "maximum": field.most}
    default = field.default
    if default is None or default == "" or (field.kind == "int" and int(default) < field.least):
        return kind  # required, or absent and not sent as such
    return {**kind, "default": field.default}
