"""Age, gender and emotion of real photos, and networks that are something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.unit.detect.conftest import WriteModel

from omni.detect import face_attributes, open_age_gender, open_emotion, open_face_detector
from omni.errors import ModelError
from omni.types import EMOTIONS

SMILING = {"alex_lacamoire/img1.jpg", "biden/biden2.jpg", "obama/obama.jpg"}


@pytest.fixture(scope="module")
def photos(measured: Callable[[str], Path]) -> Path:
    return measured("faces-face-recognition") / "train"


def test_gender_age_and_smiles_of_five_people(photos: Path) -> None:
    try:
        detector, age_gender, emotion = open_face_detector(), open_age_gender(), open_emotion()
    except ModelError as error:
        pytest.skip(str(error))
    for path in sorted(photos.rglob("*.jp*g")):
        image = cv2.imread(str(path))
        box = detector.detect(image).xyxy[:1]
        [found], [likely] = age_gender.read(image, box), emotion.read(image, box)
        person = path.parent.name
        assert (found.male < 0.4) == (person == "rose_leslie"), path
        assert (50 if person == "biden" else 20) <= found.age <= (75 if person == "biden" else 50), path
        assert likely.sum() == pytest.approx(1.0, abs=1e-3)
        smiles = EMOTIONS[int(likely.argmax())] == "HAPPY"
        assert smiles == (f"{person}/{path.name}" in SMILING), path


def test_a_face_at_the_edge_is_read_as_well(photos: Path) -> None:
    try:
        reader = open_emotion()
    except ModelError as error:
        pytest.skip(str(error))
    image = cv2.imread(str(photos / "obama" / "obama.jpg"))
    for box in ((-40.0, -40.0, 30.0, 50.0), (5.0, 5.0, 5.0, 5.0)):
        assert np.isfinite(reader.read(image, np.array([box], np.float32))).all()


def test_another_network_under_their_names_is_refused(write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_model({"age": np.ones((1, 3), np.float32)}, picture=(1, 3, 224, 224))
    monkeypatch.setattr(face_attributes, "locate", lambda _: path)
    with pytest.raises(ModelError, match="expected FaceRes' age"):
        open_age_gender()
    with pytest.raises(ModelError, match=r"expected a float32 picture \(1, 1, H, W\)"):
        open_emotion()
