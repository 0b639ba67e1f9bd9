"""Webhooks out."""

from omni.delivery.delivery import Delivery, subscriber_keys
from omni.delivery.figures import prometheus
from omni.delivery.log import Page, open_log
from omni.delivery.records import Chosen
from omni.delivery.signing import SignatureError, signature, verify

__all__ = [
    "Chosen",
    "Delivery",
    "Page",
    "SignatureError",
    "open_log",
    "prometheus",
    "signature",
    "subscriber_keys",
    "verify",
]
