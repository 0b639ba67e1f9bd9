"""The networks and photos of real people, where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omni.detect import FaceDetector, FaceEmbedder, open_face_detector, open_face_embedder
from omni.errors import ModelError
from omni.faces.enrol import Enroller


@pytest.fixture(scope="session")
def face_networks() -> tuple[FaceDetector, FaceEmbedder]:
    """CenterFace and dlib-128; skips where they were never pulled."""
    try:
        return open_face_detector(), open_face_embedder()
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def enroller(face_networks: tuple[FaceDetector, FaceEmbedder]) -> Enroller:
    return Enroller(*face_networks)


@pytest.fixture(scope="session")
def people(measured: Callable[[str], Path]) -> Path:
    """Folders ``train/PERSON`` and ``test`` with photos of five people."""
    return measured("faces-face-recognition")
