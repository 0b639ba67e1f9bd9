"""Standard Webhooks, version 1: HMAC-SHA256 over ``id.timestamp.body`` (delivery, line 9)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from omni.errors import OmniError

SECRET_PREFIX = "whsec_"
TOLERANCE_S = 300.0
"""A message whose timestamp is further away than this from the receiver's clock is refused (replay)."""


class SignatureError(OmniError):
    """A webhook whose signature cannot be trusted, with the reason."""

    slug = "signature-invalid"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` header: ``v1,`` and the base64 of the HMAC.

    Args:
        secret: ``whsec_`` and base64.
        message_id: the ``webhook-id`` header.
        timestamp: the ``webhook-timestamp`` header, epoch seconds of the attempt.
        body: the exact bytes sent.

    Raises:
        SignatureError: the secret is not of that form.
    """
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(body: bytes, headers: Mapping[str, str], secret: str | Sequence[str], *, now: float) -> None:
    """Check that a webhook was sent by who holds the secret, and recently.

    Args:
        body: the exact bytes received.
        headers: those of the request, any case.
        secret: ``whsec_`` and base64; or several, of which one has to fit, while they change.
        now: epoch seconds of the receiver's clock.

    Raises:
        SignatureError: and nothing else, whatever the bytes.
    """
    found = {name.lower(): value for name, value in headers.items()}
    missing = [n for n in ("webhook-id", "webhook-timestamp", "webhook-signature") if not found.get(n)]
    if missing:
        raise SignatureError(f"header {missing[0]} is missing")
    stamp = found["webhook-timestamp"]
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise SignatureError("header webhook-timestamp must be whole seconds since 1970")
    if abs(now - int(stamp)) > TOLERANCE_S:
        raise SignatureError(f"header webhook-timestamp is more than {TOLERANCE_S:.0f} s away from now")
    secrets = [secret] if isinstance(secret, str) else secret
    expected = [signature(one, found["webhook-id"], int(stamp), body).encode() for one in secrets]
    given = found["webhook-signature"].encode("utf-8", "replace").split()
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
        raise SignatureError("header webhook-signature does not fit the body and the secret")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:  # with an empty key everybody can sign
        raise SignatureError('the secret must be "whsec_" and base64, and not empty')
    return key
