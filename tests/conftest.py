"""Shared: where the measuring data are, and how a test says that they are absent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # of the tests that load onnxruntime themselves

DATA = Path(os.environ.get("OMNI_DATA", Path(__file__).parents[1].parent / "shared" / "data"))


def data_file(name: str) -> Path:
    """A file of the measuring data; skips the test where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"measuring data absent: {name} (OMNI_DATA)")
    return path


@pytest.fixture(scope="session")
def measured() -> Callable[[str], Path]:
    """Gives a file of the measuring data by its name; skips the test where it is absent."""
    return data_file


@pytest.fixture(scope="session")
def street_clip() -> Path:
    """The demo's clip: from the cache, else from the measuring data."""
    from omni.cache import cache_folder

    cached = cache_folder("demo") / "vtest.avi"
    return cached if cached.is_file() else data_file("pets09-s2l1/video/vtest.avi")


@pytest.fixture(scope="module")
def first_pictures(street_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Gives a folder with so many pictures of the clip, from its beginning."""
    import cv2

    def written(count: int) -> Path:
        folder = tmp_path_factory.mktemp("street")
        capture = cv2.VideoCapture(str(street_clip))
        for i in range(count):
            readable, picture = capture.read()
            assert readable
            cv2.imwrite(str(folder / f"{i:04d}.bmp"), picture)
        capture.release()
        return folder

    return written


@pytest.fixture(scope="session")
def person_model() -> str:
    """The default person detector; skips where it was never pulled."""
    from omni.detect.models import locate
    from omni.errors import ModelError

    try:
        locate("nanodet-g-416")
    except ModelError as error:
        pytest.skip(str(error))
    return "nanodet-g-416"


@pytest.fixture(scope="session")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A man comes into view and speaks, a folder of pictures; and his photo, from later and in another pose."""
    import cv2

    folder = tmp_path_factory.mktemp("speaker")
    (folder / "frames").mkdir()
    capture = cv2.VideoCapture(str(data_file("clips-dev/short_hamilton_clip.mp4")))
    for i in range(147):
        readable, picture = capture.read()
        assert readable
        if 84 <= i < 124:
            cv2.imwrite(str(folder / "frames" / f"{i:04d}.bmp"), picture)
    capture.release()
    cv2.imwrite(str(folder / "the speaker.png"), picture)
    return folder / "frames", folder / "the speaker.png"
