"""What the agent is built on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from omni._build import rust_version

PACKAGES = {"onnxruntime": "onnxruntime", "opencv": "opencv-python", "numpy": "numpy", "sanic": "sanic"}


def software_versions(face_engine: str) -> dict[str, str]:
    """Name -> version of the libraries used. ``FaceSDK`` is the face engine in use, or ``none``."""
    found = {"FaceSDK": face_engine}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "unknown"
    return {**found, "python": platform.python_version(), "rust": rust_version()}
