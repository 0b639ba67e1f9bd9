"""For receivers of webhooks: check who sent them."""

from omni.delivery.signing import SignatureError, verify

__all__ = ["SignatureError", "verify"]
