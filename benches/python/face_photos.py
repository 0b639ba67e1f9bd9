"""Photos whose faces are labelled: which pairs are of one person, and how embeddings tell them apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omni.detect import FaceDetector, FaceEmbedder
from omni.detect.face_attributes import BGR_MEAN, square
from omni.detect.models import locate
from omni.detect.network import Network
from omni.faces.enrol import photos_in
from omni.faces.quality import LEAST_WIDTH_PX
from omni.types import Float32

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).parents[3] / "shared" / "data"))
PEOPLE, BOXES = DATA / "faces-face-recognition", DATA / "faces-dlib" / "faces"

TEST_PHOTOS = {
    "alex_lacamoire1.jpg": ["alex_lacamoire"],
    "johnsnow_test1.jpg": ["kit_harington"],
    "kit_with_rose.jpg": ["rose_leslie", "kit_harington"],
    "obama1.jpg": ["obama"],
    "obama_and_biden.jpg": ["biden", "obama", "nobody"],
}
"""Who is in the test photos, from left to right."""

COLLAGE = "bald_guys.jpg"
"""Shows the same people several times: no pair of it is known to be of two people."""

WIDTHS = (20, 24, 28, 32, 40, 48, 64)
"""Pixels."""

AGAIN = 0.4
"""A face is found again where no side of its box is further off than so much of its width."""


def labelled(detector: FaceDetector) -> tuple[list[tuple[Any, Float32]], list[str]]:
    """Pictures and boxes of the faces that ``pairs`` compares, and whose they are."""
    boxes, names = [], []
    photos: list[tuple[Path, list[str] | None]] = [
        (photo, [person]) for person, files in photos_in(PEOPLE / "train") for photo in files
    ]
    photos += [(PEOPLE / "test" / file, people) for file, people in TEST_PHOTOS.items()]
    photos += [(photo, None) for photo in sorted(BOXES.glob("*.jpg")) if photo.name != COLLAGE]
    for photo, people in photos:
        image = cv2.imread(str(photo))
        found = detector.detect(image).xyxy
        widths = found[:, 2] - found[:, 0]
        found = found[widths >= LEAST_WIDTH_PX] if people is None else found[np.argsort(-widths)[: len(people)]]
        found = found[np.argsort(found[:, 0])]
        boxes += [(image, box) for box in found]
        names += people or [f"{photo.name}/{i}" for i in range(len(found))]
    return boxes, names


def distances(rows: Float32, names: list[str]) -> tuple[Float32, Float32]:
    """Of all pairs of one person, and of two, the latter sorted."""
    distance = np.sqrt(np.maximum(2 - 2 * rows.astype(np.float64) @ rows.T, 0))
    upper = np.triu_indices(len(rows), 1)
    same = (np.array(names)[:, None] == np.array(names))[upper]
    return distance[upper][same], np.sort(distance[upper][~same])


def rates(what: str, genuine: Float32, impostor: Float32) -> dict[str, Any]:
    limit = impostor[int(len(impostor) * 0.001)]
    return {
        "what": what,
        "same": len(genuine),
        "different": len(impostor),
        "TAR at FAR 0.1%": round(float((genuine < limit).mean()), 3),
        "distance there": round(float(limit), 3),
        "same mean": round(float(genuine.mean()), 3),
        "same sd": round(float(genuine.std()), 3),
        "same max": round(float(genuine.max()), 3),
        "different mean": round(float(impostor.mean()), 3),
        "different sd": round(float(impostor.std()), 3),
        "different min": round(float(impostor.min()), 3),
    }


def faceres_pairs(detector: FaceDetector) -> list[dict[str, Any]]:
    """FaceRes' embedding, which the product does not use, over the same pairs as its authors feed it (BGR less a mean)
    and as RGB: the former must be better, or the network is not fed as it was trained.
    """
    network = Network(locate("faceres"), ("CPU",), free_size=(224, 224))
    boxes, names = labelled(detector)
    rows = []
    for how, mean, step in (("BGR less the mean", BGR_MEAN, 1), ("RGB", np.zeros(3, np.float32), -1)):
        crops = (square(image, box, network.size).astype(np.float32) - mean for image, box in boxes)
        blobs = [np.ascontiguousarray(crop[:, :, ::step].transpose(2, 0, 1)[None]) for crop in crops]
        vectors = np.concatenate([network.run(blob)["embedding"] for blob in blobs])
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        rows.append(rates(f"FaceRes' embedding, {how}", *distances(unit, names)))
    return rows


def by_width(detector: FaceDetector, embedder: FaceEmbedder, limit: float) -> list[dict[str, Any]]:
    """Faces made smaller and found again, against all others as they are: what size costs."""
    boxes, names = labelled(detector)
    whole = np.stack([embedder.embed(image, _found_again(detector, image, box))[0] for image, box in boxes])
    rows = []
    for width in WIDTHS:
        genuine: list[float] = []
        impostor: list[float] = []
        for i, (image, box) in enumerate(boxes):
            scale = width / float(box[2] - box[0])
            if scale >= 1:
                continue
            small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            points = _found_again(detector, small, box * scale)
            if not len(points):
                continue
            vector = embedder.embed(small, points)[0].astype(np.float64)
            for j, away in enumerate(np.sqrt(np.maximum(2 - 2 * whole @ vector, 0)).tolist()):
                if j != i:
                    (genuine if names[i] == names[j] else impostor).append(away)
        rows.append(
            {
                "what": f"faces made {width} pixels wide",
                "same": len(genuine),
                "different": len(impostor),
                "same mean": round(float(np.mean(genuine)), 3),
                "FRR measured": round(float(np.mean(np.array(genuine) > limit)), 3),
                "FAR measured": round(float(np.mean(np.array(impostor) <= limit)), 4),
            }
        )
    return rows


def _found_again(detector: FaceDetector, image: Any, box: Float32) -> Float32:
    """Landmarks (1, 5, 2) of the face that is found at a box; (0, 5, 2) where none is."""
    found = detector.detect(image)
    off = np.abs(found.xyxy - box).max(1)
    return found.landmarks[[i for i in np.argsort(off)[:1] if off[i] <= AGAIN * (box[2] - box[0])]]
