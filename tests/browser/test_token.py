"""From a token on the command line to a session in the browser, and its end."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.sync_api import Page
from tests.browser.conftest import OMNI, Site

STATUS = "async headers => (await fetch('/api/v1/status', {headers})).status"
LOG_IN = """async token => {
  const body = JSON.stringify({token});
  const answer = await fetch("/api/v1/session", {method: "POST", body, headers: {"content-type": "application/json"}});
  return {status: answer.status, session: await answer.json()};
}"""
PURGE = "async headers => (await fetch('/api/v1/webhooks/purge', {method: 'POST', headers})).status"
WATCH = """() => new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/api/v1/live`);
  let heard = 0;
  socket.onmessage = () => { heard += 1; if (heard === 1) document.body.dataset.watching = "yes"; };
  socket.onclose = event => resolve({heard: heard > 0, code: event.code});
})"""


@pytest.fixture
def token(site: Site) -> str:
    """Of somebody who may see and act; made while the service runs."""
    made = subprocess.run(
        [*OMNI, "tokens", "add", "ann", "--scopes", "read,control", "--config", str(site.folder), "--json"],
        capture_output=True,
        check=True,
    )
    return str(json.loads(made.stdout)["token"])


def test_a_browser_logs_in_watches_and_is_out_when_the_token_is_removed(
    page: Page, site: Site, token: str, expected_errors: list[str]
) -> None:
    expected_errors += ["401", "403", "favicon.ico"]  # what is refused on purpose; a page that is no page has no icon
    page.goto(f"{site.url}healthz")
    assert page.evaluate(STATUS, {}) == 401
    assert page.evaluate(LOG_IN, token + "x")["status"] == 401
    opened = page.evaluate(LOG_IN, token)
    assert opened["status"] == 200
    assert opened["session"]["scopes"] == ["read", "control"]
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate(STATUS, {}) == 200
    assert page.evaluate(PURGE, {}) == 403
    assert page.evaluate(PURGE, {"x-csrf-token": opened["session"]["csrf"]}) == 200

    page.evaluate(f"() => {{ window.watched = ({WATCH})(); }}")
    page.wait_for_selector("body[data-watching=yes]", state="attached")
    remove = [*OMNI, "tokens", "remove", "ann", "--config", str(site.folder)]
    subprocess.run(remove, check=True)
    subprocess.run([*OMNI, "tokens", "add", "bob", "--config", str(site.folder)], check=True, capture_output=True)
    assert page.evaluate("window.watched") == {"heard": True, "code": 1008}
    assert page.evaluate(STATUS, {}) == 401
