"""Heads: one for each family of detectors, chosen by name or by what a model gives."""

from __future__ import annotations

from omni.detect.heads.detr import DeployedDetr, Detr, RfDetr
from omni.detect.heads.head import Head, Outputs, Pixels, Signature, Size
from omni.detect.heads.nanodet import NanoDet
from omni.detect.heads.ssd import Torchvision, ZooSSD
from omni.detect.heads.ssdlite import SSDLite
from omni.detect.heads.yolo import YoloV8, YoloX
from omni.errors import ModelError

_ALL: tuple[Head, ...] = (
    NanoDet(),
    SSDLite(),
    YoloX(),
    YoloV8(),
    Detr(),
    RfDetr(),
    DeployedDetr(),
    Torchvision(),
    ZooSSD(),
)
HEADS: dict[str, Head] = {head.name: head for head in _ALL}

__all__ = ["HEADS", "Head", "Outputs", "Pixels", "Signature", "Size", "choose_head"]


def choose_head(model: str, signature: Signature, name: str | None = None) -> Head:
    """The head ``name``, or the only one that fits the signature.

    Args:
        model: what the model is called, for the message.
        signature: what the model takes and gives.
        name: of ``HEADS``; None recognises it.

    Raises:
        ModelError: there is no such head, it does not fit, or none or several fit.
    """
    if name is not None:
        if name not in HEADS:
            raise ModelError(f"head {name!r} is unknown: expected one of {', '.join(HEADS)}")
        if not HEADS[name].fits(signature):
            raise ModelError(f"{model} does not fit head {name}: expected {HEADS[name].expects}; found {signature}")
        return HEADS[name]
    fitting = [head for head in HEADS.values() if head.fits(signature)]
    if not fitting:
        expected = "; ".join(f"{head.name}: {head.expects}" for head in HEADS.values())
        raise ModelError(f"{model} fits no known head: found {signature}; expected one of {expected}")
    if len(fitting) > 1:
        names = " or ".join(head.name for head in fitting)
        raise ModelError(f"{model} could be read as {names}: name its head; found {signature}")
    return fitting[0]
