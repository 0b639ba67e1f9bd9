"""From a photo to a sample of the gallery, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from omni.detect import FaceDetector, FaceEmbedder
from omni.errors import PhotoError
from omni.faces.quality import frontality, qualities
from omni.types import Faces, Float32, UInt8

LEAST_WIDTH_PX = 48.0
"""Of the face in a photo of the gallery."""

LEAST_FRONTALITY = 0.3
"""A head turned further away is no good sample."""

LEAST_QUALITY = 0.25
"""Of a photo that is not too blurred."""

MAIN_FACE = 1.8
"""The person meant is so many times as wide as anybody else in the photo."""

BORDER = 0.5
"""Added around a photo in which nobody is found, as a part of its sides: the face may fill it."""

BORDERED_MAX = 4096
"""A photo with a longer side is made smaller before: the border would take gigabytes, and far less is looked at."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """A face of a photo: box (x1, y1, x2, y2) in its pixels, and the vector of unit length."""

    box: tuple[float, float, float, float]
    embedding: Float32


class Enroller:
    """Reads photos.

    Args:
        detector: finds the faces.
        embedder: makes their vectors.
    """

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder) -> None:
        self._detector = detector
        self._embedder = embedder

    def sample(self, photo: bytes) -> Float32:
        """The vector (D,) of the one person of a photo.

        Args:
            photo: a JPEG, PNG or another picture file that OpenCV reads.

        Raises:
            PhotoError: it is no picture, shows nobody or several people, or not well enough.
        """
        image, faces = self._find(photo)
        if not len(faces):
            raise PhotoError("no face is found in it")
        widths = faces.xyxy[:, 2] - faces.xyxy[:, 0]
        order = np.argsort(-widths, kind="stable")
        if len(faces) > 1 and widths[order[0]] < MAIN_FACE * widths[order[1]]:
            raise PhotoError(f"it shows {len(faces)} people: cut out the one who is meant")
        face, width = faces[order[:1]], float(widths[order[0]])
        if width < LEAST_WIDTH_PX:
            raise PhotoError(f"the face is {width:.0f} pixels wide, {LEAST_WIDTH_PX:.0f} are needed")
        if frontality(face)[0] < LEAST_FRONTALITY:
            raise PhotoError("the head is turned away")
        if qualities(image, face)[0] < LEAST_QUALITY:
            raise PhotoError("the face is not sharp enough")
        return np.asarray(self._embedder.embed(image, face.landmarks)[0], np.float32)

    def faces(self, photo: bytes) -> list[PhotoFace]:
        """Everybody in a photo, from left to right.

        Raises:
            PhotoError: it is no picture.
        """
        image, faces = self._find(photo)
        vectors = self._embedder.embed(image, faces.landmarks)
        found = [
            PhotoFace((x1, y1, x2, y2), vector)
            for (x1, y1, x2, y2), vector in zip(faces.xyxy.tolist(), vectors, strict=True)
        ]
        return sorted(found, key=lambda face: face.box)

    def _find(self, photo: bytes) -> tuple[UInt8, Faces]:
        image = _decoded(photo)
        faces = self._detector.detect(image)
        if len(faces):
            return image, faces
        height, width = image.shape[:2]
        scale = min(1.0, BORDERED_MAX / max(height, width))
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        small = image if scale == 1.0 else np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        y, x = (round(side * BORDER) for side in small.shape[:2])
        wide = np.asarray(cv2.copyMakeBorder(small, y, y, x, x, cv2.BORDER_REPLICATE), np.uint8)
        found = self._detector.detect(wide)
        corner, ratio = np.array([x, y], np.float32), np.array([width / size[0], height / size[1]], np.float32)
        xyxy = (found.xyxy - np.tile(corner, 2)) * np.tile(ratio, 2)
        return image, Faces(xyxy, found.confidence, (found.landmarks - corner) * ratio)


def photos_in(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Names of people and their photos, of a folder that has one folder for each person.

    Raises:
        PhotoError: no such folder, or it holds no folder of a person.
    """
    if not folder.is_dir():
        raise PhotoError(f"{folder}: expected a folder with one folder of photos for each person")
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    if not people:
        raise PhotoError(f"{folder}: holds no folder; expected one with photos for each person")
    for person in people:
        yield person.name, sorted(path for path in person.iterdir() if path.suffix.lower() in SUFFIXES)


def _decoded(photo: bytes) -> UInt8:
    try:
        image = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR) if photo else None
    except cv2.error:
        raise PhotoError("it is no picture that can be read, or has too many pixels") from None
    if image is None or min(image.shape[:2]) < 1:
        raise PhotoError("it is no picture that can be read")
    return np.asarray(image, np.uint8)
