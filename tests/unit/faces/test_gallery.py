"""The gallery: what is kept, what is refused, what is gone for good."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest

from omni.errors import StateError, UnknownProfileError
from omni.faces import Gallery

MODEL, D = "net@0123456789abcdef", 16
NOW = 1_700_000_000.0
GROUP = "1d4a6f0e-0a51-4f5c-9f7a-1f0d2c3b4a59"


def vectors(n: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def names(gallery: Gallery, row: np.ndarray, k: int = 5) -> list[str]:
    return [profile.name for profile, _ in gallery.search(row[None], k)[0]]


def test_the_nearest_photo_of_each_profile_counts_and_everyone_is_found_by_their_own() -> None:
    gallery, rows = Gallery(None, MODEL, D), vectors(40)
    for i in range(10):
        gallery.add(f"p{i}", [], rows[4 * i : 4 * i + 4], NOW)
    found = gallery.search(rows, 3)
    for i, ranked in enumerate(found):
        assert ranked[0][0].name == f"p{i // 4}"
        assert ranked[0][1] == pytest.approx(0.0, abs=1e-3)
        by_hand = sorted(min(float(np.linalg.norm(rows[i] - r)) for r in rows[4 * j : 4 * j + 4]) for j in range(10))
        assert [d for _, d in ranked] == pytest.approx(by_hand[:3], abs=1e-3)


def test_it_is_the_same_after_a_restart_and_private(tmp_path: Path) -> None:
    rows = vectors(3)
    added = Gallery(tmp_path / "state", MODEL, D).add("Ann", [GROUP, GROUP], rows, NOW)
    again = Gallery(tmp_path / "state", MODEL, D)
    assert again.profiles == (added,)
    assert (added.groups, added.samples, added.created) == ((GROUP,), 3, NOW)
    assert names(again, rows[1]) == ["Ann"]
    assert stat.S_IMODE((tmp_path / "state" / "faces.sqlite").stat().st_mode) == 0o600


def test_what_another_process_changes_is_noticed(tmp_path: Path) -> None:
    running, command_line = Gallery(tmp_path, MODEL, D), Gallery(tmp_path, MODEL, D)
    rows = vectors(1)
    added = command_line.add("Ann", [], rows, NOW)
    assert names(running, rows[0]) == []
    before = running.generation
    running.refresh(NOW)
    assert (names(running, rows[0]), running.generation) == (["Ann"], before + 1)
    running.refresh(NOW)
    assert running.generation == before + 1
    command_line.remove(added.id)
    running.refresh(NOW)
    assert names(running, rows[0]) == []


def test_the_same_photo_twice_is_one_sample() -> None:
    gallery, rows = Gallery(None, MODEL, D), vectors(3)
    profile = gallery.add("Ann", [], rows[:2], NOW)
    assert gallery.add_samples(profile.id, rows[1:], NOW) == 1
    assert gallery.get(profile.id).samples == 3


def test_a_removed_profile_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    gallery, rows = Gallery(tmp_path, MODEL, D), vectors(2)
    kept, gone = gallery.add("Kept", [], rows[:1], NOW), gallery.add("Gone-for-good", [GROUP], rows[1:], NOW)
    gallery.remove(gone.id)
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for trace in (rows[1].astype("<f4").tobytes(), b"Gone-for-good", gone.id.encode(), GROUP.encode()):
        assert trace not in left
    assert rows[0].astype("<f4").tobytes() in left
    assert gallery.profiles == (kept,)
    with pytest.raises(UnknownProfileError, match="no profile has the uuid"):
        gallery.remove(gone.id)


def test_samples_are_deleted_when_their_time_is_over(tmp_path: Path) -> None:
    gallery, rows = Gallery(tmp_path, MODEL, D, retention_s=100.0), vectors(3)
    old = gallery.add("Old", [], rows[:1], NOW)
    fresh = gallery.add("Fresh", [], rows[1:2], NOW)
    gallery.add_samples(fresh.id, rows[2:], NOW + 60)
    gallery.refresh(NOW + 99)
    assert len(gallery.profiles) == 2
    gallery.refresh(NOW + 101)
    assert [(p.name, p.samples) for p in gallery.profiles] == [("Fresh", 1)]
    assert rows[0].astype("<f4").tobytes() not in (tmp_path / "faces.sqlite").read_bytes()
    assert old.id.encode() not in (tmp_path / "faces.sqlite").read_bytes()


def test_a_clock_that_is_wrong_for_a_moment_deletes_nobody(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, MODEL, D, retention_s=1000.0)
    gallery.refresh(NOW)
    gallery.add("Ann", [], vectors(1), NOW)
    for now in (NOW + 1e8, NOW, NOW - 1e8, NOW + 1e8):
        gallery.refresh(now)
    assert [profile.name for profile in gallery.profiles] == ["Ann"]
    Gallery(tmp_path, MODEL, D, retention_s=1000.0).refresh(NOW + 1001)
    gallery.refresh(NOW)
    assert gallery.profiles == ()


def test_embeddings_of_another_network_are_left_out_and_said(tmp_path: Path) -> None:
    rows = vectors(1)
    Gallery(tmp_path, "other@fedcba9876543210", D).add("Ann", [], rows, NOW)
    gallery = Gallery(tmp_path, MODEL, D)
    assert names(gallery, rows[0]) == []
    [problem] = gallery.problems
    assert "1 profiles were made with other@fedcba9876543210" in problem
    assert "omni faces import" in problem
    gallery.add_samples(gallery.profiles[0].id, rows, NOW)
    assert names(gallery, rows[0]) == ["Ann"]


@pytest.mark.parametrize("damage", ["flip", "short", "swap", "nan", "text"])
def test_damaged_embeddings_are_refused_and_the_rest_works(tmp_path: Path, damage: str) -> None:
    rows = vectors(2)
    first = Gallery(tmp_path, MODEL, D)
    ann, bob = first.add("Ann", [], rows[:1], NOW), first.add("Bob", [], rows[1:], NOW)
    blob = rows[0].astype("<f4").tobytes()
    value: object = {
        "flip": bytes([blob[0] ^ 1]) + blob[1:],
        "short": blob[:-3],
        "swap": rows[1].astype("<f4").tobytes(),  # right in itself, but not this person's
        "nan": np.full(D, np.nan, "<f4").tobytes(),
        "text": "x",
    }[damage]
    with sqlite3.connect(tmp_path / "faces.sqlite") as file:
        file.execute("UPDATE sample SET embedding = ? WHERE profile = ?", (value, ann.id))
    file.close()
    gallery = Gallery(tmp_path, MODEL, D)
    assert names(gallery, rows[1]) == ["Bob"]
    [problem] = gallery.problems
    assert ann.id in problem
    assert bob.id not in problem
    assert "Ann" not in problem


def test_a_file_that_is_no_gallery_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "faces.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateError, match=r"faces\.sqlite: the gallery cannot be kept here"):
        Gallery(tmp_path, MODEL, D)


@pytest.mark.parametrize(
    "rows", [vectors(1)[:, :8], 2 * vectors(1), np.full((1, D), np.nan, np.float32), np.zeros((0, D), np.float32)]
)
def test_what_is_no_embedding_is_refused(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        Gallery(None, MODEL, D).add("Ann", [], rows, NOW)


def test_who_is_known_can_be_seen_and_deleted_without_a_model(tmp_path: Path) -> None:
    ann = Gallery(tmp_path, MODEL, D).add("Ann", [], vectors(2), NOW)
    plain = Gallery(tmp_path)
    assert (plain.profiles, plain.problems) == ((ann,), ())
    plain.remove(ann.id)
    assert Gallery(tmp_path, MODEL, D).profiles == ()


def test_a_name_that_is_no_text_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    gallery, vector = Gallery(tmp_path, "a network", 2), np.array([[1.0, 0.0]], np.float32)
    with pytest.raises(ValueError, match="name"):
        gallery.add("half \ud83d", [], vector, 0.0)
    assert gallery.add("Ann", [], vector, 0.0).samples == 1
