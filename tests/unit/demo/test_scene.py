from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from omni.config import load_config
from omni.demo.clip import demo_clip
from omni.demo.scene import (
    EAST,
    PICTURE_SIZE,
    WEST,
    demo_config,
    draw_plan,
    floor_from_image,
    plan_from_floor,
    plan_size,
    point_pairs,
)
from omni.errors import SourceError
from omni.fusion import Homography


@pytest.mark.parametrize("crop", [WEST, EAST])
def test_a_crops_point_pairs_give_the_whole_pictures_calibration(crop: tuple[float, float, float, float]) -> None:
    pairs = point_pairs(crop)
    size = np.array([crop[2] * PICTURE_SIZE[0], crop[3] * PICTURE_SIZE[1]])
    fitted = Homography.from_points([p["image"] * size for p in pairs], [p["map"] for p in pairs])
    inside = np.array([[0.3, 0.5], [0.7, 0.8], [0.5, 0.4]]) * size
    whole = inside + np.array([crop[0] * PICTURE_SIZE[0], 0])
    np.testing.assert_allclose(fitted.map_from_image(inside), plan_from_floor(floor_from_image(whole)), atol=1e-3)
    assert fitted.rms_error == pytest.approx(0, abs=1e-3)


def test_the_plan_keeps_metres() -> None:
    there = np.array([[-14.0, -14.0], [0.0, 0.0]])
    units = np.linalg.norm(np.diff(plan_from_floor(there), axis=0))
    assert units * 0.03 == pytest.approx(np.linalg.norm([14.0, 14.0]))


def test_the_configuration_is_one_that_an_operator_could_write() -> None:
    document = demo_config(Path("c.avi"), Path("p.png"), loop=True, receiver="http://h/", host="127.0.0.1", port=0)
    assert [stream.name for stream in load_config(document).streams] == ["West", "East"]


def test_a_plan_is_drawn_from_the_clip_and_another_video_is_refused(tmp_path: Path, street_clip: Path) -> None:
    draw_plan(street_clip, tmp_path / "plan.png")
    plan = cv2.imread(str(tmp_path / "plan.png"))
    assert plan is not None
    assert (plan.shape[1], plan.shape[0]) == plan_size()
    assert plan.std() > 10
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    with pytest.raises(SourceError, match=r"64x48.*768x576.*opencv-doc"):
        draw_plan(tmp_path / "v.avi", tmp_path / "plan.png")


def test_without_debian_it_says_what_to_give_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="--video PATH"):
        demo_clip(lambda _: None)


def test_a_damaged_clip_in_the_cache_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "vtest.avi").write_bytes(b"half")
    with pytest.raises(SourceError):
        demo_clip(lambda _: None)
