from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni.delivery import SignatureError, signature, verify

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


@given(st.binary(), st.dictionaries(st.sampled_from(list(headers())), st.text()), st.text())
def test_whatever_comes_only_its_own_error_is_raised(body: bytes, found: dict[str, str], secret: str) -> None:
    with pytest.raises(SignatureError):
        verify(body, {**headers(), **found}, secret, now=0)
