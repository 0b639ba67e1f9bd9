from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tests.unit.agent.scene import STREAM, Scene, standing

from omni.agent.flow import FlowMap
from omni.agent.map_view import MapView
from omni.config import ViewConfig
from omni.errors import CalibrationError
from omni.types import FACE_CLASS, Detections, Frame, FrameResult, Tracks

A = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
B = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"
CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def view(**more: Any) -> ViewConfig:
    """Both cameras look straight down on 10 x 10 metres; B is turned by half a turn."""
    cameras = [
        {"stream_uuid": A, "points": [{"image": c, "map": [c[0] * 500, c[1] * 500]} for c in CORNERS]},
        {"stream_uuid": B, "points": [{"image": c, "map": [500 - c[0] * 500, 500 - c[1] * 500]} for c in CORNERS]},
    ]
    return ViewConfig.model_validate({"metres_per_unit": 0.02, "cameras": cameras, **more})


def result(stream: str, index: int, foot: tuple[float, float], size: tuple[int, int] = (640, 480)) -> FrameResult:
    """One person whose foot stands at a relative place of the picture."""
    width, height = size
    x, y = foot[0] * width, foot[1] * height
    found = Detections(
        np.array([[x - 10, y - 60, x + 10, y]], np.float32),
        np.array([0.8 if stream == A else 0.6], np.float32),
        np.zeros(1, np.int32),
    )
    tracks = Tracks.of(found, np.array([3 if stream == A else 9]), index / 10)
    image = np.zeros((height, width, 3), np.uint8)
    frame = Frame(stream, index, 1000 + index / 10, index / 10, image)
    return FrameResult(frame, tracks, ("uuid-" + stream[:2],), {}, found.xyxy, found)


def untracked(seen: FrameResult) -> FrameResult:
    """The same before the tracker is sure of anybody."""
    return replace(seen, tracks=seen.tracks.where(np.zeros(1, bool)), object_uuid=())


def nobody(seen: FrameResult) -> FrameResult:
    """The same of an empty picture."""
    return replace(untracked(seen), detections=Detections.empty())


def run(frames: int) -> MapView:
    site = MapView(view(), [A, B], [])
    for i in range(frames):
        u = 0.3 + 0.01 * i
        site.receive(result(A, i, (u, 0.5)))
        site.receive(result(B, i, (1 - u, 0.5), (320, 240)))
    return site


def test_two_cameras_see_one_person_on_the_map() -> None:
    document = run(20).tick.document
    [person] = document["objects"]
    assert set(person["source_objects"]) == {A, B}
    assert person["bbox"] == pytest.approx([500 * 0.49, 250], abs=10)
    assert person["omni"]["position_m"] == pytest.approx([4.9, 5.0], abs=0.2)
    assert person["omni"]["velocity_m_s"] == pytest.approx([1.0, 0.0], abs=0.4)
    assert person["score"] == pytest.approx(0.7, abs=0.01)
    assert person["class"] == "body"


def test_who_is_not_tracked_yet_stands_on_the_map_and_has_no_source_to_tell_of() -> None:
    site = MapView(view(), [A, B], [])
    for i in range(20):
        site.receive(untracked(result(A, i, (0.3, 0.5))))
        site.receive(result(B, i, (0.7, 0.5), (320, 240)))
    [person] = site.tick.document["objects"]
    assert person["bbox"] == pytest.approx([150, 250], abs=10)
    assert set(person["source_objects"]) == {B}
    assert person["score"] == person["source_objects"][B]["score"] == 0.6  # the mean of the sources, as they are told


def test_the_track_of_a_face_is_no_body_s() -> None:
    site = MapView(view(cameras=view().model_dump()["cameras"][:1]), [A], [])
    for i in range(20):
        seen = result(A, i, (0.3, 0.5))
        faces = replace(seen.tracks, class_id=np.array([FACE_CLASS], np.int32))
        site.receive(replace(seen, tracks=faces))
    assert [person["source_objects"] for person in site.tick.document["objects"]] == [{}]


def test_a_late_frame_is_used_and_one_too_late_is_counted() -> None:
    site = MapView(view(), [], [A, B])
    for i in range(20):
        site.receive(result(A, i, (0.3, 0.5)))
    assert set(site.tick.document["objects"][0]["source_objects"]) == {A}
    site.receive(result(B, 19, (0.7, 0.5)))
    assert set(site.tick.document["objects"][0]["source_objects"]) == {A, B}
    assert site.stats()["dropped_frames"] == {A: 0, B: 0}
    for i in range(20, 40):
        site.receive(result(A, i, (0.3, 0.5)))
    before = site.tick.document["objects"]
    site.receive(result(B, 20, (0.7, 0.5)))
    assert site.tick.document["objects"] == before
    assert site.stats()["dropped_frames"] == {A: 0, B: 1}


def test_the_document_is_as_the_protocol_says() -> None:
    document = run(20).tick.document
    assert set(document) == {"view_name", "camera_frames_data", "objects"}
    assert document["camera_frames_data"][A] == {
        "frame_index": 19,
        "timestamp_microsec": 1_001_900_000,
        "timestamp_millisec": 1_001_900,
        "video_timestamp": 1900,
    }
    [person] = document["objects"]
    assert set(person) == {"bbox", "class", "id", "score", "source_objects", "omni"}  # what is ours is in one member
    assert (len(person["bbox"]), person["class"], type(person["id"])) == (2, "body", int)
    source = person["source_objects"][A]
    assert set(source) == {"id", "class", "score", "bbox", "object_id"}
    assert (source["id"], source["object_id"]) == (3, "uuid-7c")
    assert all(0 <= v <= 1 for v in source["bbox"])
    json.dumps(document, allow_nan=False)


def test_each_update_is_a_new_tick_and_old_documents_stay() -> None:
    site = MapView(view(), [A, B], [])
    before = site.tick
    for stream in (A, B):
        site.receive(result(stream, 0, (0.5, 0.5)))
    assert (before.sequence, site.tick.sequence) == (0, 1)
    assert before.document["objects"] == []


def test_a_picture_that_changes_its_size_keeps_the_person() -> None:
    site = MapView(view(cameras=view().model_dump()["cameras"][:1]), [A], [])
    for i in range(20):
        site.receive(result(A, i, (0.5, 0.5), (640, 480) if i < 10 else (1280, 960)))
    [person] = site.tick.document["objects"]
    assert (person["id"], site.objects_seen) == (1, 1)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([{"image": (v, v), "map": (v, v)} for v in (0.0, 0.2, 0.5, 1.0)], "on one line"),
        ([{"image": (x, y), "map": (x, y)} for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))], "at least 4"),
        ([], "at least 4"),
    ],
)
def test_points_that_give_no_map_are_refused_with_the_reason(points: list[Any], why: str) -> None:
    cameras = view().model_dump()["cameras"]
    cameras[0]["points"] = points
    with pytest.raises(CalibrationError, match=f"'top_view', camera {A}.*{why}"):
        MapView(view(cameras=cameras), [A, B], [])


def test_a_distortion_without_its_matrix_is_refused_with_the_reason() -> None:
    cameras = view().model_dump()["cameras"]
    cameras[0]["distortion"] = (0.1, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(CalibrationError, match=f"'top_view', camera {A}.*camera_matrix"):
        MapView(view(cameras=cameras), [A, B], [])


@pytest.mark.parametrize("metres", [float("inf"), 1e300])
def test_the_unit_of_a_map_has_a_bound(metres: float) -> None:
    with pytest.raises(ValidationError, match=r"less than or equal to 1000000|finite number"):
        view(metres_per_unit=metres)


def with_area(area: list[list[float]]) -> ViewConfig:
    """A tells of what is left of a line only, or whatever the area is."""
    cameras = view().model_dump()["cameras"]
    cameras[0]["visible_area"] = area
    return view(cameras=cameras)


LEFT = [[0.0, 0.0], [250.0, 0.0], [250.0, 500.0], [0.0, 500.0]]


def test_a_camera_places_nobody_outside_of_its_visible_area() -> None:
    site = MapView(with_area(LEFT), [A, B], [])
    sources = []
    for i in range(40):
        u = 0.3 + 0.01 * i  # from 150 to 345 map units, and A has them in its picture all the way
        site.receive(result(A, i, (u, 0.5)))
        site.receive(result(B, i, (1 - u, 0.5)))
        sources += [(u, set(person["source_objects"])) for person in site.tick.document["objects"]]
    assert site.objects_seen == 1
    assert all(seen == ({A, B} if u < 0.5 else {B}) for u, seen in sources if u != 0.5)
    assert len(sources) > 35
    assert np.array(site.footprints[A]).max(0).tolist() == pytest.approx([250, 500], abs=32)
    assert np.array(site.footprints[B]).max(0).tolist() == [500, 500]


def test_what_only_a_reflection_shows_is_nobody() -> None:
    site = MapView(with_area(LEFT), [A, B], [])
    for i in range(20):
        site.receive(result(A, i, (0.8, 0.5)))
        site.receive(nobody(result(B, i, (0.2, 0.5))))
    assert site.objects_seen == 0


def test_a_visible_area_that_changes_begins_the_view_anew_and_one_that_crosses_itself_is_refused() -> None:
    site = MapView(with_area(LEFT), [A, B], [])
    assert site.is_for(with_area(LEFT), [A, B], [])
    assert not site.is_for(view(), [A, B], [])
    with pytest.raises(CalibrationError, match=f"^view 'top_view', camera {A}: visible_area: .*got edges 0-1 and 2-3"):
        MapView(with_area([LEFT[0], LEFT[2], LEFT[1], LEFT[3]]), [A, B], [], site)


def test_a_camera_that_does_not_run_is_not_waited_for() -> None:
    site = MapView(view(), [A], [])
    for i in range(20):
        site.receive(result(A, i, (0.5, 0.5)))
    assert list(site.tick.document["camera_frames_data"]) == [A]
    assert site.objects_seen == 1
    assert site.is_for(view(), [A], [])
    assert not site.is_for(view(), [A, B], []), "it runs again: the view begins anew"
    assert not site.is_for(view(), [A], [B])


def test_a_camera_that_is_away_is_not_waited_for_whoever_was_in_view() -> None:
    site = MapView(view(), [], [STREAM, B])

    class Away(Scene):
        def __iter__(self) -> Iterator[Any]:
            self.pipeline._condition.set("backoff", "unreachable", "nothing listens at its port")
            yield None
            for i in range(3):
                site.receive(result(B, i, (0.5, 0.5)))
                ticks.append(site.tick.sequence)

    ticks: list[int] = []
    Away(lambda _: [], 0, views=[site]).play()
    assert ticks == [1, 2, 3]


def test_while_no_camera_sees_nobody_is_shown() -> None:
    """Who was there when the last one went is no more told to be there, also not for the hours that it may take."""
    site = MapView(view(), [], [A, B])
    for i in range(20):
        site.receive(result(A, i, (0.3, 0.5)))
        site.receive(result(B, i, (0.7, 0.5)))
    [person] = site.tick.document["objects"]
    site.stream_down(A)
    assert [o["id"] for o in site.tick.document["objects"]] == [person["id"]], "the other camera sees on"
    site.stream_down(B)
    gone = site.tick
    assert gone.document["objects"] == []
    assert set(gone.document["camera_frames_data"]) == {A, B}, "how old that is, they say"
    site.stream_down(B)
    assert site.tick is gone, "told once"
    for i in range(20, 30):
        site.receive(result(B, i, (0.7, 0.5)))
    assert [set(o["source_objects"]) for o in site.tick.document["objects"]] == [{B}]


def test_a_file_far_ahead_is_held_back_until_the_other_catches_up() -> None:
    site, stop, gone_on = MapView(view(), [A, B], []), threading.Event(), threading.Event()
    for i in range(70):
        site.receive(result(A, i, (0.5, 0.5)))
    waiting = threading.Thread(target=lambda: (site.wait_for_room(A, stop), gone_on.set()))
    waiting.start()
    assert not gone_on.wait(0.1)
    for i in range(20):
        site.receive(result(B, i, (0.5, 0.5)))
    assert gone_on.wait(60)
    waiting.join()


def test_the_map_knows_what_its_cameras_cover_and_where_people_were() -> None:
    site = run(20)
    assert set(site.footprints) == {A, B}
    corners = np.array(site.footprints[A])
    assert (corners.min(0).tolist(), corners.max(0).tolist()) == ([0, 0], [500, 500])
    flow = site.flow(3600)
    assert flow["cell"] == 25.0
    assert sum(cell["seconds"] for cell in flow["cells"]) == pytest.approx(1.9, abs=0.4)
    assert sum(cell["dx"] for cell in flow["cells"]) > 50


def test_people_are_told_of_with_where_they_stand_on_the_maps_of_their_camera() -> None:
    """By this camera alone, so that the same frames give the same records whatever other cameras see."""
    camera = {"stream_uuid": STREAM, "points": [{"image": c, "map": [c[0] * 500, c[1] * 500]} for c in CORNERS]}
    west = {**camera, "visible_area": [[0, 0], [251, 0], [251, 500], [0, 500]]}
    maps = [
        MapView(ViewConfig.model_validate({"name": name, "metres_per_unit": 0.02, "cameras": [of]}), [STREAM], [])
        for name, of in (("whole", camera), ("west", west))
    ]
    scene = Scene(lambda i: [standing(60 + 2 * i, 120)], 100, views=maps)
    told = [process for message in scene.play() for process in message.processes]
    humans = [process for process in told if process["object"]["class"] == "human"]
    assert len(humans) > 5
    for human in humans:
        x1, _, x2, y2 = human["omni"]["bbox"]
        place = pytest.approx([250 * (x1 + x2), 500 * y2], abs=0.01)
        in_the_west = 250 * (x1 + x2) < 251
        assert human["omni"]["map"] == {"whole": place} | ({"west": place} if in_the_west else {})
    assert {len(human["omni"]["map"]) for human in humans} == {1, 2}
    assert all("map" not in process["omni"] for process in told if process["object"]["class"] == "body")
    [person] = maps[0].tick.document["objects"]
    assert np.hypot(*np.subtract(person["bbox"], humans[-1]["omni"]["map"]["whole"])) < 10


def with_lens(stream: str, nearest: float, principal: tuple[float, float]) -> dict[str, Any]:
    """A lens whose inverse ends 703 pixels from its axis; points that come so near to the picture's corners."""
    return {
        "stream_uuid": stream,
        "points": [
            {"image": [abs(nearest - c[0]), abs(nearest - c[1])], "map": [c[0] * 500, c[1] * 500]} for c in CORNERS
        ],
        "camera_matrix": [[1000, 0, principal[0]], [0, 1000, principal[1]], [0, 0, 1]],
        "distortion": [-0.3, 0, 0, 0, 0],
    }


def test_a_lens_is_judged_by_the_size_of_the_pictures_and_no_other() -> None:
    site = MapView(view(cameras=[with_lens(A, 0.4, (960, 540)), with_lens(B, 0.0, (400, 300))]), [A, B], [])
    assert [site.places(stream, (1920, 1080)) for stream in (A, B)] == [True, False]
    assert "no inverse" in site.problems[B]
    for i in range(5):
        site.receive(result(A, i, (0.5, 0.5), (1920, 1080)))  # B is not waited for
    assert site.tick.sequence == 5
    assert site.places(B, (800, 600))
    assert site.problems == {}


def test_a_camera_whose_lens_does_not_fit_its_pictures_is_watched_all_the_same() -> None:
    site = MapView(ViewConfig.model_validate({"cameras": [with_lens(STREAM, 0.0, (-600, 0))]}), [STREAM], [])
    told = Scene(lambda _: [standing(160, 200)], 20, views=[site]).play()
    assert [message.reason for message in told if message.reason != "ongoing"] == ["begin", "end"]
    assert list(site.problems) == [STREAM]
    assert site.tick.document["objects"] == []


def moved(seen: FrameResult, seconds: float) -> FrameResult:
    """The same at another time."""
    return replace(seen, frame=replace(seen.frame, timestamp=seen.frame.timestamp + seconds))


def test_a_clock_that_is_set_back_empties_the_map_and_it_goes_on() -> None:
    site = MapView(view(), [], [A, B])
    for i in range(20):
        for stream, foot in ((A, (0.5, 0.5)), (B, (0.5, 0.5))):
            site.receive(result(stream, i, foot))
    [before] = site.tick.document["objects"]
    sequence, seen = site.tick.sequence, site.objects_seen
    for i in range(20, 40):
        site.receive(moved(result(A, i, (0.5, 0.5)), -86_400))
        late = 0 if i == 20 else -86_400  # one of B still comes with the old time
        site.receive(moved(result(B, i, (0.5, 0.5)), late))
    [after] = site.tick.document["objects"]
    assert set(after["source_objects"]) == {A, B}
    assert after["id"] > before["id"]
    assert site.objects_seen > seen
    assert site.tick.sequence > sequence + 15
    data = site.tick.document["camera_frames_data"]
    assert {d["timestamp_millisec"] for d in data.values()} == {round((1003.9 - 86_400) * 1000)}
    assert site.flow(3600)["cells"] != []


def test_a_camera_lost_just_when_the_clock_is_set_back_does_not_stop_the_map() -> None:
    site = MapView(view(), [], [A, B])
    for i in range(10):
        for stream in (A, B):
            site.receive(result(stream, i, (0.5, 0.5)))
    site.receive(moved(result(A, 10, (0.5, 0.5)), -600))
    site.receive(result(B, 10, (0.5, 0.5)))
    site.stream_down(B)
    for i in range(11, 30):
        site.receive(moved(result(A, i, (0.5, 0.5)), -600))
    [person] = site.tick.document["objects"]
    assert set(person["source_objects"]) == {A}
    assert site.tick.document["camera_frames_data"][A]["frame_index"] == 29


def test_frames_do_not_wait_for_whoever_looks_at_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    site = MapView(view(), [A, B], [])
    free: list[bool] = []

    def read(*_: Any) -> dict[str, Any]:
        frames = threading.Thread(target=lambda: free.append(site._changed.acquire(blocking=False)))
        frames.start()
        frames.join()
        return {}

    monkeypatch.setattr(FlowMap, "document", read)
    site.flow(3600)
    assert free == [True]
