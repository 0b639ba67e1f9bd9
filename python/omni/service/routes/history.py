"""What happened: processes, their best shots, figures of lines and regions over time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sanic import Blueprint, HTTPResponse, json, raw

from omni.history import Archive, Filter, Span, counts, occupancy, table
from omni.service.answers import Counts, Occupancy, Processes, StreamChanges
from omni.service.context import HttpRequest
from omni.service.fields import Field, read_fields, refuse
from omni.service.operations import operation
from omni.service.problems import Problem
from omni.service.serialize import to_json

MOST = 1000
MOST_BUCKETS = 2000
DAY_S = 86_400

MOST_SECONDS = 253_402_300_799
"""The end of the year 9999."""

_TIMES = (Field("from", "int", 0, most=MOST_SECONDS), Field("to", "int", 0, least=1, most=MOST_SECONDS))
_CHOSEN = (
    *_TIMES,
    Field("stream", "uuid", ""),
    Field("type", "text", ""),
    Field("class", "text", ""),
    Field("action", "text", ""),
    Field("region", "uuid", ""),
    Field("person", "uuid", ""),
)
_LIMIT = Field("limit", "int", 100, least=1, most=MOST)
_PAGE = (*_CHOSEN, _LIMIT, Field("cursor", "text", ""))
_EXPORT = (*_CHOSEN, Field("format", "text", "json"))
_CHANGES = (*_TIMES, Field("stream", "uuid", ""), _LIMIT, Field("cursor", "text", ""))
_OFF = {409: ["history-off"]}
_SPAN = (*_TIMES, Field("bucket_s", "int", 3600, least=1, most=MOST_SECONDS))
_COUNTS = (*_SPAN, Field("line", "uuid", ""))
_OCCUPANCY = (*_SPAN, Field("region", "uuid"))


def blueprint() -> Blueprint:
    routes = Blueprint("history", url_prefix="/api/v1")
    routes.add_route(processes, "/processes")
    routes.add_route(export, "/processes/export")
    routes.add_route(best_shot, "/processes/<uuid:str>/best_shot")
    routes.add_route(changes_of_streams, "/stream_changes")
    routes.add_route(counts_of_lines, "/counts")
    routes.add_route(occupancy_of_region, "/occupancy")
    return routes


@operation("What was, newest first", scope="read", answer=Processes, query=_PAGE, errors=_OFF)
async def processes(request: HttpRequest) -> HTTPResponse:
    archive, fields = _archive(request), read_fields(request, _PAGE)
    try:
        page = await asyncio.to_thread(archive.page, _chosen(fields), limit=fields["limit"], cursor=fields["cursor"])
    except ValueError as error:
        refuse("cursor", str(error), fields["cursor"][:100])
    return json(asdict(page))


@operation("What streams did, newest first", scope="read", answer=StreamChanges, query=_CHANGES, errors=_OFF)
async def changes_of_streams(request: HttpRequest) -> HTTPResponse:
    archive, fields = _archive(request), read_fields(request, _CHANGES)
    try:
        page = await asyncio.to_thread(
            archive.changes,
            stream=fields["stream"],
            from_s=fields["from"] or None,
            to_s=fields["to"] or None,
            limit=fields["limit"],
            cursor=fields["cursor"],
        )
    except ValueError as error:
        refuse("cursor", str(error), fields["cursor"][:100])
    return json(asdict(page))


@operation("The same as a file", scope="read", media="*/*", query=_EXPORT, errors=_OFF)
async def export(request: HttpRequest) -> None:
    """All that was chosen, as a file, a part at a time."""
    archive, fields = _archive(request), read_fields(request, _EXPORT)
    format_ = fields["format"]
    if format_ not in ("csv", "json"):
        refuse("format", '"csv" or "json"', format_[:100])
    parts = _csv(archive, _chosen(fields)) if format_ == "csv" else _json(archive, _chosen(fields))
    first = await asyncio.to_thread(next, parts)  # what cannot be read is told before the answer begins
    content_type = "text/csv; charset=utf-8" if format_ == "csv" else "application/json"
    headers = {"content-disposition": f'attachment; filename="processes.{format_}"'}
    response = await request.respond(headers=headers, content_type=content_type)
    assert response is not None
    part: str | None = first
    while part is not None:
        await response.send(part)
        part = await asyncio.to_thread(next, parts, None)
    await response.eof()


@operation(
    "The best shot of a process",
    scope="read",
    media="image/jpeg",
    path={"uuid": "of the process"},
    errors={**_OFF, 404: ["no-best-shot"]},
)
async def best_shot(request: HttpRequest, uuid: str) -> HTTPResponse:
    jpeg = await asyncio.to_thread(_archive(request).best_shot, uuid[:100].lower())
    if jpeg is None:
        raise Problem("no-best-shot", 404, "no such process, or it has no picture that may be shown")
    return raw(jpeg, content_type="image/jpeg")


@operation("Crossings over time", scope="read", answer=Counts, query=_COUNTS, errors=_OFF)
async def counts_of_lines(request: HttpRequest) -> HTTPResponse:
    archive, fields = _archive(request), read_fields(request, _COUNTS)
    span = _span(fields, time.time())
    return json({"buckets": await asyncio.to_thread(counts, archive, span, fields["line"])})


@operation("People in a region over time", scope="read", answer=Occupancy, query=_OCCUPANCY, errors=_OFF)
async def occupancy_of_region(request: HttpRequest) -> HTTPResponse:
    archive, fields = _archive(request), read_fields(request, _OCCUPANCY)
    now = time.time()
    span = _span(fields, now)
    return json({"buckets": await asyncio.to_thread(occupancy, archive, span, fields["region"], now)})


def _archive(request: HttpRequest) -> Archive:
    history = request.app.ctx.agent.history
    if history is None:
        detail = "no history is kept: it needs history.enabled and a state folder (a configuration that is a file)"
        raise Problem("history-off", 409, detail)
    return history.archive


def _chosen(fields: dict[str, Any]) -> Filter:
    return Filter(
        from_s=fields["from"] or None,
        to_s=fields["to"] or None,
        stream=fields["stream"],
        type=fields["type"],
        class_=fields["class"],
        action=fields["action"],
        region=fields["region"],
        person=fields["person"],
    )


def _span(fields: dict[str, Any], now: float) -> Span:
    """The buckets that were asked for; of the last 24 hours without any times."""
    end, bucket = fields["to"] or int(now) + 1, fields["bucket_s"]
    start = fields["from"] or end - DAY_S
    if start >= end:
        refuse("to", f"an integer above $.from, {start}", str(end))
    if (end - start) / bucket > MOST_BUCKETS:
        refuse("bucket_s", f"an integer that makes at most {MOST_BUCKETS} buckets of {end - start} s", str(bucket))
    return Span(start, end, bucket)


def _csv(archive: Archive, chosen: Filter) -> Iterator[str]:
    for i, records in enumerate(archive.export(chosen)):
        yield ("" if i else table.header()) + table.table(records)


def _json(archive: Archive, chosen: Filter) -> Iterator[str]:
    begun = False
    for i, records in enumerate(archive.export(chosen)):
        text = ",\n".join(map(to_json, records))
        yield ("" if i else '{"processes": [\n') + (",\n" if begun and text else "") + text
        begun = begun or bool(records)
    yield "\n]}\n"
