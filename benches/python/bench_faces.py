"""Faces: how many are found, how well people are told from each other, what it costs. Prints rows as JSON."""

from __future__ import annotations

import json
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from face_agent import in_video, webhook
from face_networks import batches
from face_photos import BOXES, COLLAGE, DATA, PEOPLE, TEST_PHOTOS, by_width, distances, faceres_pairs, rates

from omni import _core
from omni.config import load_config
from omni.detect import (
    AgeGenderReader,
    EmotionReader,
    FaceDetector,
    FaceEmbedder,
    open_age_gender,
    open_emotion,
    open_face_detector,
    open_face_embedder,
)
from omni.errors import OmniError
from omni.faces import Calibration, Gallery
from omni.faces.engine import open_face_engine
from omni.faces.enrol import Enroller, photos_in
from omni.faces.pose import yaw_pitch
from omni.faces.quality import LEAST_WIDTH_PX
from omni.faces.traits import LOOKING_DEG
from omni.track import Tracker
from omni.types import EMOTIONS, Faces, Float32, Frame

CLIP = DATA / "clips-dev" / "short_hamilton_clip.mp4"

SMILING = {"alex_lacamoire/img1.jpg", "biden/biden2.jpg", "obama/obama.jpg"}
"""Photos of the training folder whose people smile, by eye."""

OVERLAP = 0.3
"""Of a face found and a box drawn by hand, which is smaller or larger than the detector's by custom."""


def main() -> None:
    try:
        detector, embedder = open_face_detector(), open_face_embedder()
    except OmniError as error:
        sys.exit(f"bench_faces: {error}")
    enroller = Enroller(detector, embedder)
    calibration = Calibration(embedder.spec.same, embedder.spec.different)
    rows: list[dict[str, Any]] = []
    if PEOPLE.is_dir() and BOXES.is_dir():
        rows.append(detection(detector.detect))
        rows += pairs(enroller, calibration)
        rows += one_shot(enroller, calibration.distance_of_far(0.001))
        rows += attributes(detector)
        rows += faceres_pairs(detector)
        rows += by_width(detector, embedder, calibration.distance_of_far(0.001))
    for absent in (path for path in (PEOPLE, BOXES, CLIP) if not path.exists()):
        print(f"bench: no {absent.relative_to(DATA)} in OMNI_DATA: rows are left out", file=sys.stderr)
    if CLIP.is_file():
        rows += stage()
        rows.append(webhook(CLIP))
        if PEOPLE.is_dir():
            rows.append(in_video(CLIP, photos_in(PEOPLE / "train")))
        rows.append(one_man(detector, embedder, calibration.distance_of_far(0.001)))
    rows += search(embedder.dimension)
    rows += cost(detector, embedder)
    rows += batches()
    print(json.dumps(rows))


def detection(detect: Callable[[Any], Faces]) -> dict[str, Any]:
    """Recall and precision against the boxes of faces-dlib."""
    drawn = found = right = 0
    for name in ("training.xml", "testing.xml"):
        for picture in ET.parse(BOXES / name).iter("image"):
            boxes = np.array(
                [[int(box.get(k, 0)) for k in ("left", "top", "width", "height")] for box in picture.iter("box")]
            )
            boxes[:, 2:] += boxes[:, :2]
            faces = detect(cv2.imread(str(BOXES / str(picture.get("file")))))
            drawn, found, right = drawn + len(boxes), found + len(faces), right + matched(boxes, faces.xyxy)
    return {"what": "detection, faces-dlib", "faces": drawn, "recall": right / drawn, "precision": right / found}


def matched(drawn: Any, found: Float32) -> int:
    """Boxes that are found, each by a face of its own."""
    corner = np.maximum(drawn[:, None, :2], found[:, :2])
    size = np.clip(np.minimum(drawn[:, None, 2:], found[:, 2:]) - corner, 0, None)
    common = size.prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (drawn, found)]
    overlap = common / (areas[0][:, None] + areas[1] - common)
    return len({int(row.argmax()) for row in overlap if row.max(initial=0.0) >= OVERLAP})


def pairs(enroller: Enroller, calibration: Calibration) -> list[dict[str, Any]]:
    """TAR at FAR over all pairs of labelled faces, and what the calibration says of them."""
    vectors, names = [], []
    for person, photos in photos_in(PEOPLE / "train"):
        for photo in photos:
            vectors.append(enroller.sample(photo.read_bytes()))
            names.append(person)
    for file, people in TEST_PHOTOS.items():
        for face, person in zip(enroller.faces((PEOPLE / "test" / file).read_bytes()), people, strict=True):
            vectors.append(face.embedding)
            names.append(person)
    for photo in sorted(BOXES.glob("*.jpg")):
        if photo.name == COLLAGE:
            continue
        for i, face in enumerate(enroller.faces(photo.read_bytes())):
            if face.box[2] - face.box[0] >= LEAST_WIDTH_PX:
                vectors.append(face.embedding)
                names.append(f"{photo.name}/{i}")
    genuine, impostor = distances(np.stack(vectors), names)
    of_far = calibration.distance_of_far(0.001)
    return [
        rates("pairs of photos", genuine, impostor),
        {
            "what": "at the default threshold",
            "distance": round(of_far, 3),
            "FAR measured": float((impostor <= of_far).mean()),
            "FRR measured": float((genuine > of_far).mean()),
            "FRR stated": round(calibration.frr(of_far), 4),
        },
    ]


def one_shot(enroller: Enroller, limit: float) -> list[dict[str, Any]]:
    """Every gallery of one photo a person against the test folder: errors by name."""
    photos = list(photos_in(PEOPLE / "train"))
    rows = []
    for shot in range(2):
        gallery = Gallery(None, "bench", 128)
        for person, files in photos:
            gallery.add(person, [], enroller.sample(files[min(shot, len(files) - 1)].read_bytes())[None], 0.0)
        errors, right = [], 0
        for file, people in TEST_PHOTOS.items():
            for face, person in zip(enroller.faces((PEOPLE / "test" / file).read_bytes()), people, strict=True):
                [(nearest, distance)] = gallery.search(face.embedding[None], 1)[0]
                told = nearest.name if distance <= limit else "nobody"
                right += told == person
                errors += [] if told == person else [f"{file}: {person} told as {told}"]
        rows.append({"what": f"one shot, photo {shot + 1}", "right": right, "errors": "; ".join(errors) or "none"})
    return rows


def attributes(detector: FaceDetector) -> list[dict[str, Any]]:
    """Gender and smiles of the people of the training folder, heads turned away in all photos, and the cost."""
    age_gender, emotion = open_age_gender(), open_emotion()
    gender = smiles = faces = 0
    ages: dict[str, list[float]] = {}
    for person, photos in photos_in(PEOPLE / "train"):
        for photo in photos:
            image = cv2.imread(str(photo))
            box = detector.detect(image).xyxy[:1]
            [found], felt = age_gender.read(image, box), EMOTIONS[int(emotion.read(image, box).argmax())]
            faces, gender = faces + 1, gender + ((found.male < 0.5) == (person == "rose_leslie"))
            smiles += (felt == "HAPPY") == (f"{person}/{photo.name}" in SMILING)
            ages.setdefault(person, []).append(round(found.age))
    return [
        {"what": "attributes", "faces": faces, "gender right": gender, "smiles right": smiles, "ages": str(ages)},
        *everybody(detector, age_gender, emotion),
        {"what": "age and gender of a face", "ms": round(median(lambda: age_gender.read(image, box), 15) * 1e3, 1)},
        {"what": "emotion of a face", "ms": round(median(lambda: emotion.read(image, box), 15) * 1e3, 1)},
    ]


def everybody(detector: FaceDetector, age_gender: AgeGenderReader, emotion: EmotionReader) -> list[dict[str, Any]]:
    """Of all faces of both folders: heads turned away, and whether a face of half the pixels is read as the same."""
    away, years, same_gender, same_mood, faces = 0, [], 0, 0, 0
    for photo in [*sorted(PEOPLE.rglob("*.jp*g")), *sorted(BOXES.glob("*.jpg"))]:
        image = cv2.imread(str(photo))
        found = detector.detect(image)
        found = found[found.xyxy[:, 2] - found.xyxy[:, 0] >= LEAST_WIDTH_PX]
        away += sum(max(map(abs, yaw_pitch(points))) > LOOKING_DEG for points in found.landmarks)
        half, boxes = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), found.xyxy / 2
        read = zip(age_gender.read(image, found.xyxy), age_gender.read(half, boxes), strict=True)
        for whole, small in read:
            years.append(abs(whole.age - small.age))
            same_gender += (whole.male > 0.5) == (small.male > 0.5)
        felt, felt_small = emotion.read(image, found.xyxy).argmax(1), emotion.read(half, boxes).argmax(1)
        same_mood, faces = same_mood + int((felt == felt_small).sum()), faces + len(found)
    return [
        {"what": "heads turned away", "faces": faces, "away": away},
        {
            "what": "attributes at half the size",
            "faces": faces,
            "same gender": same_gender,
            "years apart, median": round(float(np.median(years)), 1),
            "same emotion": same_mood,
        },
    ]


def stage() -> list[dict[str, Any]]:
    """What faces cost in two seconds of the clip: every frame searched, ten a second, and with all attributes."""
    capture = cv2.VideoCapture(str(CLIP))
    fps, pictures = capture.get(cv2.CAP_PROP_FPS), [capture.read()[1] for _ in range(145)][85:]
    nobody, rows = Tracker().update(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), timestamp=0.0), []
    for max_fps, wanted in ((None, False), (10.0, False), (10.0, True)):
        attributes = dict.fromkeys(("age_gender", "emotion", "attention"), wanted)
        face = {"enabled": True, "max_fps": max_fps, "attributes": attributes}
        watch = open_face_engine(load_config({"pipelines": {"face": face}})).watch(pictures=False)
        begun = time.process_time()
        for i, picture in enumerate(pictures):
            frame = Frame("clip", i, i / fps, i / fps, picture)
            watch.update(frame, replace(nobody, timestamp=i / fps), (), nobody.xyxy)
        spent = time.process_time() - begun
        what = f"clip, {max_fps or 'all'} a second, attributes {wanted}"
        cost = {name: round(seconds, 3) for name, seconds in watch.cost_s.items()}
        rows.append({"what": what, "cpu ms a frame": round(spent / len(pictures) * 1e3, 1), **watch.counts, **cost})
    return rows


def search(dimension: int) -> list[dict[str, Any]]:
    """Exact search beside reading the same memory once."""
    random = np.random.default_rng(1)
    rows = []
    for profiles, samples in ((1_000, 5), (20_000, 5)):
        embeddings = random.normal(size=(profiles * samples, dimension)).astype(np.float32)
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        index = _core.EmbeddingIndex(embeddings, np.repeat(np.arange(profiles, dtype=np.int32), samples))
        query = np.ascontiguousarray(embeddings[7:8])
        searched, read = median(lambda: index.search(query, 5)), median(lambda: embeddings.max())  # noqa: B023
        rows.append(
            {
                "what": f"search {profiles} x {samples}",
                "ms": round(searched * 1e3, 3),
                "to reading it": round(searched / read, 2),
            }
        )
    return rows


def cost(detector: FaceDetector, embedder: FaceEmbedder) -> list[dict[str, Any]]:
    """Of the networks, one thread."""
    picture = np.random.default_rng(2).integers(0, 255, (720, 1280, 3), np.uint8)
    points = np.array([[[100, 100], [140, 100], [120, 125], [104, 145], [136, 145]]], np.float32)
    return [
        {"what": "face detection, 1280x720", "ms": round(median(lambda: detector.detect(picture), 15) * 1e3, 1)},
        {"what": "embedding of one face", "ms": round(median(lambda: embedder.embed(picture, points), 15) * 1e3, 1)},
    ]


def median(work: Callable[[], Any], rounds: int = 100) -> float:
    """Seconds of processor time, median: other programs on the machine disturb it little."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return float(np.median(taken))


def one_man(detector: FaceDetector, embedder: FaceEmbedder, limit: float) -> dict[str, Any]:
    """Pairs of frames of one man who speaks, and what the default threshold rejects of them."""
    capture, vectors = cv2.VideoCapture(str(CLIP)), []
    for i in range(212):
        picture = capture.read()[1]
        if i >= 82 and i % 4 == 2:
            vectors.append(embedder.embed(picture, detector.detect(picture).landmarks[:1])[0])
    rows = np.stack(vectors).astype(np.float64)
    genuine = np.sqrt(np.maximum(2 - 2 * rows @ rows.T, 0))[np.triu_indices(len(rows), 1)]
    return {
        "what": "pairs of frames of one man",
        "same": len(genuine),
        "same mean": round(float(genuine.mean()), 3),
        "same sd": round(float(genuine.std()), 3),
        "same max": round(float(genuine.max()), 3),
        "FRR measured": round(float((genuine > limit).mean()), 4),
    }


if __name__ == "__main__":
    main()
