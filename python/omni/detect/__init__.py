"""People found in pictures by ONNX models, and the registry that the models come from.

The names are loaded when first used, so the registry can be used without OpenCV and onnxruntime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omni.detect.appearance import Descriptor, open_descriptor
    from omni.detect.detector import Detector, open_detector

__all__ = ["Descriptor", "Detector", "open_descriptor", "open_detector"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'omni.detect' has no attribute {name!r}")
    from omni.detect import appearance, detector

    return getattr(appearance if "escriptor" in name else detector, name)
