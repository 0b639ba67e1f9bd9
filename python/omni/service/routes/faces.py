"""The gallery: who is known, who is in a photo. No picture and no vector ever leaves (protocol, section 3)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sanic import Blueprint, HTTPResponse, json

from omni.faces.gallery import Gallery, Profile
from omni.service.answers import Faces, Nothing, Profiles
from omni.service.context import HttpRequest
from omni.service.fields import Field, read_query, refuse
from omni.service.operations import operation
from omni.service.problems import Problem

if TYPE_CHECKING:
    from omni.faces.engine import FaceEngine

_PROFILE = (Field("name", "text"), Field("groups", "text", ""))
_PHOTO = "image/*"
_ID = {"uuid": "of the profile"}
_OFF = {409: ["faces-off"]}


def blueprint() -> Blueprint:
    routes = Blueprint("faces", url_prefix="/api/v1/faces")
    routes.add_route(profiles, "/")
    routes.add_route(add, "/", methods=["POST"])
    routes.add_route(match, "/match", methods=["POST"])
    routes.add_route(add_sample, "/<uuid:str>/samples", methods=["POST"])
    routes.add_route(remove, "/<uuid:str>", methods=["DELETE"])
    return routes


@operation("Who is known", scope="faces", answer=Profiles, errors=_OFF)
async def profiles(request: HttpRequest) -> HTTPResponse:
    gallery = await asyncio.to_thread(_gallery, _engine(request))
    return json({"profiles": [asdict(profile) for profile in gallery.profiles]})


@operation(
    "Add somebody by a photo",
    scope="faces",
    answer=Profile,
    query=_PROFILE,
    body=_PHOTO,
    errors={**_OFF, 422: ["photo-refused"]},
)
async def add(request: HttpRequest) -> HTTPResponse:
    fields = read_query(request, _PROFILE)
    groups = _groups(fields["groups"])
    async with request.app.ctx.photos:
        profile = await asyncio.to_thread(_add, _engine(request), fields["name"], groups, request.body)
    return json(asdict(profile))


@operation(
    "One photo more of somebody",
    scope="faces",
    answer=Profile,
    body=_PHOTO,
    path=_ID,
    errors={**_OFF, 404: ["unknown-profile"], 422: ["photo-refused"]},
)
async def add_sample(request: HttpRequest, uuid: str) -> HTTPResponse:
    read_query(request, ())
    async with request.app.ctx.photos:
        profile = await asyncio.to_thread(_add_sample, _engine(request), uuid[:100].lower(), request.body)
    return json(asdict(profile))


@operation(
    "Delete a profile and all of it",
    scope="faces",
    answer=Nothing,
    path=_ID,
    errors={**_OFF, 404: ["unknown-profile"]},
)
async def remove(request: HttpRequest, uuid: str) -> HTTPResponse:
    await asyncio.to_thread(_remove, _engine(request), uuid[:100].lower())
    return json({})


@operation("Who is in a photo", scope="faces", answer=Faces, body=_PHOTO, errors={**_OFF, 422: ["photo-refused"]})
async def match(request: HttpRequest) -> HTTPResponse:
    read_query(request, ())
    async with request.app.ctx.photos:
        return json({"faces": await asyncio.to_thread(_match, _engine(request), request.body)})


def _engine(request: HttpRequest) -> FaceEngine:
    engine = request.app.ctx.agent.faces
    if engine is None:
        raise Problem("faces-off", 409, "faces are off: set pipelines.face.enabled in the configuration")
    return engine


def _gallery(engine: FaceEngine) -> Gallery:
    """As it is now, also where no camera looks into it: other processes change it, and what is too old goes."""
    gallery = engine.recognition.gallery
    gallery.refresh(time.time())
    return gallery


def _groups(text: str) -> list[str]:
    try:
        return [str(UUID(part.strip())) for part in text.split(",") if part.strip()]
    except ValueError:
        refuse("groups", "UUIDs with commas between them", text[:100])


def _add(engine: FaceEngine, name: str, groups: list[str], photo: bytes) -> Any:
    sample = engine.enroller().sample(photo)
    return engine.recognition.gallery.add(name, groups, sample[None], time.time())


def _add_sample(engine: FaceEngine, profile_id: str, photo: bytes) -> Any:
    gallery = _gallery(engine)
    gallery.get(profile_id)
    gallery.add_samples(profile_id, engine.enroller().sample(photo)[None], time.time())
    return gallery.get(profile_id)


def _remove(engine: FaceEngine, profile_id: str) -> None:
    _gallery(engine).remove(profile_id)


def _match(engine: FaceEngine, photo: bytes) -> list[dict[str, Any]]:
    faces = engine.enroller().faces(photo)
    _gallery(engine)
    return [
        {
            "box": [round(value, 1) for value in face.box],
            "profiles": [asdict(profile) for profile in engine.recognition.of(face.embedding)],
        }
        for face in faces
    ]
