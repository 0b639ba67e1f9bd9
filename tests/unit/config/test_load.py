from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from omni.config import AgentConfig, load_config
from omni.errors import ConfigError

UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
STREAM = {"url": "a.avi", "stream_uuid": UUID}
REGION = {"name": "door", "uuid": UUID, "points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}]}


def with_area(area: Any) -> dict[str, Any]:
    """A map whose one camera has this visible area."""
    points = [{"image": (x, y), "map": (9 * x, 9 * y)} for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return {"map_tracking": {"views": [{"cameras": [{"stream_uuid": UUID, "points": points, "visible_area": area}]}]}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"streems": []}, '$.streems: unknown key; did you mean "streams"?'),
        ({"streams": [{**STREAM, "lop": 1}]}, '$.streams[0].lop: unknown key; did you mean "loop"?'),
        ({"streams": [{**STREAM, "stream_uuid": "zz"}]}, "$.streams[0].stream_uuid: input should be a valid UUID"),
        ({"streams": [{**STREAM, "stream_uuid": 3}]}, "$.streams[0].stream_uuid: UUID input should be"),
        (
            {"streams": [{**STREAM, "crop": [0.5, 0, 0.6, 1]}]},
            "$.streams[0].crop: must be x, y, width, height",
        ),
        ({"streams": [STREAM, STREAM]}, f"stream_uuid {UUID} is given twice"),
        ({"webhook_tracking_subscribers": [{"type": "processes"}]}, 'give either "url" or "host"'),
        ({"webhook_tracking_subscribers": [{"url": "ftp://x/y"}]}, "[0].url: must be an http:// or https:// address"),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h/", "secret": "abc"}]},
            'must start with "whsec_"',
        ),
        ({"webhook_tracking_subscribers": [{"url": "http://h/", "secret": "whsec_"}]}, 'must be base64 after "whsec_"'),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h:99999/"}]},
            "[0].url: must be an http:// or https:// address, with a port from 1 to 65535 or none",
        ),
        (
            {"webhook_tracking_subscribers": [{"host": "http://h", "port": "80"}]},
            "host: must be a name or an IP address",
        ),
        ({"webhook_tracking_subscribers": [{"host": "h:80", "port": "80"}]}, "host: must be a name or an IP address"),
        ({"webhook_tracking_subscribers": [{"url": "http://u:a\\b@h/"}]}, "of a login \\ is written %5C"),
        ({"webhook_tracking_subscribers": [{"host": "a\\b"}]}, "host: must be a name or an IP address"),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h/", "headers": {"Content-Length": "3"}}]},
            "headers: 'Content-Length' tells of the body",
        ),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h/", "headers": {"a": "b\r\nhost: c"}}]},
            "headers: the value of 'a' holds a line break",
        ),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h/", "headers": {"a b": "c"}}]},
            "headers: 'a b' cannot be the name of a header",
        ),
        (
            {"webhook_tracking_subscribers": [{"url": "http://h/", "id": "a"}, {"url": "http://i/", "id": "a"}]},
            "webhook_tracking_subscribers[1].id: 'a' is given twice",
        ),
        (
            {"mqtt_settings": {"enable": True}, "webhook_tracking_subscribers": [{"url": "http://h/", "id": "mqtt"}]},
            "webhook_tracking_subscribers[0].id: 'mqtt' is given twice",
        ),
        ({"mqtt_settings": {"enable": True, "brocker_address": ""}}, "$.mqtt_settings.brocker_address: must be host"),
        ({"webhook_tracking_subscribers": {"url": "http://h/"}}, "subscribers: must be a list, got an object"),
        ({"webhook_tracking_subscribers": ["http://h/"]}, 'subscribers[0]: must be an object, got "http://h/"'),
        ({"detector_confidence": None, "compat": None}, "$.compat: input should be a valid boolean, got null"),
        ({"detector": {"providers": ["GPU"]}}, "$.detector.providers[0]: string should match pattern '^(CPU|CUDA|"),
        ({"pipelines": {"face": {"providers": []}}}, "$.pipelines.face.providers"),
        ({"ongoings_interval_in_msec": "soon"}, "$.ongoings_interval_in_msec"),
        ({"map_tracking": {"views": [{"cameras": []}]}}, "$.map_tracking.views[0].cameras"),
        (with_area([[0, 0], [9, 0]]), "cameras[0].visible_area: must have at least 3 items, got 2"),
        (with_area([[0, 0], [9, 0], [9]]), "cameras[0].visible_area[2]"),
        (with_area([[0, 0], [9, 0], [9, "far"]]), "cameras[0].visible_area[2][1]: input should be a valid number"),
        (
            with_area([[0, 0], [9, 0], [9, float("inf")]]),
            "cameras[0].visible_area[2][1]: input should be a finite number",
        ),
        ({"faR": 0.001, "frR": 0.1}, "faR and frR: each of them is the threshold of a match; give one"),
        ({"faR": 0}, "$.faR: input should be greater than 0"),
        ({"pipelines": {"face": {"retention_days": 0}}}, "$.pipelines.face.retention_days"),
        ({"http": {"map_tracking_path": "map"}}, "$.http.map_tracking_path"),
        (
            {"mutlistream_ROI": {"regions": [{"name": "a", "points": []}]}},
            "$.mutlistream_ROI.regions[0].points: must have at least 3 items, got 0",
        ),
        (
            {"multistream_ROI": {"regions": [{"name": "a", "points": [{"x": 2, "y": 0}]}]}},
            "regions[0].points[0].x: input should be less than or equal to 1, got 2",
        ),
        ({"mutlistream_ROI": {"region": []}}, '$.mutlistream_ROI.region: unknown key; did you mean "regions"?'),
        ({"mutlistream_ROI": {"regions": [{**REGION, "stream_uuid": UUID}]}}, "expected one of the streams"),
        ({"mutlistream_ROI": {"regions": [REGION, REGION]}}, "$.mutlistream_ROI.regions[1].uuid: uuid"),
        ({"streams": None}, "$.streams: must be a list, got null"),
        ({"state_folder": "a\0b"}, "$.state_folder: must be text"),
        ({"detector": []}, "$.detector: must be an object, got []"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(document: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(document)
    assert expected in str(caught.value)


def test_an_element_that_is_wrong_does_not_make_its_list_too_short_as_well() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"map_tracking": {"views": [{"cameras": [{"stream_uuid": UUID, "point": []}]}]}})
    assert [path.removeprefix("/map_tracking/views/0/cameras/0/") for path, _ in caught.value.problems] == [
        "points",
        "point",
    ]


def test_what_the_original_leaves_empty_is_taken() -> None:
    config = load_config({"mqtt_settings": {"enable": False, "brocker_address": ""}})
    assert config.mqtt_settings.brocker_address == ""


def test_all_that_is_wrong_is_named_at_once() -> None:
    """Also what contradicts something else, and nothing that only follows from what is named."""
    other = "9d2e0f1a-6a3b-5c4d-8e5f-7a8b9c0d1e2f"
    regions = [{**REGION, "points": [{"x": 9, "y": 0}]}, {**REGION, "stream_uuid": other}]
    with pytest.raises(ConfigError) as caught:
        load_config({"streams": [STREAM, {**STREAM, "max_fps": 0}], "mutlistream_ROI": {"regions": regions}})
    assert [path for path, _ in caught.value.problems] == [
        "/streams/1/max_fps",
        "/mutlistream_ROI/regions/0/points/0/x",
        "/mutlistream_ROI/regions/0/points",
        "/streams/1/stream_uuid",
        "/mutlistream_ROI/regions/1/uuid",
        "/mutlistream_ROI/regions/1/stream_uuid",
    ]
    assert len(str(caught.value).splitlines()) == 6


@pytest.mark.parametrize(
    "document",
    [
        {"streams": ["rtsp://a:hunter2@h/1"]},
        {"streams": "rtsp://a:hunter2@h/1"},
        {"mutlistream_ROI": {"regions": [{"stream_uuid": "rtsp://a:hunter2@h/1"}]}},
        {"streams": ["rtsp://h/1", "rtsp://a:hunter2@h/1", "rtsp://h/?pwd=my hunter2"]},
    ],
)
def test_an_address_in_the_wrong_place_keeps_its_password(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(document)
    assert "hunter2" not in str(caught.value)
    assert "rtsp://a:***@h/1" in str(caught.value)


@pytest.mark.parametrize("login", ["u:hunter2\uff20", "u:hunter2\u2100", "u:\uff0fhunter2"])
@pytest.mark.parametrize("document", [{"mqtt_settings": {"brocker_address": "mqtt://LOGIN@h"}},
                                      {"webhook_tracking_subscribers": [{"url": "http://LOGIN@h/"}]}])  # fmt: skip
def test_what_python_says_of_an_address_that_is_none_is_not_told(document: dict[str, Any], login: str) -> None:
    """It says all of it: of wide characters, which are typed where a keyboard writes Chinese or Japanese."""
    with pytest.raises(ConfigError) as caught:
        load_config(json.loads(json.dumps(document).replace("LOGIN", login)))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["h\u2100", "h\x80x", "a\\b", "\xe9" * 2_000_000])
def test_a_host_that_cannot_be_posted_to_is_refused(host: str) -> None:
    for subscriber in ({"host": host}, {"url": f"http://{host}/"}):
        with pytest.raises(ConfigError, match="must be"):
            load_config({"webhook_tracking_subscribers": [subscriber]})


def test_an_address_that_is_written_for_a_host_is_not_told() -> None:
    with pytest.raises(ConfigError, match="host: must be a name or an IP address alone") as caught:
        load_config({"webhook_tracking_subscribers": [{"host": "h/services/hunter2"}]})
    assert "hunter2" not in str(caught.value)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run_params.json").write_text('{"streams": [{"url": "a"}], "streams": []}')
    with pytest.raises(ConfigError, match="given twice in one object: streams"):
        load_config(tmp_path)


def test_secrets_are_in_no_error_and_no_text() -> None:
    password, secret = "hunter2", "whsec_c2VjcmV0"
    with pytest.raises(ConfigError) as caught:
        load_config({"webhook_tracking_subscribers": [{"url": f"ftp://u:{password}@h/", "secret": secret, "port": 0}]})
    assert password not in str(caught.value)
    config = load_config(
        {
            "streams": [{**STREAM, "url": f"rtsp://user:{password}@camera/1"}],
            "webhook_tracking_subscribers": [
                {"url": f"http://u:{password}@h/x", "secret": secret, "headers": {"authorization": password}}
            ],
        }
    )
    assert password not in repr(config)
    assert secret not in repr(config)
    assert config.streams[0].safe_url == "rtsp://***@camera/1"
    assert password not in config.webhook_tracking_subscribers[0].label


def test_both_subscriber_forms_give_an_address() -> None:
    config = load_config(
        {
            "webhook_tracking_subscribers": [
                {"url": "http://127.0.0.1:5000/trigger"},
                {"host": "127.0.0.1", "port": "5000", "is_secured": False, "path": "/trigger"},
                {"host": "h", "port": 8443, "is_secured": True, "path": "in"},
                {"host": "::1", "port": "5000"},
                {"host": "[::1]", "port": "5000"},
                {"url": " http://h/in "},
            ]
        }
    )
    assert [s.address for s in config.webhook_tracking_subscribers] == [
        "http://127.0.0.1:5000/trigger",
        "http://127.0.0.1:5000/trigger",
        "https://h:8443/in",
        "http://[::1]:5000/trigger",
        "http://[::1]:5000/trigger",
        "http://h/in",
    ]


def test_a_missing_stream_uuid_is_added_and_written_back(tmp_path: Path) -> None:
    file = tmp_path / "run_params.json"
    file.write_text(json.dumps({"streams": [{"url": "a.avi", "name": "Café"}]}))
    first = load_config(tmp_path)
    assert load_config(file).streams[0].stream_uuid == first.streams[0].stream_uuid
    assert json.loads(file.read_text())["streams"][0]["stream_uuid"] == first.streams[0].uuid


def test_a_link_to_the_file_stays_one_and_its_mode_and_owner_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "here").mkdir()
    file, link = tmp_path / "real" / "site.json", tmp_path / "here" / "run_params.json"
    file.write_text(json.dumps({"streams": [{"url": "a.avi"}]}))
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    link.symlink_to(Path("..") / "real" / "site.json")
    first = load_config(tmp_path / "here")
    after = file.stat()
    assert link.is_symlink()
    assert json.loads(file.read_text())["streams"][0]["stream_uuid"] == first.streams[0].uuid
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert [each.name for each in link.parent.iterdir()] == ["run_params.json"]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"streams": [{"url": "a.avi", "name": "half \ud83d"}]}, "$.streams[0].name"),
        ({"state_folder": "\udcff"}, "$.state_folder"),
        ({"webhook_tracking_subscribers": [{"url": "http://h/", "secret": "\udcff"}]}, "[0].secret"),
    ],
)
def test_what_is_no_text_is_refused(document: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(document)
    assert f"{where}: must be text" in str(refused.value)
    str(refused.value).encode()


@pytest.mark.parametrize("number", ["1e999", "-Infinity", "NaN"])
def test_numbers_are_finite(tmp_path: Path, number: str) -> None:
    for section, key in (("delivery", "heartbeat_s"), ("delivery", "max_age_hours")):
        (tmp_path / "run_params.json").write_text(f'{{"{section}": {{"{key}": {number}}}}}')
        with pytest.raises(ConfigError, match=r"\$\."):
            load_config(tmp_path)
    (tmp_path / "run_params.json").write_text(f'{{"delivery": {{"retry_s": [0, {number}]}}}}')
    with pytest.raises(ConfigError, match=r"\$\.delivery\.retry_s\[1\]: "):
        load_config(tmp_path)


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_uuid_is_none(tmp_path: Path, empty: str | None) -> None:
    document = {
        "streams": [{"url": "a.avi", "stream_uuid": empty}],
        "mutlistream_ROI": {"regions": [{**REGION, "uuid": empty}]},
    }
    (tmp_path / "run_params.json").write_text(json.dumps(document))
    first, again = load_config(tmp_path), load_config(tmp_path)
    assert first.streams[0].uuid == again.streams[0].uuid
    assert first.mutlistream_ROI.regions[0].uuid == again.mutlistream_ROI.regions[0].uuid


def test_a_device_may_be_a_number() -> None:
    stream = load_config({"streams": [{"url": 0}]}).streams[0]
    assert (stream.url, stream.live) == ("0", True)


def test_a_region_without_uuid_gets_one_that_is_written_back_under_both_spellings(tmp_path: Path) -> None:
    unnamed = {"name": "door", "points": REGION["points"]}
    for key in ("mutlistream_ROI", "multistream_ROI"):
        (tmp_path / "run_params.json").write_text(json.dumps({key: {"regions": [unnamed]}}))
        [first] = load_config(tmp_path).mutlistream_ROI.regions
        [again] = load_config(tmp_path).mutlistream_ROI.regions
        assert first.uuid == again.uuid
    assert load_config({key: {"regions": [unnamed]}}).mutlistream_ROI.regions[0].uuid != first.uuid


def test_the_state_folder_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "run_params.json").write_text("{}")
    assert load_config(tmp_path).state_folder == str(tmp_path / "state")
    (tmp_path / "run_params.json").write_text('{"state_folder": "kept"}')
    assert load_config(tmp_path).state_folder == str(tmp_path / "kept")
    assert load_config({}).state_folder is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff\xfe", b'{"streams": 3}', b'{"streams": ' + b"[" * 900 + b"]" * 900 + b"}"]
)
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run_params.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"run_params\.json"):
        load_config(tmp_path)


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; give --config"):
        load_config(tmp_path)


def test_a_plan_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    points = [{"image": [u, v], "map": [u, v]} for u, v in ((0, 0), (1, 0), (1, 1), (0, 1))]
    view = {"image": "plan.png", "cameras": [{"stream_uuid": UUID, "points": points}]}
    (tmp_path / "run_params.json").write_text(json.dumps({"map_tracking": {"views": [view]}}))
    assert load_config(tmp_path).map_tracking.views[0].image == str(tmp_path / "plan.png")


def test_the_shipped_configuration_is_the_defaults() -> None:
    shipped = Path(__file__).parents[3] / "config" / "run_params.json"
    document = json.loads(shipped.read_text())
    assert load_config(document).model_dump(exclude={"schema_"}) == AgentConfig().model_dump()
    every_key = {(f.alias or name) for name, f in AgentConfig.model_fields.items()}
    assert set(document) == every_key


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, "outbox"), ({"directory": "state"}, "state"), ({"directory": "/var/omni"}, "/var/omni")],
)
def test_the_outbox_lies_beside_the_file(settings: dict[str, Any], expected: str, tmp_path: Path) -> None:
    (tmp_path / "run_params.json").write_text(json.dumps({"delivery": settings}))
    assert load_config(tmp_path).delivery.directory == str(tmp_path / expected)
    assert load_config({"delivery": settings}).delivery.directory == settings.get("directory")
    assert not list(tmp_path.glob("o*"))
