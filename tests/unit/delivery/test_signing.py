from __future__ import annotations

import hmac
import sqlite3
import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from tests.unit.delivery.conftest import deliver, message

from omni.delivery import signature
from omni.webhooks import KEEP_S, IdStore, SignatureError, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def headers(at: int = 1614265330) -> dict[str, str]:
    return {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, BODY),
    }


def test_the_standards_own_example() -> None:
    assert headers()["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_right_signature_passes_also_among_others() -> None:
    verify(BODY, headers(), SECRET, now=1614265330 + 299)
    found = headers()
    found["webhook-signature"] = "v1,AAAA v1a,xyz " + found["webhook-signature"]
    verify(BODY, found, SECRET, now=1614265330)


@pytest.mark.parametrize("name", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    found = headers()
    del found[name]
    with pytest.raises(SignatureError, match=name.lower()):
        verify(BODY, found, SECRET, now=1614265330)


def test_another_body_another_secret_and_an_old_message_are_refused() -> None:
    for body, secret, now in (
        (BODY + b" ", SECRET, 1614265330),
        (BODY, "whsec_AAAA", 1614265330),
        (BODY, SECRET, 1614265330 + 301),
    ):
        with pytest.raises(SignatureError):
            verify(body, headers(), secret, now=now)


ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@given(st.binary(), st.dictionaries(st.sampled_from(list(headers())), ANYTHING), ANYTHING)
def test_whatever_comes_only_its_own_error_is_raised(body: bytes, found: dict[str, str], secret: str) -> None:
    with pytest.raises(SignatureError):
        verify(body, {**headers(), **found}, secret, now=0)


def test_one_of_several_secrets_has_to_fit() -> None:
    other = "whsec_AAAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"
    verify(BODY, headers(), [other, SECRET], now=1614265330)
    with pytest.raises(SignatureError):
        verify(BODY, headers(), [other], now=1614265330)
    with pytest.raises(SignatureError):
        verify(BODY, headers(), [], now=1614265330)


@pytest.mark.parametrize("secret", ["", "whsec_", ["whsec_"], [SECRET, ""]])
def test_an_empty_secret_with_which_everybody_could_sign_is_refused(secret: str | list[str]) -> None:
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + BODY
    forged = "v1," + b64encode(hmac.new(b"", signed, "sha256").digest()).decode()
    with pytest.raises(SignatureError, match="not empty"):
        verify(BODY, {**headers(), "webhook-signature": forged}, secret, now=1614265330)


def test_the_standards_reference_library_reads_what_we_sign_and_the_other_way_round() -> None:
    reference = Webhook(SECRET)
    now = int(time.time())
    assert reference.verify(BODY.decode(), headers(now)) == {"test": 2432232314}
    theirs = reference.sign("msg_1", datetime.fromtimestamp(now, UTC), BODY.decode())
    verify(BODY, {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": theirs}, SECRET, now=now)
    with pytest.raises(WebhookVerificationError):
        reference.verify((BODY + b" ").decode(), headers(now))


def test_what_is_really_sent_is_verified_by_the_reference_library_with_either_secret(scripted: Any) -> None:
    receiver = scripted(lambda _: 200)
    old = "whsec_AAAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"
    subscriber = {"url": receiver.address, "secret": SECRET, "previous_secret": old}
    deliver([subscriber], [message("begin", 1)])
    [(found, body)] = receiver.requests
    for secret in (SECRET, old):
        Webhook(secret).verify(body.decode(), found)
        verify(body, found, secret, now=time.time())


def test_a_message_takes_effect_once(tmp_path: Path) -> None:
    store = IdStore(tmp_path / "seen.sqlite")
    store.connection.execute("CREATE TABLE effect (id TEXT)")

    def take(webhook_id: str, now: float = 1000.0, *, fail: bool = False) -> None:
        with store.once(webhook_id, now=now) as first:
            if first:
                store.connection.execute("INSERT INTO effect VALUES (?)", (webhook_id,))
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take("a", fail=True)
    for webhook_id in ("a", "b", "a", "b", "a"):
        take(webhook_id)
    store.close()
    store = IdStore(tmp_path / "seen.sqlite")
    take("a")
    assert store.connection.execute("SELECT id FROM effect ORDER BY id").fetchall() == [("a",), ("b",)]
    take("c", 1000.0 + KEEP_S + 1)
    assert store.connection.execute("SELECT id FROM webhook_seen").fetchall() == [("c",)]
    store.close()


def test_an_effect_that_cannot_be_committed_takes_none_and_the_next_one_can(tmp_path: Path) -> None:
    store = IdStore(tmp_path / "seen.sqlite")
    db = store.connection
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("CREATE TABLE site (id TEXT PRIMARY KEY)")
    db.execute("CREATE TABLE visit (site TEXT REFERENCES site (id) DEFERRABLE INITIALLY DEFERRED, at BLOB)")

    def take(webhook_id: str, site: str | None = None, size: int = 1) -> bool:
        with store.once(webhook_id, now=1000.0) as first:
            if first:
                db.execute("INSERT INTO visit VALUES (?, zeroblob(?))", (site, size))
            return first

    with pytest.raises(sqlite3.IntegrityError):  # at the end of the transaction only
        take("a", "nowhere")
    [(pages,)] = db.execute("PRAGMA page_count")
    db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        take("b", size=1 << 20)
    assert take("a")
    assert take("b")
    assert not take("a")
    assert db.execute("SELECT count(*) FROM visit").fetchone() == (2,)
    store.close()
