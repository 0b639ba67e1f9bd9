"""What point pairs come to, and the plans beside the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.service.fakes import DOOR, Server

CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
DOWN = [{"image": list(c), "map": [c[0] * 200, c[1] * 150]} for c in CORNERS]


def question(points: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"stream_uuid": DOOR, "points": points, "metres_per_unit": 0.05, **more}


def test_pairs_that_fit_tell_what_the_camera_covers_and_how_its_picture_shows_the_grid(server: Server) -> None:
    answer = server.call("/api/v1/calibration/check", "POST", json=question(DOWN)).document
    assert answer["rms"] == pytest.approx(0, abs=1e-3)
    assert answer["errors"] == pytest.approx([0] * 4, abs=1e-3)
    corners = np.array(answer["footprint"])
    np.testing.assert_allclose([corners.min(0), corners.max(0)], [[0, 0], [200, 150]], atol=1e-6)
    # 10 m by 7.5 m, and as much again around: lines 5 m apart, of which the picture shows x = 0, 5, 10 m and y = 0, 5 m
    columns = {line[0][0] for line in answer["grid"] if line[0][0] == pytest.approx(line[-1][0])}
    assert sorted(columns) == pytest.approx([0, 0.5, 1.0], abs=1e-4)


def test_a_pair_that_is_off_shows_its_error(server: Server) -> None:
    middle = {"image": [0.5, 0.5], "map": [100, 75]}
    off = {"image": [0.25, 0.5], "map": [54, 75]}
    answer = server.call("/api/v1/calibration/check", "POST", json=question([*DOWN, middle, off])).document
    assert int(np.argmax(answer["errors"])) == 5
    assert answer["rms_metres"] == pytest.approx(answer["rms"] * 0.05, abs=1e-3)


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (question(DOWN[:3]), 422, "calibration-unusable"),
        (question([]), 422, "calibration-unusable"),
        (question([DOWN[0]] * 4), 422, "calibration-unusable"),
        (question(DOWN, metres_per_unit=0), 400, "invalid-field"),
        (question([{"image": [2, 0], "map": [0, 0]}]), 400, "invalid-field"),
        ({}, 400, "invalid-field"),
    ],
)
def test_what_cannot_be_used_is_told(server: Server, body: dict[str, Any], status: int, slug: str) -> None:
    answer = server.call("/api/v1/calibration/check", "POST", data=json.dumps(body))
    assert (answer.status, answer.document["type"]) == (status, f"urn:omni:problem:{slug}")


def test_a_plan_is_kept_beside_the_configuration_and_nowhere_else(server: Server, tmp_path: Path) -> None:
    png = cv2.imencode(".png", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    assert server.call("/api/v1/plans").document == {"plans": [], "writable": False}
    assert server.call("/api/v1/plans/hall.png", "PUT", data=png).status == 409
    server.app.ctx.settings.path = tmp_path / "run_params.json"
    kept = server.call("/api/v1/plans/hall.png", "PUT", data=png)
    assert kept.document == {"name": "hall.png", "width": 40, "height": 30}
    assert server.call("/api/v1/plans").document == {"plans": ["hall.png"], "writable": True}
    assert server.call("/api/v1/plans/hall.png").body == png
    assert server.call("/api/v1/plans/hall.png", "PUT", data=b"<svg/>").status == 422
    for name in ("..%2fhall.png", ".hidden.png", "run_params.json", "%2fetc%2fplan.png"):
        assert server.call(f"/api/v1/plans/{name}", "PUT", data=png).status == 400
    assert [path.name for path in tmp_path.iterdir()] == ["hall.png"]
