from __future__ import annotations

import pytest
from tests.unit.agent.face_scene import ANN, GROUP, D

from omni.faces import Gallery


@pytest.fixture
def gallery() -> Gallery:
    known = Gallery(None, "net", D)
    known.add("Ann", [GROUP], ANN[None], 0.0)
    return known
