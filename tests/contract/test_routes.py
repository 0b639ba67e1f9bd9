"""Every route and every kind of error is documented, and what is documented is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from omni.config import load_config
from omni.service import create_app, problems
from omni.service.operations import Operation, operation_of

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "http.md").read_text()


def served() -> dict[tuple[str, str], Operation | None]:
    """What each route was declared to be, by method and path."""
    app = create_app(lambda: None, load_config({}))  # type: ignore[arg-type, return-value]
    return {
        (method, "/" + re.sub(r"<(\w+):\w+>", r"<\1>", route.path).strip("/")): operation_of(route)
        for route in app.router.routes
        for method in route.methods
    }


def test_every_route_is_documented() -> None:
    assert set(re.findall(r"^\| `([A-Z]+) (\S+)` \|", DOCUMENT, re.MULTILINE)) == set(served())


def test_every_route_says_who_may_call_it_and_so_does_the_table() -> None:
    undeclared = [route for route, declared in served().items() if declared is None]
    assert undeclared == []
    table: dict[tuple[str, str], str] = {}
    for scope, routes in re.findall(r"^\| (none|`[a-z]+`) \| (`[A-Z]+ /.*) \|$", DOCUMENT, re.MULTILINE):
        table |= dict.fromkeys(re.findall(r"`([A-Z]+) (\S+)`", routes), scope.strip("`"))
    assert table == {route: declared.scope or "none" for route, declared in served().items() if declared}


def test_the_endpoints_of_the_original_are_the_five_documented_ones() -> None:
    assert {route for route, declared in served().items() if declared and declared.of_the_original} == {
        ("GET", "/about"),
        ("GET", "/map_tracking"),
        ("POST", "/external_process/begin"),
        ("POST", "/external_process/end"),
        ("POST", "/external_process/terminate_all"),
    }


def test_every_part_of_a_path_is_explained() -> None:
    for (method, path), declared in served().items():
        assert declared is not None
        assert set(declared.path) == set(re.findall(r"<(\w+)>", path)), (method, path)


def test_every_kind_of_error_is_documented() -> None:
    raised = {error.slug for error in problems._STATUS_OF}
    for path in (ROOT / "python" / "omni" / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Problem", "refuse"):
                raised |= {a.value for a in node.args if isinstance(a, ast.Constant) and _is_slug(a.value)}
    raised |= {slug for slug, _ in problems._PLAIN.values()}
    assert set(re.findall(r"urn:omni:problem:([a-z-]+)", DOCUMENT)) == raised


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", value) is not None
