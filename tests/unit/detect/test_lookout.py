"""What of a frame is looked at, and how what was found is put together."""

from __future__ import annotations

import numpy as np
import pytest

from omni.detect.lookout import MASK, Lookout, tiles_of
from omni.detect.motion import MotionGate
from omni.types import Detections, Frame

LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]


def frame(image: np.ndarray, at: float = 0.0) -> Frame:
    image.flags.writeable = False
    return Frame("s", round(at * 10), at, at, image)


def detections(*boxes: tuple[float, ...], score: float = 0.9) -> Detections:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(xyxy, np.full(len(xyxy), score, np.float32), np.zeros(len(xyxy), np.int32))


def test_what_is_ignored_is_grey_for_the_detector_and_untouched_in_the_frame() -> None:
    image = np.full((40, 80, 3), 200, np.uint8)
    [seen] = Lookout(ignore=[LEFT_HALF]).pictures(frame(image))
    assert (seen[:, :40] == MASK).all()
    assert (seen[:, 42:] == 200).all()
    assert (image == 200).all()


def test_nothing_ignored_is_no_copy() -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    assert Lookout().pictures(frame(image))[0] is image


@pytest.mark.parametrize("size", [(1920, 1080), (768, 576), (101, 37), (3, 3)])
@pytest.mark.parametrize("tiles", [(1, 1), (2, 1), (3, 2), (8, 8)])
def test_tiles_cover_the_picture_and_overlap(size: tuple[int, int], tiles: tuple[int, int]) -> None:
    places = tiles_of(size, tiles)
    assert len(places) == tiles[0] * tiles[1]
    covered = np.zeros((size[1], size[0]), int)
    for x1, y1, x2, y2 in places:
        assert 0 <= x1 < x2 <= size[0]
        assert 0 <= y1 < y2 <= size[1]
        covered[y1:y2, x1:x2] += 1
    assert covered.min() >= 1
    if size == (1920, 1080) and tiles == (2, 1):
        assert (covered == 2).all(axis=0).sum() == pytest.approx(0.25 * (places[0][2] - places[0][0]), abs=2)


def test_who_is_found_in_several_pieces_is_one_person() -> None:
    lookout, shown = Lookout(tiles=(2, 1)), frame(np.zeros((200, 400, 3), np.uint8))
    (_, _, edge, _), (start, *_) = tiles_of((400, 200), (2, 1))
    overlap = (start + 5.0, 50.0, start + 25.0, 100.0)
    cut = (edge - 12.0, 20.0, float(edge), 80.0)  # of somebody who is whole in the right tile
    whole = (edge - 12.0, 20.0, edge + 15.0, 80.0)

    def moved(box: tuple[float, ...]) -> tuple[float, ...]:
        return (box[0] - start, box[1], box[2] - start, box[3])

    found = lookout.people(
        shown,
        [
            detections((10, 10, 60, 190), score=0.8),
            detections((11, 12, 61, 188), overlap, cut, score=0.95),
            detections(moved(overlap), moved(whole), score=0.6),
        ],
    )
    assert len(found) == 3
    assert sorted(found.xyxy[:, 0].tolist()) == pytest.approx([11, overlap[0], whole[0]])
    assert edge + 15.0 in found.xyxy[:, 2]
    assert (np.diff(found.confidence) <= 0).all()


def test_who_is_cut_by_a_tile_and_found_nowhere_else_is_kept() -> None:
    lookout, shown = Lookout(tiles=(2, 1)), frame(np.zeros((200, 400, 3), np.uint8))
    (_, _, edge, _), _ = tiles_of((400, 200), (2, 1))
    found = lookout.people(shown, [detections(), detections((edge - 40, 20, edge, 180)), detections()])
    assert len(found) == 1


class Clip:
    """A noisy picture of a textured wall."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(5)
        self.wall = self._random.integers(60, 190, (30, 40, 3)).repeat(16, 0).repeat(16, 1).astype(np.float64)

    def picture(self, light: float = 0.0, person_at: float | None = None) -> np.ndarray:
        shown = self.wall + light
        if person_at is not None:
            x = round(person_at)
            shown[200:224, x : x + 10] = 20.0
        return np.clip(shown + self._random.normal(0, 4, shown.shape), 0, 255).astype(np.uint8)


def test_a_still_scene_is_looked_at_again_after_five_seconds_only() -> None:
    clip, gate = Clip(), MotionGate()
    looked = [i for i in range(120) if gate.moved(clip.picture(), i / 10)]
    assert looked == [0, 50, 100]


def test_light_that_changes_everywhere_is_no_motion() -> None:
    clip, gate = Clip(), MotionGate()
    assert [gate.moved(clip.picture(light=i), i / 10) for i in range(20)] == [True] + [False] * 19


@pytest.mark.parametrize("pixels_a_frame", [0.2, 1.0, 5.0])
def test_somebody_small_and_slow_is_seen_before_they_are_a_body_further(pixels_a_frame: float) -> None:
    """24 pixels high in a picture of 640x480: what is looked at is never more than 4 pixels or a frame behind."""
    clip, gate, seen_at = Clip(), MotionGate(), -100.0
    for i in range(60):
        x = 300 + i * pixels_a_frame
        if gate.moved(clip.picture(person_at=x), i / 100):
            seen_at = x
        assert x - seen_at <= max(4.0, pixels_a_frame), i


def test_while_nothing_moves_what_was_found_last_holds() -> None:
    clip, lookout = Clip(), Lookout(gate=MotionGate())
    assert lookout.in_order
    first, second = frame(clip.picture()), frame(clip.picture(), 0.1)
    assert len(lookout.pictures(first)) == 1
    found = lookout.people(first, [detections((1, 2, 3, 4))])
    assert lookout.pictures(second) == []
    assert lookout.people(second, []) is found
    lookout.forget()
    assert len(lookout.people(second, [])) == 0
    assert len(lookout.pictures(second)) == 1


def test_a_gate_of_another_size_looks_anew() -> None:
    gate = MotionGate()
    assert gate.moved(np.zeros((48, 64, 3), np.uint8), 0.0)
    assert gate.moved(np.zeros((64, 48, 3), np.uint8), 0.1)
    assert gate.moved(np.zeros((128, 96, 3), np.uint8), 0.2)  # what was found is in pixels of the other size
