"""What faces are opened with, by the configuration alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omni.config import load_config
from omni.errors import ModelError
from omni.faces.engine import open_face_engine


def config_of(folder: Path, **face: Any) -> Any:
    detector = {"providers": ["CUDA", "CPU"], "allow_fallback": True}
    return load_config({"state_folder": str(folder), "detector": detector, "pipelines": {"face": face}})


def test_every_network_is_told_of_with_what_it_was_asked_to_run_on(tmp_path: Path) -> None:
    """The face's own providers, else the detector's; whoever opens it, the agent or ``omni faces``."""
    wanted = {"age_gender": True, "emotion": True}
    try:
        plain = open_face_engine(config_of(tmp_path, attributes=wanted))
        own = open_face_engine(config_of(tmp_path, providers=["CPU"]))
    except ModelError as error:
        pytest.skip(str(error))
    assert set(plain.runs_on) == {"faces", "face embeddings", "age and gender", "emotion"}
    assert {runs_on.asked[0] for runs_on in plain.runs_on.values()} == {"CUDAExecutionProvider"}
    assert set(own.runs_on) == {"faces", "face embeddings"}
    assert {runs_on.asked for runs_on in own.runs_on.values()} == {("CPUExecutionProvider",)}
