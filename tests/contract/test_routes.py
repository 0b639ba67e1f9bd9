"""Every route and every kind of error is documented, and what is documented is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from omni.config import load_config
from omni.service import create_app, problems

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "http.md").read_text()


def test_every_route_is_documented() -> None:
    app = create_app(lambda: None, load_config({}))  # type: ignore[arg-type, return-value]
    served = {
        (method, "/" + re.sub(r"<(\w+):\w+>", r"<\1>", route.path).strip("/"))
        for route in app.router.routes
        for method in route.methods
    }
    assert set(re.findall(r"^\| `([A-Z]+) (\S+)` \|", DOCUMENT, re.MULTILINE)) == served


def test_every_kind_of_error_is_documented() -> None:
    raised = {error.slug for error in problems._STATUS_OF}
    for path in (ROOT / "python" / "omni" / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Problem", "_refuse"):
                raised |= {a.value for a in node.args if isinstance(a, ast.Constant) and _is_slug(a.value)}
    raised |= {slug for slug, _ in problems._PLAIN.values()}
    assert set(re.findall(r"urn:omni:problem:([a-z-]+)", DOCUMENT)) == raised


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", value) is not None
