"""Photos of real people: who is recognised, which photos are refused and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from omni.detect import FaceEmbedder
from omni.errors import PhotoError
from omni.faces import Calibration, Gallery
from omni.faces.enrol import Enroller, photos_in
from omni.types import Faces

TEST_PHOTOS = {
    "alex_lacamoire1.jpg": ["alex_lacamoire"],
    "johnsnow_test1.jpg": ["kit_harington"],
    "kit_with_rose.jpg": ["rose_leslie", "kit_harington"],
    "obama1.jpg": ["obama"],
    "obama_and_biden.jpg": ["biden", "obama", None],
}
"""Who is in the test photos, from left to right; None: nobody of the gallery."""


def jpeg(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1])


@pytest.mark.parametrize("shot", [0, -1])
def test_one_photo_of_each_is_enough_to_recognise_all_in_the_test_folder(
    enroller: Enroller, face_networks: tuple[object, FaceEmbedder], people: Path, shot: int
) -> None:
    spec = face_networks[1].spec
    limit = Calibration(spec.same, spec.different).distance_of_far(0.001)
    gallery = Gallery(None, face_networks[1].identity, face_networks[1].dimension)
    for name, photos in photos_in(people / "train"):
        gallery.add(name, [], enroller.sample(photos[shot].read_bytes())[None], 0.0)
    for photo, expected in TEST_PHOTOS.items():
        faces = enroller.faces((people / "test" / photo).read_bytes())
        nearest = [gallery.search(face.embedding[None], 1)[0][0] for face in faces]
        told = [profile.name if distance <= limit else None for profile, distance in nearest]
        assert told == expected, photo


def test_all_faces_of_the_boxes_drawn_by_hand_are_found(enroller: Enroller, measured: Callable[[str], Path]) -> None:
    faces = enroller.faces((measured("faces-dlib") / "faces" / "2007_007763.jpg").read_bytes())
    assert len(faces) == 7
    assert [face.box for face in faces] == sorted(face.box for face in faces)
    assert np.linalg.norm([face.embedding for face in faces], axis=1) == pytest.approx(1.0)


def test_a_photo_that_is_all_face_is_taken(enroller: Enroller, people: Path) -> None:
    photo = people / "train" / "obama" / "obama.jpg"
    [face] = enroller.faces(photo.read_bytes())
    x1, y1, x2, y2 = map(int, face.box)
    cut = cv2.imread(str(photo))[y1 - 20 : y2 + 20, x1 - 20 : x2 + 20]
    again = enroller.sample(jpeg(cut))
    assert float(np.linalg.norm(again - face.embedding)) < 0.25


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda image: image[:10], "no face is found"),
        (lambda image: cv2.resize(image, None, fx=0.07, fy=0.07), r"pixels wide, 48 are needed|no face is found"),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 25), "not sharp enough|no face is found"),
        (lambda image: np.hstack([image, image]), "it shows 2 people"),
    ],
)
def test_photos_that_cannot_be_used_are_refused_with_the_reason(
    enroller: Enroller, people: Path, spoil: Callable[[np.ndarray], np.ndarray], why: str
) -> None:
    image = cv2.imread(str(people / "train" / "obama" / "obama.jpg"))
    with pytest.raises(PhotoError, match=why):
        enroller.sample(jpeg(spoil(image)))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_picture_is_refused(enroller: Enroller, content: bytes) -> None:
    with pytest.raises(PhotoError, match="no picture that can be read"):
        enroller.sample(content)


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="expected a folder"):
        list(photos_in(tmp_path / "absent"))
    with pytest.raises(PhotoError, match="holds no folder"):
        list(photos_in(tmp_path))


def test_a_huge_photo_gets_its_border_when_it_is_small_and_its_faces_lie_where_they_are() -> None:
    looked_at: list[tuple[int, int]] = []

    class Detector:
        def detect(self, image: np.ndarray) -> Faces:
            looked_at.append(image.shape[:2])
            if len(looked_at) == 1:
                return Faces.empty()
            height, width = image.shape[:2]
            half = np.array([[[width / 2, height / 2]] * 5], np.float32)
            box = np.array([[width / 4, height / 4, width / 2, height / 2]], np.float32)
            return Faces(box, np.ones(1, np.float32), half)

    class Embedder:
        def embed(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
            assert image.shape == (100, 8192, 3)
            assert landmarks[0, 0].tolist() == [4096, 50]
            return np.ones((1, 4), np.float32)

    [face] = Enroller(Detector(), Embedder()).faces(jpeg(np.zeros((100, 8192, 3), np.uint8)))  # type: ignore[arg-type]
    assert looked_at == [(100, 8192), (100, 8192)]
    assert face.box == (0, 0, 4096, 50)
