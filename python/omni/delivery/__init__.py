"""Webhooks out."""

from omni.delivery.delivery import Delivery
from omni.delivery.signing import SignatureError, signature, verify

__all__ = ["Delivery", "SignatureError", "signature", "verify"]
