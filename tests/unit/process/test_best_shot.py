"""Which picture is the best, and that it is found wherever it comes."""

from __future__ import annotations

from itertools import count
from uuid import UUID

import cv2
import numpy as np
import pytest

from omni.process import ProcessBuilder, ShotSettings
from omni.process.best_shot import promises, sharpness_of
from omni.types import CONFIRMED, Frame, ProcessMessage, Run, Tracks

STREAM = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RUN = Run(UUID(int=1), 1_000_000_000.0)
INSIDE = (100.0, 50.0, 150.0, 200.0)
TEXTURE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)


def picture(blur: float = 0.0) -> np.ndarray:
    soft = cv2.normalize(cv2.GaussianBlur(TEXTURE, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX)  # as a camera gives
    return np.asarray(cv2.GaussianBlur(soft, (0, 0), blur) if blur else soft, np.uint8)


class Stream:
    """Frames of one or more people, 0.1 s apart."""

    def __init__(self, *, anonymous: bool = False, whole_frame: bool = False) -> None:
        settings = ShotSettings(anonymous=anonymous, whole_frame=whole_frame)
        self.people = ProcessBuilder(STREAM, RUN, count(1), ongoings_interval_s=60.0, best_shots=settings)
        self.index = 0

    def show(self, *boxes: tuple[float, ...], image: np.ndarray | None = None, confidence: float = 0.8) -> None:
        frame = Frame(STREAM, self.index, RUN.started_at + self.index / 10, 0.0, picture() if image is None else image)
        self.index += 1
        n = len(boxes)
        tracks = Tracks(
            timestamp=frame.timestamp,
            track_id=np.arange(1, n + 1),
            xyxy=np.array(boxes, np.float32),
            confidence=np.full(n, confidence, np.float32),
            class_id=np.zeros(n, np.int32),
            state=np.full(n, CONFIRMED, np.uint8),
            detection_index=np.arange(n, dtype=np.int32),
            first_timestamp=np.full(n, RUN.started_at),
        )
        self.people.update(frame, tracks, [])

    def end(self) -> list[ProcessMessage]:
        return self.people.finish(RUN.started_at + self.index / 10, "end_of_file")


def best(message: ProcessMessage) -> tuple[np.ndarray, dict[str, float]]:
    body = message.processes[1]
    return message.best_shots[body["id"]], body["omni"]["quality"]


@pytest.mark.parametrize("place", [0, 4, 9])
@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"image": picture(4.0)}, {}),  # blurred
        ({"confidence": 0.5}, {"confidence": 0.9}),
        ({"boxes": [(0.0, 50.0, 50.0, 200.0)]}, {}),  # cut by the border
        ({"boxes": [(100.0, 120.0, 130.0, 200.0)]}, {}),  # far away
        ({"boxes": [INSIDE, (110.0, 60.0, 160.0, 230.0)]}, {"boxes": [INSIDE, (260.0, 60.0, 310.0, 230.0)]}),  # covered
    ],
    ids=["blurred", "unsure", "cut", "small", "covered"],
)
def test_the_better_picture_wins_wherever_it_comes(place: int, worse: dict, better: dict) -> None:  # type: ignore[type-arg]
    stream = Stream()
    for i in range(60):  # 6 s; the better one is there for 0.6 s
        shown = {"boxes": [INSIDE], **(better if place * 6 <= i < place * 6 + 6 else worse)}
        stream.show(*shown.pop("boxes"), **shown)
    only_better, only_worse = Stream(), Stream()
    for other, kind in ((only_better, better), (only_worse, worse)):
        shown = {"boxes": [INSIDE], **kind}
        for _ in range(3):
            other.show(*shown["boxes"], **{k: v for k, v in shown.items() if k != "boxes"})
    found, bound, left_over = (best(s.end()[0])[1]["value"] for s in (stream, only_better, only_worse))
    assert found == bound > left_over * 1.05


def test_the_parts_multiply_to_the_measure() -> None:
    stream = Stream()
    stream.show(INSIDE, (130.0, 60.0, 180.0, 230.0))
    _, quality = best(stream.end()[0])
    parts = [quality[name] for name in ("size", "confidence", "whole", "uncovered", "sharpness")]
    assert quality["value"] == pytest.approx(np.prod(parts), abs=1e-3)
    assert quality["uncovered"] < 1.0


def test_the_nearer_of_two_covers_the_other_not_the_other_way_round() -> None:
    far, near = promises(
        np.array([INSIDE, (100.0, 100.0, 150.0, 230.0)], np.float32), np.ones(2, np.float32), (320, 240)
    )
    assert far.uncovered == pytest.approx(1 / 3, abs=0.01)
    assert near.uncovered == 1.0


def test_sharpness_falls_with_blur_and_hardly_with_contrast() -> None:
    values = [sharpness_of(picture(blur)[50:200, 100:150]) for blur in (0, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.3 * values[2]
    dull = (picture()[50:200, 100:150] // 2 + 64).astype(np.uint8)
    assert sharpness_of(dull) == pytest.approx(values[0], rel=0.1)


def test_a_crop_of_any_size_has_a_sharpness() -> None:
    for height, width in ((1, 1), (2, 40), (40, 2), (3000, 1), (5, 5)):
        assert 0 < sharpness_of(np.zeros((height, width, 3), np.uint8)) <= 1


def test_the_picture_is_the_crop_of_that_frame_and_its_own_memory() -> None:
    image = picture()
    stream = Stream()
    stream.show(INSIDE, image=image)
    expected = image[50:200, 100:150].copy()
    image[:] = 0
    shot, _ = best(stream.end()[0])
    assert (shot == expected).all()


def test_the_whole_frame_goes_with_the_human_when_asked_for() -> None:
    image = picture()
    stream = Stream(whole_frame=True)
    stream.show(INSIDE, (200.0, 50.0, 250.0, 200.0), image=image)
    messages = stream.end()
    shots = [message.best_shots[message.processes[0]["id"]] for message in messages]
    assert all(shot.shape == (240, 320, 3) for shot in shots)
    assert shots[0] is shots[1]  # one picture in memory for all who are in it


def test_in_anonymous_mode_every_head_in_the_picture_is_hidden_and_the_rest_is_not() -> None:
    image = picture()
    stream = Stream(anonymous=True, whole_frame=True)
    stream.show(INSIDE, (120.0, 120.0, 170.0, 230.0), image=image)  # the second one's head is in the first one's crop
    message = stream.end()[0]
    shot, _ = best(message)
    changed = (shot != image[50:200, 100:150]).any(2)
    assert changed[:35, :].mean() > 0.9
    assert changed[75:105, 22:].mean() > 0.9
    assert not changed[120:].any()
    assert len(np.unique(shot[:30].reshape(-1, 3), axis=0)) <= 30
    whole = message.best_shots[message.processes[0]["id"]]
    assert (whole[55:85, 105:145] != image[55:85, 105:145]).mean() > 0.9
    assert (whole[:45] == image[:45]).all()
