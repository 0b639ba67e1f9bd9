"""People and faces found in pictures by ONNX models, and the registry that the models come from.

The names are loaded when first used, so the registry can be used without OpenCV and onnxruntime.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omni.detect.appearance import Descriptor, open_descriptor
    from omni.detect.detector import Detector, open_detector
    from omni.detect.face_attributes import AgeGender, AgeGenderReader, EmotionReader, open_age_gender, open_emotion
    from omni.detect.face_detector import FaceDetector, open_face_detector
    from omni.detect.face_embedder import FaceEmbedder, open_face_embedder
    from omni.detect.memory import DetectionMemory
    from omni.detect.network import RunsOn

_MODULES = {
    "AgeGender": "face_attributes",
    "AgeGenderReader": "face_attributes",
    "Descriptor": "appearance",
    "DetectionMemory": "memory",
    "Detector": "detector",
    "EmotionReader": "face_attributes",
    "FaceDetector": "face_detector",
    "FaceEmbedder": "face_embedder",
    "RunsOn": "network",
    "open_age_gender": "face_attributes",
    "open_descriptor": "appearance",
    "open_detector": "detector",
    "open_emotion": "face_attributes",
    "open_face_detector": "face_detector",
    "open_face_embedder": "face_embedder",
}

__all__ = [
    "AgeGender",
    "AgeGenderReader",
    "Descriptor",
    "DetectionMemory",
    "Detector",
    "EmotionReader",
    "FaceDetector",
    "FaceEmbedder",
    "RunsOn",
    "open_age_gender",
    "open_descriptor",
    "open_detector",
    "open_emotion",
    "open_face_detector",
    "open_face_embedder",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'omni.detect' has no attribute {name!r}")
    return getattr(import_module(f"omni.detect.{_MODULES[name]}"), name)
