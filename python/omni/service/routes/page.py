"""The page and its parts: the files of ``web/``, read once; a path is looked up, never opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from sanic import Blueprint, HTTPResponse

from omni.service.context import HttpRequest
from omni.service.etags import answer_if_changed, etag_of
from omni.service.operations import operation
from omni.service.problems import Problem

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    data: bytes
    content_type: str
    etag: str


def blueprint() -> Blueprint:
    routes = Blueprint("page")
    assets = _assets(files("omni.service") / "web")

    @operation("The page", scope=None, media="text/html", statuses=(200, 304))
    async def page(request: HttpRequest) -> HTTPResponse:
        return _answer(request, assets["index.html"])

    @operation("Its parts", scope=None, media="*/*", path={"path": "of the file"}, statuses=(200, 304))
    async def asset(request: HttpRequest, path: str) -> HTTPResponse:
        if path not in assets:
            raise Problem("not-found", 404, "no such file")
        return _answer(request, assets[path])

    routes.add_route(page, "/")
    routes.add_route(asset, "/assets/<path:path>")
    return routes


def _assets(folder: Traversable, prefix: str = "") -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _assets(entry, f"{prefix}{entry.name}/")
        elif (ending := entry.name.rpartition(".")[2]) in _TYPES:
            data = entry.read_bytes()
            found[f"{prefix}{entry.name}"] = Asset(data, _TYPES[ending], etag_of(data))
    return found


def _answer(request: HttpRequest, asset: Asset) -> HTTPResponse:
    return answer_if_changed(request, asset.data, asset.content_type, asset.etag)
