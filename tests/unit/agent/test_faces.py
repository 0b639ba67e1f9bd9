"""Faces through the real tracker, gallery and processes; only the networks are told what to see."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
import pytest
from tests.unit.agent.face_scene import ANN, BOB, EVE, FACE, GROUP, STANDS, D, Seen, events, records, scene
from tests.unit.agent.scene import standing

from omni.agent.map_view import _sightings
from omni.errors import StateError
from omni.faces import Gallery
from omni.faces.watch import LONE_FROM


def test_somebody_known_is_matched_at_once_with_profile_groups_and_an_event(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
    told.play()
    [match] = [m for m in told.told if m.reason == "match"]
    begin = next(m for m in told.told if m.reason == "begin")
    assert match.timestamp - begin.timestamp <= 0.5
    human, body, face = match.processes
    assert human["object"]["groups"] == [GROUP]
    profile = human["object"]["profile"]
    assert (profile["id"], profile["distance"], profile["far"]) == (gallery.profiles[0].id, 0.0, 0.0)
    assert profile["score"] > 0.99
    assert body["parent"] == face["parent"] == human["id"]
    [event] = match.events
    assert (event["type"], event["parents"][0]["id"]) == ("identification", human["id"])
    assert [p["id"] for p in event["profiles"]] == [gallery.profiles[0].id]
    [human] = records(told, "human")
    assert human["finalized"]
    assert human["object"]["profile"]["id"] == gallery.profiles[0].id
    [face] = records(told, "face")
    assert face["finalized"]


def test_a_stranger_is_told_as_unknown_once_and_costs_few_embeddings(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, EVE)], lambda _: STANDS, gallery, frames=200)
    told.play()
    assert events(told) == ["non_identification"]
    assert "profile" not in records(told, "human")[0]["object"]
    assert told.pipeline.face_counts["embedded"] <= 5 + 20 / 0.5


def test_somebody_known_costs_no_more_once_matched(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery, frames=200)
    told.play()
    assert told.pipeline.face_counts["embedded"] <= 5


def test_a_stranger_who_leaves_early_is_told_as_unknown_when_leaving(gallery: Gallery) -> None:
    told = scene(lambda i: [(*FACE, EVE)] if i < 8 else [], lambda i: STANDS if i < 8 else [], gallery)
    told.play()
    assert events(told) == ["non_identification"]


def test_who_is_not_seen_well_enough_is_not_told_as_unknown(gallery: Gallery) -> None:
    told = scene(lambda i: [(*FACE, EVE)] if i < 3 else [], lambda _: STANDS, gallery)
    told.play()
    assert events(told) == []


def test_a_face_without_a_body_makes_a_person(gallery: Gallery) -> None:
    told = scene(lambda i: [(100.0 + i, 100.0, ANN)], lambda _: [], gallery)
    told.play()
    [human], [face] = records(told, "human"), records(told, "face")
    assert face["parent"] == human["id"]
    assert human["object"]["profile"]["id"] == gallery.profiles[0].id
    assert human["omni"]["track_id"] > LONE_FROM
    assert records(told, "body") == []


@pytest.mark.parametrize(("other", "known"), [(BOB, True), (EVE, False)])
def test_a_name_does_not_stay_with_a_track_that_went_over_to_somebody_else(
    gallery: Gallery, other: np.ndarray, known: bool
) -> None:
    bob = gallery.add("Bob", [], BOB[None], 0.0).id

    def faces(i: int) -> Seen:
        return [] if 15 <= i < 21 else [(*FACE, ANN if i < 15 else other)]

    told = scene(faces, lambda _: STANDS, gallery, frames=60)
    told.play()
    [human] = records(told, "human")
    assert human["object"].get("profile", {}).get("id") == (bob if known else None)
    assert events(told) == ["identification", "identification" if known else "non_identification"]
    changes = [m.timestamp - 1e9 for m in told.told if m.reason == "match"]
    assert changes[1] <= 2.1 + 1.0


def test_who_looks_away_for_a_while_keeps_the_name(gallery: Gallery) -> None:
    told = scene(lambda i: [] if 15 <= i < 21 else [(*FACE, ANN)], lambda _: STANDS, gallery, frames=60)
    told.play()
    assert events(told) == ["identification"]
    assert [m.reason for m in told.told].count("match") == 1
    assert told.pipeline.face_counts["embedded"] == 10


def test_two_people_keep_their_own_faces_when_they_pass(gallery: Gallery) -> None:
    gallery.add("Bob", [], BOB[None], 0.0)

    def bodies(i: int) -> Any:
        return [standing(80 + 4 * i, 230, 180), standing(240 - 4 * i, 232, 176)]

    def faces(i: int) -> Seen:
        return [(80.0 + 4 * i, 68.0, ANN), (240.0 - 4 * i, 74.0, BOB)] if not 12 <= i <= 28 else []

    told = scene(faces, bodies, gallery, frames=40)
    told.play()
    assert sorted(events(told)) == ["identification", "identification"]
    assert len({h["object"]["profile"]["id"] for h in records(told, "human") if "profile" in h["object"]}) == 2


def test_a_profile_added_or_removed_during_a_track_counts_at_once(gallery: Gallery) -> None:
    late: list[str] = []

    def faces(i: int) -> Seen:
        if i == 15:
            late.append(gallery.add("Eve", [], EVE[None], 0.0).id)
        if i == 25:
            gallery.remove(late[0])
        return [(*FACE, EVE)]

    told = scene(faces, lambda _: STANDS, gallery, frames=40)
    told.play()
    matches = [(round(m.timestamp - 1e9, 1), m.processes[0]["object"].get("profile", {}).get("id"), len(m.events))
               for m in told.told if m.reason == "match"]  # fmt: skip
    assert matches == [(1.1, None, 1), (1.5, late[0], 1), (2.5, None, 0)]
    [human] = records(told, "human")
    assert "profile" not in human["object"]
    assert "groups" not in human["object"]


def test_one_profile_is_one_person_in_view_the_nearer(gallery: Gallery) -> None:
    like = (0.95 * ANN + np.sqrt(1 - 0.95**2) * EVE).astype(np.float32)  # 0.32 away from Ann
    told = scene(
        lambda i: [(80.0, 68.0, like)] + ([(240.0, 68.0, ANN)] if i > 15 else []),
        lambda _: [standing(80, 230, 180), standing(240, 230, 180)],
        gallery,
    )
    told.play()
    left, right = sorted(records(told, "human"), key=lambda h: h["omni"]["bbox"])
    assert "profile" not in left["object"]
    assert right["object"]["profile"]["id"] == gallery.profiles[0].id


def test_who_comes_back_while_a_nearer_one_has_the_profile_loses_it(gallery: Gallery) -> None:
    like = (0.95 * ANN + np.sqrt(1 - 0.95**2) * EVE).astype(np.float32)

    def faces(i: int) -> Seen:
        left: Seen = [(80.0, 68.0, like)] if not 15 <= i < 35 else []
        return left + ([(240.0, 68.0, ANN)] if i >= 15 else [])

    told = scene(faces, lambda _: [standing(80, 230, 180), standing(240, 230, 180)], gallery, frames=60)
    told.play()
    left, right = sorted(records(told, "human"), key=lambda h: h["omni"]["bbox"])
    assert "profile" not in left["object"]
    assert right["object"]["profile"]["id"] == gallery.profiles[0].id
    assert events(told) == ["identification", "identification", "non_identification"]
    assert told.pipeline.face_counts["withdrawn"] == 1


def test_a_change_of_the_gallery_while_a_frame_is_matched_is_noticed_with_the_next() -> None:
    """Streams share the gallery: another one takes a change in at any moment."""

    class Shared(Gallery):
        due = False

        @property
        def generation(self) -> int:
            read = super().generation
            if self.due:
                self.due = False
                self.remove(self.profiles[0].id)
            return read

    shared = Shared(None, "net", D)
    shared.add("Ann", [GROUP], ANN[None], 0.0)

    def faces(i: int) -> Seen:
        shared.due = i == 20
        return [(*FACE, ANN)]

    told = scene(faces, lambda _: STANDS, shared)
    told.play()
    assert told.pipeline.face_counts["withdrawn"] == 1
    [human] = records(told, "human")
    assert "profile" not in human["object"]


def test_the_same_person_in_two_cameras_is_matched_in_both(gallery: Gallery) -> None:
    for _ in range(2):
        told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
        told.play()
        assert events(told) == ["identification"]


def test_no_picture_of_a_face_and_no_vector_is_in_anything_told_or_logged(
    gallery: Gallery, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
        told.play()
    assert all(m.best_shots == {} for m in told.told)
    text = repr([(m.processes, m.events) for m in told.told]) + caplog.text
    assert "embedding" not in text
    assert "array(" not in text
    assert "Ann" not in text
    latest = told.pipeline.latest
    assert latest is not None
    assert any(x1 <= 140 and y1 <= 42 and x2 >= 180 for x1, y1, x2, _ in latest.bodies.tolist())


def test_pictures_of_faces_go_along_only_where_they_may(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery, pictures=True)
    told.play()
    end = next(m for m in told.told if m.reason == "end")
    face = next(p for p in end.processes if p["object"]["class"] == "face")
    assert end.best_shots[face["id"]].shape == (52, 40, 3)


def test_a_body_that_comes_into_view_joins_the_person_of_the_face(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda i: STANDS if i >= 15 else [], gallery)
    told.play()
    [human], [body], [face] = records(told, "human"), records(told, "body"), records(told, "face")
    assert body["parent"] == face["parent"] == human["id"]
    assert human["frame_interval"] == [0, 39]
    assert body["frame_interval"] == [15, 39]
    assert events(told) == ["identification"]
    begins = [[p["object"]["class"] for p in m.processes] for m in told.told if m.reason == "begin"]
    assert begins == [["human", "face"], ["human", "body", "face"]]


def test_who_comes_so_near_that_only_the_face_is_seen_stays_one_person(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda i: STANDS if i < 15 else [], gallery, frames=150)
    told.play()
    [human], [body], [face] = records(told, "human"), records(told, "body"), records(told, "face")
    assert human["frame_interval"][1] == face["frame_interval"][1] == 149
    assert body["frame_interval"][1] == 14
    assert body["finalized"]
    assert human["omni"]["end_reason"] == "end_of_file"


def test_a_body_elsewhere_is_somebody_else(gallery: Gallery) -> None:
    told = scene(lambda _: [(60.0, 68.0, ANN)], lambda i: [standing(250, 230, 180)] if i >= 15 else [], gallery)
    told.play()
    assert len(records(told, "human")) == 2


def test_a_face_alone_is_in_regions_by_its_middle_and_begins_anew_by_the_feet(gallery: Gallery) -> None:
    def square(name: str, top: float) -> dict[str, Any]:
        points = [{"x": x, "y": y} for x, y in ((0.3, top), (0.7, top), (0.7, top + 0.2), (0.3, top + 0.2))]
        return {"name": name, "uuid": f"{int(top * 10):08d}-0a51-4f5c-9f7a-1f0d2c3b4a59", "points": points}

    told = scene(
        lambda _: [(*FACE, ANN)],
        lambda i: STANDS if i >= 20 else [],
        gallery,
        regions=[square("heads", 0.2), square("floor", 0.8)],
    )
    told.play()
    stays = [r for r in told.records().values() if r["type"] == "action"]
    assert [(s["roi"]["name"], s["finalized"]) for s in stays] == [("heads", True), ("floor", True)]
    assert len({s["parent"] for s in stays}) == 1
    assert stays[0]["frame_interval"][1] <= 21
    latest = told.pipeline.latest
    assert latest is not None
    assert len(latest.tracks) == 1


def test_a_face_alone_is_drawn_and_not_on_the_map(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: [], gallery)
    told.play()
    latest = told.pipeline.latest
    assert latest is not None
    assert latest.tracks.xyxy.round().tolist() == [[140.0, 42.0, 180.0, 94.0]]
    assert len(latest.object_uuid) == 1
    assert len(_sightings(latest)) == 0


def test_no_more_pictures_a_second_are_searched_or_shown_than_wanted(gallery: Gallery) -> None:
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery, frames=120, fps=24.0, max_fps=10.0)
    told.play()
    counts = told.pipeline.face_counts
    assert counts["searched"] in (50, 51)
    assert events(told) == ["identification"]
    latest = told.pipeline.latest
    assert latest is not None
    assert any(x1 <= 140 and y1 <= 42 and x2 >= 180 for x1, y1, x2, _ in latest.bodies.tolist())
    assert told.pipeline.position == (pytest.approx(1e9 + 119 / 24), 119, pytest.approx(1e9 + 119 / 24))
    [human], [face] = records(told, "human"), records(told, "face")
    assert human["frame_interval"] == [0, 119]
    assert face["frame_interval"][1] >= 116


def test_two_profiles_of_one_person_are_both_in_the_event_and_the_nearer_is_told(gallery: Gallery) -> None:
    like = (0.999 * ANN + np.sqrt(1 - 0.999**2) * EVE).astype(np.float32)
    other = gallery.add("Ann too", [], like[None], 0.0)
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
    told.play()
    [event] = [event for message in told.told for event in message.events]
    nearest = next(profile for profile in gallery.profiles if profile.id != other.id)
    assert [p["id"] for p in event["profiles"]] == [nearest.id, other.id]
    assert records(told, "human")[0]["object"]["profile"]["id"] == nearest.id


def test_a_head_that_jerks_stays_one_person(gallery: Gallery) -> None:
    told = scene(lambda i: [(160.0, 100.0 if i < 20 else 72.0, ANN)], lambda _: [], gallery)
    told.play()
    [human] = records(told, "human")
    assert human["frame_interval"] == [0, 39]
    elsewhere = scene(lambda i: [(60.0 if i < 20 else 250.0, 100.0, ANN)], lambda _: [], gallery)
    elsewhere.play()
    assert len(records(elsewhere, "human")) == 2


def test_a_gallery_that_cannot_be_brought_up_to_date_is_told_once_and_stops_nobody(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuses(_: float) -> None:
        raise StateError("faces.sqlite: database or disk is full")

    monkeypatch.setattr(gallery, "refresh", refuses)
    told = scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery)
    told.play()
    assert events(told) == ["identification"]
    assert [record.getMessage() for record in caplog.records] == [
        "faces: the gallery is not brought up to date: faces.sqlite: database or disk is full"
    ]


def test_what_is_kept_for_too_long_is_deleted_while_the_camera_is_away(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(gallery, "refresh", asked.append)
    away = scene(lambda _: [], lambda _: STANDS, gallery)
    monkeypatch.setattr(type(away), "__iter__", lambda _: iter([None, None]))  # no picture comes
    away.play()
    assert len(asked) >= 2


def test_what_is_kept_for_too_long_is_so_by_the_machines_clock_not_the_frames(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``omni replay --started-at`` in years to come emptied the gallery."""
    asked: list[float] = []
    monkeypatch.setattr(gallery, "refresh", asked.append)
    scene(lambda _: [(*FACE, ANN)], lambda _: STANDS, gallery).play()  # of the year 2001
    assert all(abs(now - time.time()) < 600 for now in asked)
    assert asked
