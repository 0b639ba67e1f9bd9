"""Who is one person with whom: the joining of bodies and faces, scene by scene."""

from __future__ import annotations

import numpy as np

from omni.faces.people import People
from omni.types import CONFIRMED, Tracks

A, B, FACE = 1, 2, 1000
"""Tracks: of two bodies, and of a face without one."""

Box = tuple[float, float, float, float]


def body(x: float, height: float = 180.0) -> Box:
    return (x - 0.19 * height, 100.0, x + 0.19 * height, 100.0 + height)


def face(x: float, y: float = 115.0) -> Box:
    return (x - 12.0, y - 15.0, x + 12.0, y + 15.0)


def tracks(at: float, boxes: dict[int, Box]) -> Tracks:
    n = len(boxes)
    return Tracks(
        at,
        np.array([*boxes], np.int64),
        np.array([*boxes.values()], np.float32).reshape(-1, 4),
        np.full(n, 0.9, np.float32),
        np.zeros(n, np.int32),
        np.full(n, CONFIRMED, np.uint8),
        np.arange(n, dtype=np.int32),
        np.zeros(n),
    )


class Street:
    """Shows one frame after the other, ten a second."""

    def __init__(self) -> None:
        self._people, self._at = People(), 0.0

    def shows(
        self,
        bodies: dict[int, Box] = {},  # noqa: B006
        *,
        own: dict[int, Box] = {},  # noqa: B006
        alone: dict[int, Box] = {},  # noqa: B006
        gone: tuple[int, ...] = (),
        after: float = 0.1,
    ) -> tuple[list[int], list[int]]:
        """The numbers of those in view, and of those who are gone."""
        self._at += after
        own_faces = {track: np.array(box, np.float32) for track, box in own.items()}
        bodies_gone, faces_gone = [i for i in gone if i < FACE], [i for i in gone if i >= FACE]
        people, ended = self._people.update(
            tracks(self._at, bodies), bodies_gone, own_faces, tracks(self._at, alone), faces_gone
        )
        return people.track_id.tolist(), ended


def test_a_face_that_was_there_before_the_body_is_its_person() -> None:
    street = Street()
    assert street.shows(alone={FACE: face(200)}) == ([FACE], [])
    assert street.shows({A: body(200)}, own={A: face(202)}) == ([FACE], [])
    assert street.shows({A: body(205)}, gone=(FACE,)) == ([FACE], [])
    assert street.shows(gone=(A,)) == ([], [FACE])


def test_a_body_found_in_a_picture_in_which_no_faces_were_looked_for_is_joined_by_its_place() -> None:
    street = Street()
    street.shows(alone={FACE: face(200)})
    assert street.shows({A: body(203)})[0] == [FACE]


def test_who_passes_behind_a_face_with_a_face_of_their_own_is_somebody_else() -> None:
    street = Street()
    street.shows(alone={FACE: face(200)})
    assert street.shows({B: body(215)}, own={B: face(232)}, alone={FACE: face(200)})[0] == [B, FACE]


def test_a_face_at_the_edge_of_a_head_is_not_taken_for_its_own() -> None:
    street = Street()
    street.shows(alone={FACE: face(200)})
    assert street.shows({B: body(225)}, own={B: face(201)})[0] == [B]


def test_of_two_bodies_that_come_at_once_the_face_joins_the_one_in_whose_head_it_is() -> None:
    street = Street()
    street.shows(alone={FACE: face(200)})
    assert street.shows({A: body(240), B: body(195)})[0] == [A, FACE]


def test_a_body_that_is_lost_while_its_face_goes_on_stays_one_person_also_beside_another_who_is_lost() -> None:
    street = Street()
    street.shows({A: body(200), B: body(230)}, own={A: face(200), B: face(230)})
    assert street.shows(alone={FACE: face(203)})[0] == [A]
    assert street.shows(alone={FACE: face(206), FACE + 1: face(231)})[0] == [A, B]
    assert street.shows(gone=(A, B))[1] == []
    assert street.shows(gone=(FACE, FACE + 1), after=2.0)[1] == [A, B]


def test_a_face_where_somebody_was_whose_face_is_elsewhere_is_somebody_new() -> None:
    street = Street()
    street.shows({A: body(200)}, own={A: face(200)})
    street.shows({A: body(240)}, own={A: face(240)})
    assert street.shows(alone={FACE: face(200)})[0] == [FACE]


def test_a_lost_body_whose_face_was_never_seen_is_known_again_by_its_place() -> None:
    street = Street()
    street.shows({A: body(200)})
    assert street.shows(alone={FACE: face(203)})[0] == [A]


def test_people_who_are_in_view_are_nobody_else() -> None:
    street = Street()
    street.shows({A: body(200)}, own={A: face(200)})
    assert street.shows({A: body(200), B: body(208)}, own={B: face(201)})[0] == [A, B]
    assert street.shows({A: body(200), B: body(208)}, alone={FACE: face(203)})[0] == [A, B, FACE]
