"""``omni faces``: the people who are known."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from omni._text import is_text, visible
from omni.cli.output import Progress, add_config, add_json, configuration, note, print_json
from omni.errors import PhotoError

if TYPE_CHECKING:
    from omni.faces.engine import FaceEngine
    from omni.faces.enrol import Enroller
    from omni.faces.gallery import Gallery, Profile
    from omni.types import ProfileMatch


def add_parser(verbs: Any) -> None:
    faces: argparse.ArgumentParser = verbs.add_parser(
        "faces", help="the people who are known", description="The gallery: people and the embeddings of their photos."
    )
    inner = faces.add_subparsers(dest="faces_verb", metavar="VERB", required=True)

    add: argparse.ArgumentParser = inner.add_parser(
        "add", help="add somebody", description="Add a person by one photo or several. Photos are not kept."
    )
    add.add_argument("name", type=_name, metavar="NAME", help="what people call them")
    add.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a picture of this one person")
    add.add_argument("--group", action="append", default=[], type=_uuid, metavar="UUID", help="a group they belong to")
    add.add_argument("--profile", type=_uuid, metavar="UUID", help="more photos of somebody known")
    add.set_defaults(func=run_add)

    import_: argparse.ArgumentParser = inner.add_parser(
        "import",
        help="add many people",
        description="Add everybody of a folder PERSON/PHOTO. Who has a profile of that name gets more photos.",
    )
    import_.add_argument("folder", type=Path, metavar="FOLDER", help="one folder of photos for each person")
    import_.add_argument("--group", action="append", default=[], type=_uuid, metavar="UUID", help="a group of them all")
    import_.set_defaults(func=run_import)

    show: argparse.ArgumentParser = inner.add_parser("list", help="who is known", description="Show the profiles.")
    show.set_defaults(func=run_list)

    remove: argparse.ArgumentParser = inner.add_parser(
        "remove", help="delete somebody", description="Delete profiles and everything of them."
    )
    remove.add_argument("profile", nargs="+", type=_uuid, metavar="PROFILE", help="its UUID")
    remove.set_defaults(func=run_remove)

    match: argparse.ArgumentParser = inner.add_parser(
        "match", help="who is in a photo", description="Tell who of the gallery is in a photo."
    )
    match.add_argument("photo", type=Path, metavar="PHOTO", help="a picture of any number of people")
    match.set_defaults(func=run_match)

    for parser in (add, import_, show, remove, match):
        add_config(parser)
        add_json(parser)


def run_add(options: argparse.Namespace) -> int:
    engine = _open(options)
    gallery, enroller = engine.recognition.gallery, engine.enroller()
    samples = np.stack([_sample(enroller, photo) for photo in options.photos])
    if options.profile is None:
        profile = gallery.add(options.name, options.group, samples, time.time())
    else:
        gallery.add_samples(options.profile, samples, time.time())
        profile = gallery.get(options.profile)
    _show(options, [profile])
    return 0


def run_import(options: argparse.Namespace) -> int:
    from omni.faces.enrol import photos_in

    engine = _open(options)
    gallery, enroller = engine.recognition.gallery, engine.enroller()
    people = list(photos_in(options.folder))
    progress = Progress("faces", sum(len(photos) for _, photos in people))
    refused: list[dict[str, str]] = []
    known = {profile.name: profile.id for profile in gallery.profiles}
    for name, photos in people:
        samples = []
        named = is_text(name)
        if not named:
            refused.append({"photo": str(options.folder / name), "why": "the folder's name is not UTF-8: rename it"})
        for photo in photos if named else ():
            try:
                samples.append(enroller.sample(_read(photo)))
            except PhotoError as error:
                refused.append({"photo": str(photo), "why": str(error)})
            progress.advance()
        if samples and name in known:
            gallery.add_samples(known[name], np.stack(samples), time.time())
        elif samples:
            known[name] = gallery.add(name, options.group, np.stack(samples), time.time()).id
    progress.finish()
    profiles = [gallery.get(known[name]) for name, _ in people if name in known]
    if options.json:
        print_json({"profiles": [asdict(profile) for profile in profiles], "refused": refused})
        return 1 if refused else 0
    _show(options, profiles)
    for one in refused:
        note(f"refused: {one['photo']}: {one['why']}")
    return 1 if refused else 0


def run_list(options: argparse.Namespace) -> int:
    _show(options, _gallery(options).profiles)
    return 0


def run_remove(options: argparse.Namespace) -> int:
    gallery = _gallery(options)
    chosen = dict.fromkeys(options.profile)
    for profile_id in chosen:
        gallery.get(profile_id)  # all of them are known, or none goes
    for profile_id in chosen:
        gallery.remove(profile_id)
    _show(options, gallery.profiles)
    return 0


def run_match(options: argparse.Namespace) -> int:
    engine = _open(options)
    recognition, enroller = engine.recognition, engine.enroller()
    try:
        faces = enroller.faces(_read(options.photo))
    except PhotoError as error:
        raise PhotoError(f"{options.photo}: {error}") from None
    found = [(face, recognition.of(face.embedding)) for face in faces]
    if options.json:
        documents = [
            {"box": [round(v, 1) for v in face.box], "profiles": [asdict(match) for match in matches]}
            for face, matches in found
        ]
        print_json({"faces": documents})
        return 0
    for face, matches in found:
        x1, y1, x2, y2 = face.box
        print(f"face at {x1:.0f},{y1:.0f} to {x2:.0f},{y2:.0f}: {_who(recognition.gallery, matches)}")
    if not found:
        note("no face is found in it")
    return 0


def _gallery(options: argparse.Namespace) -> Gallery:
    """The gallery without any model: who is in it can always be seen and deleted."""
    from omni.faces.gallery import Gallery

    return Gallery(configuration(options).state_folder)


def _open(options: argparse.Namespace) -> FaceEngine:
    from omni.faces.engine import open_face_engine

    engine = open_face_engine(configuration(options))
    gallery = engine.recognition.gallery
    gallery.refresh(time.time())
    for problem in gallery.problems:
        note(problem)
    return engine


def _sample(enroller: Enroller, photo: Path) -> Any:
    try:
        return enroller.sample(_read(photo))
    except PhotoError as error:
        raise PhotoError(f"{photo}: {error}") from None


def _read(photo: Path) -> bytes:
    try:
        return photo.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror}") from None


def _who(gallery: Gallery, matches: Sequence[ProfileMatch]) -> str:
    if not matches:
        return "nobody of the gallery"
    best = matches[0]
    name = visible(gallery.get(best.id).name)
    return f"{name}  {best.id}  score {best.score:.3f}, distance {best.distance:.3f}, false accept rate {best.far:.2g}"


def _show(options: argparse.Namespace, profiles: Any) -> None:
    if options.json:
        print_json({"profiles": [asdict(profile) for profile in profiles]})
        return
    for profile in profiles:
        print(_line(profile))


def _line(profile: Profile) -> str:
    groups = f"  groups {', '.join(profile.groups)}" if profile.groups else ""
    return f"{profile.id}  {visible(profile.name):<24} {profile.samples} samples{groups}"


def _name(text: str) -> str:
    if not text.strip() or not is_text(text):
        raise argparse.ArgumentTypeError("expected a name, got nothing that can be read")
    return text


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a UUID, got {text!r}") from None
