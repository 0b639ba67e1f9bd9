"""Point pairs and floor plans over HTTP."""

from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from tests.service.conftest import OTHER, UUID, Site
from tests.unit.delivery.conftest import eventually

from omni.service.plans import read_plan


def pairs(*wrong: tuple[int, list[float]]) -> dict[str, Any]:
    """A camera that looks straight down on 10 x 10 metres of a plan in centimetres."""
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75), (0.8, 0.3)]
    points = [{"image": c, "map": [c[0] * 1000, c[1] * 1000]} for c in corners]
    for i, place in wrong:
        points[i]["map"] = place
    return {"stream_uuid": UUID, "points": points, "metres_per_unit": 0.01}


def test_point_pairs_are_tried_before_they_are_used(site: Site) -> None:
    eventually(lambda: site.server.app.ctx.agent.streams()[0].image_size)
    good = site.server.call("/api/v1/calibration/check", "POST", json=pairs()).document
    assert good["rms_metres"] == pytest.approx(0, abs=1e-3)
    assert np.array(good["map_from_image"]) @ [64, 48, 1] == pytest.approx([1000, 1000, 1], rel=1e-3)
    low, high = np.min(good["footprint"], 0), np.max(good["footprint"], 0)
    assert (*low, *high) == pytest.approx((0, 0, 1000, 1000), abs=1)
    assert good["grid_metres"] == 1.0
    assert len(good["grid"]) == 22  # eleven lines each way, at every metre
    assert all(-0.03 <= v <= 1.03 for line in good["grid"] for point in line for v in point)
    bad = site.server.call("/api/v1/calibration/check", "POST", json=pairs((6, [100.0, 900.0]))).document
    assert bad["used"] == [True] * 6 + [False]
    assert bad["errors"][6] > 500


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"points": [{"image": [v, v], "map": [v, v]} for v in (0.0, 0.2, 0.5, 1.0)]}, 422, "calibration-invalid"),
        ({"points": []}, 422, "calibration-invalid"),
        ({"metres_per_unit": -1}, 422, "calibration-invalid"),
        ({"metres_per_unit": 1e308}, 422, "calibration-invalid"),
        ({"stream_uuid": OTHER}, 409, "no-picture"),
    ],
)
def test_pairs_that_give_no_map_are_told_why(site: Site, change: dict[str, Any], status: int, slug: str) -> None:
    eventually(lambda: site.server.app.ctx.agent.streams()[0].image_size)
    refused = site.server.call("/api/v1/calibration/check", "POST", json={**pairs(), **change})
    assert (refused.status, refused.document["type"]) == (status, f"urn:omni:problem:{slug}")


def test_a_plan_is_uploaded_listed_and_shown(site: Site) -> None:
    png = cv2.imencode(".png", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    jpeg = cv2.imencode(".jpg", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    put = site.server.call("/api/v1/plans/floor.png", "PUT", data=png)
    assert put.document == {"name": "floor.png", "width": 40, "height": 30, "bytes": len(png)}
    assert site.server.call("/api/v1/plans/first-floor.jpg", "PUT", data=jpeg).document["width"] == 40
    names = [plan["name"] for plan in site.server.call("/api/v1/plans").document["plans"]]
    assert names == ["first-floor.jpg", "floor.png"]
    shown = site.server.call("/api/v1/plans/floor.png")
    assert (shown.headers["content-type"], shown.body) == ("image/png", png)
    known = {"if-none-match": shown.headers["etag"]}
    assert site.server.call("/api/v1/plans/floor.png", headers=known).status == 304
    site.server.call("/api/v1/plans/floor.png", "PUT", data=png + b"more")
    assert site.server.call("/api/v1/plans/floor.png", headers=known).status == 200


def test_a_plan_that_lies_on_its_side_is_told_as_it_is_shown(site: Site) -> None:
    jpeg = cv2.imencode(".jpg", np.full((30, 40, 3), 7, np.uint8))[1].tobytes()
    quarter_turn = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(quarter_turn) + 2).to_bytes(2, "big") + quarter_turn + jpeg[2:]
    put = site.server.call("/api/v1/plans/floor.jpg", "PUT", data=turned).document
    assert (put["width"], put["height"]) == (30, 40)
    plan = read_plan(site.file.parent / "floor.jpg")
    assert (plan.width, plan.height) == (30, 40)


def test_of_plans_of_one_name_that_come_at_once_one_is_kept_whole(site: Site) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (500, 700, 3), np.uint8)
    sent = [cv2.imencode(".png", noise[i:])[1].tobytes() for i in range(6)]

    async def upload() -> list[int]:
        async with aiohttp.ClientSession() as session:

            async def put(data: bytes) -> int:
                async with session.put(
                    f"{site.server.address}/api/v1/plans/floor.png", data=io.BytesIO(data)
                ) as answer:
                    return answer.status

            return await asyncio.gather(*map(put, sent))

    for _ in range(3):
        assert asyncio.run(upload()) == [200] * len(sent)
        assert (site.file.parent / "floor.png").read_bytes() in sent


def test_a_file_that_is_no_plan_hides_none_of_the_others(site: Site) -> None:
    """One whose name is not UTF-8 cannot be named, and one that holds no picture is told of."""
    folder = site.file.parent
    (folder / "plan.png").write_bytes(cv2.imencode(".png", np.zeros((3, 4, 3), np.uint8))[1].tobytes())
    (folder / "broken.png").write_bytes(b"<svg/>")
    (folder / os.fsdecode(b"pl\xffan.png")).write_bytes(b"")
    names = [plan["name"] for plan in site.server.call("/api/v1/plans").document["plans"]]
    assert names == ["broken.png", "plan.png"]
    broken = site.server.call("/api/v1/plans/broken.png")
    assert (broken.status, broken.document["type"]) == (404, "urn:omni:problem:no-plan")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("..%2Fevil.png", None),
        ("%2Ftmp%2Fevil.png", None),
        (".hidden.png", None),
        ("run_params.json", None),
        ("floor.jpg", None),  # holds a PNG
        ("floor.png", b"<svg/>"),
        ("floor.png", b""),
        ("floor.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02"),
    ],
)
def test_what_is_no_plan_is_refused(site: Site, name: str, data: bytes | None) -> None:
    body = cv2.imencode(".png", np.zeros((3, 4, 3), np.uint8))[1].tobytes() if data is None else data
    before = sorted(site.file.parent.rglob("*.png"))
    refused = site.server.call(f"/api/v1/plans/{name}", "PUT", data=body)
    assert refused.status in (404, 422)
    assert sorted(site.file.parent.rglob("*.png")) == before
