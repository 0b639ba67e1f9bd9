"""A street that is painted: cameras with known places, people who walk on known ways, and a detector that knows both.

Shows nobody, so that pictures of the page may be kept, and costs no inference, so that the page's own cost shows.
Everything behind the detector is the real agent and the real service.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import cv2
import numpy as np

from omni.detect.network import RunsOn
from omni.types import Detections, Float64, UInt8

FPS = 10
FRAMES = 300
WIDTH, HEIGHT = 1280, 720
FOCAL = 900.0
FLOOR_M = (24.0, 16.0)
PIXELS_PER_M = 40
PERSON_M = 1.75
WALKERS = 14
BLOCK = 8  # of the mark that tells a picture's number, pixels; JPEG keeps such blocks
NAMES = ("Crossing", "Arcade", "Station", "Market", "Bridge", "Tower", "Harbour", "Garden")
COATS = ((190, 110, 60), (70, 90, 200), (80, 160, 90), (60, 150, 210), (150, 80, 160), (90, 90, 90), (60, 60, 150))


def uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:omni:painted:{name}"))


def camera(number: int) -> Float64:
    """(3, 4) metres (x, y, height) to pixels, of a camera that looks at the middle from somewhere around it."""
    angle = 2 * math.pi * number / len(NAMES) + 0.6
    place = np.array([12 + 13 * math.cos(angle), 8 + 10.5 * math.sin(angle), 5.2])
    ahead = np.array([12.0, 8.0, 0.6]) - place
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    rotation = np.stack([right, down, ahead])
    lens = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])
    if np.linalg.det(rotation) < 0:
        raise ValueError("a camera's axes are mirrored")
    return np.asarray(lens @ np.hstack([rotation, -(rotation @ place)[:, None]]), np.float64)


def walkers(frame: int) -> Float64:
    """(WALKERS, 2) metres: where everybody is. Ways are closed, so the film has no seam."""
    phase = 2 * math.pi * frame / FRAMES
    i = np.arange(WALKERS)
    turn = np.where(i % 2, 1, -1) * phase + i * 2.4
    x = 12 + (3.5 + 0.62 * i) * np.cos(turn) + 0.5 * np.sin(3 * phase + i)
    y = 8 + (1.8 + 0.38 * i) * np.sin(turn) + 0.4 * np.cos(2 * phase + i)
    return np.stack([x, y], 1)


def plan() -> UInt8:
    """The street from above."""
    width, height = (int(v * PIXELS_PER_M) for v in FLOOR_M)
    image = np.full((height, width, 3), (205, 212, 214), np.uint8)
    for x in range(0, width, PIXELS_PER_M):
        cv2.line(image, (x, 0), (x, height), (196, 203, 205), 1)
    for y in range(0, height, PIXELS_PER_M):
        cv2.line(image, (0, y), (width, y), (196, 203, 205), 1)
    cv2.rectangle(image, (0, 250), (width, 390), (128, 124, 120), -1)
    for x in range(20, width, 90):
        cv2.rectangle(image, (x, 316), (x + 46, 323), (225, 225, 225), -1)
    for x in range(400, 560, 32):
        cv2.rectangle(image, (x, 256), (x + 16, 384), (238, 238, 238), -1)
    for x, y, w, h in ((40, 30, 250, 120), (680, 30, 230, 130), (60, 470, 220, 130), (660, 470, 240, 120)):
        cv2.rectangle(image, (x, y), (x + w, y + h), (132, 176, 140), -1)
        cv2.rectangle(image, (x, y), (x + w, y + h), (160, 168, 160), 3)
        for dx in range(30, w, 60):
            cv2.circle(image, (x + dx, y + h // 2), 18, (96, 150, 104), -1, cv2.LINE_AA)
    cv2.circle(image, (width // 2, height // 2 + 175), 44, (190, 180, 150), -1, cv2.LINE_AA)
    cv2.circle(image, (width // 2, height // 2 + 175), 30, (205, 180, 120), -1, cv2.LINE_AA)
    return image


def boxes(matrix: Float64, frame: int) -> tuple[Float64, Float64]:
    """(N, 4) pixels of those who are in the picture, the farthest first, and (N,) which walkers they are."""
    feet = walkers(frame)
    low = np.column_stack([feet, np.zeros(WALKERS), np.ones(WALKERS)]) @ matrix.T
    high = np.column_stack([feet, np.full(WALKERS, PERSON_M), np.ones(WALKERS)]) @ matrix.T
    bottom, top = low[:, :2] / low[:, 2:], high[:, :2] / high[:, 2:]
    tall = bottom[:, 1] - top[:, 1]
    xyxy = np.column_stack([bottom[:, 0] - 0.19 * tall, top[:, 1], bottom[:, 0] + 0.19 * tall, bottom[:, 1]])
    seen = (low[:, 2] > 1) & (xyxy[:, 0] > 0) & (xyxy[:, 2] < WIDTH) & (xyxy[:, 1] > 0) & (xyxy[:, 3] < HEIGHT)
    order = np.argsort(-low[:, 2])
    order = order[seen[order]]
    return xyxy[order], order.astype(np.float64)


def picture(number: int, frame: int, ground: UInt8) -> UInt8:
    """What a camera sees: the floor, the sky, and people."""
    matrix = camera(number)
    image = ground.copy()
    for (x1, y1, x2, y2), who in zip(*boxes(matrix, frame), strict=True):
        _paint(image, x1, y1, x2, y2, COATS[int(who) % len(COATS)], frame + 7 * who)
    for bit in range(16):
        shade = 120 + 24 * ((number << 12 | frame) >> bit & 1)
        image[HEIGHT - BLOCK :, bit * BLOCK : (bit + 1) * BLOCK] = shade
    return image


def ground_of(number: int) -> UInt8:
    """The picture without people."""
    matrix = camera(number)
    floor = plan()
    from_plan = matrix[:, [0, 1, 3]] @ np.diag([1 / PIXELS_PER_M, 1 / PIXELS_PER_M, 1.0])
    image = np.full((HEIGHT, WIDTH, 3), (176, 188, 190), np.uint8)
    shown = cv2.warpPerspective(floor, from_plan, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.full(floor.shape[:2], 255, np.uint8), from_plan, (WIDTH, HEIGHT))
    image[inside > 0] = shown[inside > 0]
    horizon = 60
    sky = np.linspace((214, 190, 160), (232, 222, 206), horizon).astype(np.uint8)
    image[:horizon] = sky[:, None]
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.uint8)


def _paint(image: UInt8, x1: float, y1: float, x2: float, y2: float, coat: tuple[int, int, int], step: float) -> None:
    """A figure in the box, drawn with shapes."""
    tall, mid = y2 - y1, (x1 + x2) / 2

    def at(x: float, y: float) -> tuple[int, int]:
        return round(mid + x * tall), round(y1 + y * tall)

    stride = 0.09 * math.sin(0.9 * step)
    cv2.ellipse(
        image, at(0, 0.99), (round(0.16 * tall), round(0.035 * tall)), 0, 0, 360, (105, 110, 112), -1, cv2.LINE_AA
    )
    for side in (1, -1):
        cv2.line(
            image,
            at(0.03 * side, 0.52),
            at(0.03 * side + side * stride, 0.97),
            (62, 54, 50),
            max(round(0.08 * tall), 1),
            cv2.LINE_AA,
        )
        cv2.line(
            image,
            at(0.1 * side, 0.24),
            at(0.13 * side - side * stride, 0.5),
            coat,
            max(round(0.06 * tall), 1),
            cv2.LINE_AA,
        )
    cv2.ellipse(image, at(0, 0.37), (round(0.12 * tall), round(0.21 * tall)), 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.circle(image, at(0, 0.085), max(round(0.075 * tall), 1), (150, 180, 214), -1, cv2.LINE_AA)
    cv2.ellipse(
        image, at(0, 0.06), (round(0.078 * tall), round(0.055 * tall)), 0, 180, 360, (50, 60, 80), -1, cv2.LINE_AA
    )


class PaintedDetector:
    """Reads which picture it is from the mark and knows the rest; otherwise as ``omni.detect.Detector``."""

    runs_on = RunsOn("painted", (), {})
    batch = 1

    def detect_many(self, images: Sequence[UInt8]) -> list[Detections]:
        return [self._detect(image) for image in images]

    def _detect(self, image: UInt8) -> Detections:
        marks = image[HEIGHT - BLOCK // 2, BLOCK // 2 : 16 * BLOCK : BLOCK, 1] > 132
        code = int((marks * (1 << np.arange(16))).sum())
        number, frame = code >> 12, code & 0xFFF
        xyxy, _ = boxes(camera(number), frame)
        noise = np.random.default_rng(code).normal(0, 0.012, xyxy.shape) * (xyxy[:, 3:] - xyxy[:, 1:2])
        count = len(xyxy)
        return Detections((xyxy + noise).astype(np.float32), np.full(count, 0.9, np.float32), np.zeros(count, np.int32))

    def info(self) -> dict[str, Any]:
        return self.runs_on.document()


def make(folder: Path, cameras: int, frames: int = FRAMES) -> None:
    """Films of so many frames, plan and ``run_params.json`` of a site; films that are in the folder are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "plan.png"), plan())
    for number in range(cameras):
        film = folder / f"{number}.avi"
        if film.exists():
            continue
        ground = ground_of(number)
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
        for frame in range(frames):
            writer.write(picture(number, frame, ground))
        writer.release()
    (folder / "run_params.json").write_text(json.dumps(_config(folder, cameras), indent=1))


def _config(folder: Path, cameras: int) -> dict[str, Any]:
    return {
        "streams": [
            {"stream_uuid": uuid(NAMES[n]), "name": NAMES[n], "url": str(folder / f"{n}.avi"), "loop": True}
            for n in range(cameras)
        ],
        "anonymous_mode": False,
        "map_tracking": {
            "enabled": True,
            "views": [
                {
                    "image": "plan.png",
                    "metres_per_unit": 1 / PIXELS_PER_M,
                    "cameras": [{"stream_uuid": uuid(NAMES[n]), "points": _pairs(n)} for n in range(min(cameras, 4))],
                }
            ],
        },
        "mutlistream_ROI": {"regions": _regions(cameras)},
    }


def _regions(cameras: int) -> list[dict[str, Any]]:
    """Of the cameras that there are."""
    regions = [
        _region("zebra crossing", 0, _floor(0, (9.6, 6.1), (14.2, 6.1), (14.2, 9.9), (9.6, 9.9))),
        _region("forecourt", 1, _floor(1, (9.0, 11.0), (15.5, 11.0), (15.5, 14.5), (9.0, 14.5))),
        _region("entrance", 2, _floor(2, (16.4, 5.0), (17.4, 5.0), (17.4, 13.5), (16.4, 13.5)), (1.0, 0.05)),
        _region("way out", 0, _floor(0, (5.6, 4.0), (6.6, 4.0), (6.6, 12.5), (5.6, 12.5)), (-1.0, 0.1)),
    ]
    there = {uuid(name) for name in NAMES[:cameras]}
    return [region for region in regions if region["stream_uuid"] in there]


def _pairs(number: int) -> list[dict[str, list[float]]]:
    matrix, pairs = camera(number)[:, [0, 1, 3]], []
    for x in np.arange(1.0, FLOOR_M[0], 3.6):
        for y in np.arange(1.0, FLOOR_M[1], 3.4):
            u, v, w = matrix @ (x, y, 1.0)
            if w > 1 and 0 < u / w < WIDTH and 0 < v / w < HEIGHT:
                place = [round(x * PIXELS_PER_M, 2), round(y * PIXELS_PER_M, 2)]
                pairs.append({"image": [round(u / w / WIDTH, 4), round(v / w / HEIGHT, 4)], "map": place})
    return pairs[:: max(len(pairs) // 7, 1)]


def _floor(number: int, *places: tuple[float, float]) -> list[tuple[float, float]]:
    """Places of the floor, metres, as a camera shows them, relative to its picture and held to it."""
    seen = np.column_stack([np.array(places), np.ones(len(places))]) @ camera(number)[:, [0, 1, 3]].T
    return [tuple(v) for v in np.clip(seen[:, :2] / seen[:, 2:] / (WIDTH, HEIGHT), 0, 1).round(4).tolist()]


def _region(
    name: str, number: int, points: list[tuple[float, float]], direction: tuple[float, float] | None = None
) -> dict[str, Any]:
    corners = [{"x": x, "y": y} for x, y in points]
    trigger = None if direction is None else {"direction": {"x": direction[0], "y": direction[1]}}
    stream = uuid(NAMES[number])
    return {"name": name, "uuid": uuid(name), "stream_uuid": stream, "points": corners, "trigger_settings": trigger}
