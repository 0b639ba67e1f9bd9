"""The page: complete, ours alone, and nothing else of the disk."""

from __future__ import annotations

import re
from posixpath import normpath

import pytest
from tests.service.fakes import Server

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def test_the_page_may_run_only_what_it_brings(server: Server) -> None:
    page = server.call("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' blob: data:"
    assert page.headers["x-content-type-options"] == "nosniff"
    text = page.body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?://", text)


def test_everything_that_is_referred_to_is_there(server: Server) -> None:
    waiting = set(re.findall(r'(?:src|href)="([^"#]+)"', server.call("/").body.decode()))
    assert "assets/app.css" in waiting
    seen: set[str] = set()
    while waiting - seen:
        path = (waiting - seen).pop()
        seen.add(path)
        answer = server.call(f"/{path}")
        assert answer.status == 200, path
        assert answer.headers["content-type"] == TYPES[path.rpartition(".")[2]]
        folder = path.rpartition("/")[0]
        imported = re.findall(r'(?:from |import\()"(\.\.?/[^"]+)"', answer.body.decode())
        waiting |= {normpath(f"{folder}/{name}") for name in imported}
    assert {"assets/js/floor.js", "assets/js/views/live.js"} <= seen


def test_what_did_not_change_is_not_sent_again(server: Server) -> None:
    first = server.call("/assets/app.css")
    again = server.call("/assets/app.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/assets/..%2fapp.py",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/js",
        "/api/v1/views/..%2f..%2fetc%2fpasswd/plan",
    ],
)
def test_no_other_file_can_be_had(server: Server, path: str) -> None:
    answer = server.call(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
