"""The configuration: shown, checked, changed and taken back, all while the agent runs."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, json

from omni.config import AgentConfig, needs_restart
from omni.config.secrets import shown
from omni.errors import ConfigError
from omni.service.answers import Changed, Checked, Settings
from omni.service.context import Context, HttpRequest
from omni.service.fields import read_document, read_fields
from omni.service.operations import operation
from omni.service.problems import Problem
from omni.service.settings import Proposal

BODY_MAX_BYTES = 2 * 1024 * 1024
"""Regions and lines have up to 1000 corners each."""


def blueprint() -> Blueprint:
    routes = Blueprint("config", url_prefix="/api/v1/config")
    routes.add_route(config, "/")
    routes.add_route(replace, "/", methods=["PUT"])
    routes.add_route(schema, "/schema")
    routes.add_route(check, "/check", methods=["POST"])
    routes.add_route(undo, "/undo", methods=["POST"])
    return routes


@operation("The configuration, without secrets", scope="read", answer=Settings)
async def config(request: HttpRequest) -> HTTPResponse:
    settings = request.app.ctx.settings
    return json(settings.shown(), headers={"etag": settings.etag})


@operation("JSON Schema of the configuration", scope="read", answer=dict[str, Any], media="application/schema+json")
async def schema(_: HttpRequest) -> HTTPResponse:
    return json(AgentConfig.model_json_schema(), content_type="application/schema+json")


@operation(
    "What a document would change, and what is wrong with it",
    scope="config",
    answer=Checked,
    body=dict[str, Any],
)
async def check(request: HttpRequest) -> HTTPResponse:
    """Never an error because of what the document says: that is the answer."""
    context = request.app.ctx
    document = read_document(request, BODY_MAX_BYTES)
    try:
        proposal = await context.check(lambda: context.settings.propose(document))
    except ConfigError as error:
        problems = [{"path": path, "message": message} for path, message in error.problems]
        return json({"changes": [], "problems": problems})
    return json({"changes": _changes(proposal), "problems": []})


@operation(
    "Use another document",
    scope="config",
    answer=Changed,
    body=dict[str, Any],
    versioned=True,
    errors={422: ["config-invalid"]},
)
async def replace(request: HttpRequest) -> HTTPResponse:
    context = request.app.ctx
    document, etag = read_document(request, BODY_MAX_BYTES), _if_match(request)

    def propose() -> Proposal:
        _refuse_stale(context, etag)
        return context.settings.propose(document)

    return _changed(context, await context.change(propose))


@operation(
    "Take the last change back",
    scope="config",
    answer=Changed,
    versioned=True,
    errors={400: ["unknown-field", "invalid-body"], 409: ["nothing-to-undo"], 422: ["config-invalid"]},
)
async def undo(request: HttpRequest) -> HTTPResponse:
    context, etag = request.app.ctx, _if_match(request)
    read_fields(request, ())

    def propose() -> Proposal:
        _refuse_stale(context, etag)
        proposal = context.settings.undone()
        if proposal is None:
            raise Problem("nothing-to-undo", 409, "nothing was changed since the service started")
        return proposal

    return _changed(context, await context.change(propose))


def _changed(context: Context, proposal: Proposal) -> HTTPResponse:
    settings = context.settings
    return json(
        {"changes": _changes(proposal), "pending_restart": settings.pending_restart()}, headers={"etag": settings.etag}
    )


def _changes(proposal: Proposal) -> list[dict[str, Any]]:
    return [
        {"path": change.path, "old": shown(change.old), "new": shown(change.new), "restart": needs_restart(change.path)}
        for change in proposal.changes
    ]


def _if_match(request: HttpRequest) -> str:
    etag = request.headers.get("if-match")
    if etag is None:
        raise Problem("etag-missing", 428, "If-Match: expected the ETag of GET /api/v1/config, found nothing")
    return str(etag)


def _refuse_stale(context: Context, etag: str) -> None:
    if etag != context.settings.etag:
        raise Problem("etag-stale", 412, "the configuration was changed meanwhile; read it again and change that")
