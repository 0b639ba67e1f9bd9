"""Documents: secrets hidden and put back, what differs, what goes into the user's file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omni.config import load_config
from omni.config.document import differences, document_of, merged, restored
from omni.config.load import validated, write_document
from omni.config.secrets import MASK, conceal, masked_address, revealed, shown

A = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
B = "0b5f1e0a-6d0c-4f5e-9c1d-1a2b3c4d5e01"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("rtsp://user:pass@camera:554/h264", "rtsp://user:***@camera:554/h264"),
        ("rtsp://token@camera/h264", "rtsp://***@camera/h264"),
        ("rtsp://:pass@camera/", "rtsp://:***@camera/"),
        ("http://h/x?user=a&pwd=1234&n=2#f", "http://h/x?user=a&pwd=***&n=2#f"),
        ("http://h/x?access_token=abc", "http://h/x?access_token=***"),
        ("http://h/x?loginuse=a&loginpas=b/c_d&n=2", "http://h/x?loginuse=a&loginpas=***&n=2"),
        ("rtsp://h/user=a_password=b_channel=1.sdp?real", "rtsp://h/user=a_password=***"),
        ("rtsp://user:p@ss@camera/h264", "rtsp://user:***@camera/h264"),
        ("rtsp://user:pa/s?s@camera/h264", "rtsp://user:***@camera/h264"),
        ("rtsp:/user:pass@camera/h264", "rtsp:/user:***@camera/h264"),
        ("rtsp://camera:554/a@b", "rtsp://camera:554/a@b"),
        ("rtsp://[::1]:554/a@b", "rtsp://[::1]:554/a@b"),
        ("/videos/pass=1.avi", "/videos/pass=1.avi"),
        ("rtsp://camera/a@b", "rtsp://camera/a@b"),
    ],
)
def test_an_address_is_shown_without_its_secrets_and_put_back(address: str, expected: str) -> None:
    assert masked_address(address) == expected
    document = conceal({"url": address})
    assert revealed(restored({"url": expected}, document)) == {"url": address}


def test_a_password_follows_its_address_and_goes_to_no_other_host() -> None:
    now = conceal({"url": "rtsp://u:secret@camera/one?token=t&x=1"})
    there = restored({"url": "rtsp://u:***@camera/two?token=***&x=2"}, now)
    assert there == {"url": "rtsp://u:secret@camera/two?token=t&x=2"}
    elsewhere = restored({"url": "rtsp://u:***@evil/one"}, now)
    assert "secret" not in json.dumps(elsewhere)


def test_secrets_of_subscribers_are_found_by_id_address_or_place_and_headers_stay_with_their_host() -> None:
    one = {"id": "a", "url": "http://h/1", "secret": "s1", "headers": {"k": "v1"}}
    two = {"url": "http://h/2", "secret": "s2", "headers": {"k": "v2"}}
    now = conceal({"webhook_tracking_subscribers": [one, two]})
    hidden = {"secret": MASK, "headers": {"k": MASK}}
    proposed = [{"url": "http://h/2", **hidden}, {"id": "a", "url": "http://elsewhere/1", **hidden}]
    back = restored({"webhook_tracking_subscribers": proposed}, now)["webhook_tracking_subscribers"]
    assert (back[0]["secret"], back[0]["headers"]) == ("s2", {"k": "v2"})
    assert (back[1]["secret"], back[1]["headers"]) == ("s1", {"k": MASK})


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ({"url": "https://h/1"}, {"url": "http://h/1"}, False),
        ({"url": "http://h/1"}, {"url": "https://h/1"}, True),
        ({"host": "h", "port": 1, "is_secured": True}, {"host": "h", "port": 1}, False),
        ({"host": "h", "port": 1}, {"host": "h", "port": 1, "is_secured": True}, True),
    ],
)
def test_headers_do_not_go_out_in_the_clear_where_they_were_given_for_https(
    before: dict[str, Any], after: dict[str, Any], kept: bool
) -> None:
    known = conceal({"id": "a", **before, "headers": {"k": "v"}})
    back = restored({"id": "a", **after, "headers": {"k": MASK}}, known)
    assert back["headers"] == {"k": "v" if kept else MASK}


def test_a_path_beside_a_host_is_shown_without_its_secrets_which_go_to_no_other_host() -> None:
    now = conceal({"host": "h", "port": 80, "path": "/hook?key=k1"})
    assert shown(now)["path"] == "/hook?key=***"
    assert restored(shown(now), now)["path"] == "/hook?key=k1"
    assert restored({**shown(now), "host": "elsewhere"}, now)["path"] == "/hook?key=***"


@pytest.mark.parametrize("place", [{"url": "http://h/1"}, {"host": "h", "port": 80, "path": "/1"}])
def test_of_two_subscribers_at_one_address_the_one_that_stays_keeps_its_secret(place: dict[str, Any]) -> None:
    one, two = {**place, "type": "processes", "secret": "s1"}, {**place, "type": "events", "secret": "s2"}
    now = conceal([one, two])
    assert restored([{**two, "secret": MASK}], now) == [two]
    assert restored([{**two, "secret": MASK}, {**one, "secret": MASK}], now) == [two, one]


def test_of_two_subscribers_at_hosts_one_that_stays_and_is_changed_keeps_its_secret() -> None:
    one, two = {"host": "a", "port": 1, "path": "/1", "secret": "s1"}, {"host": "b", "port": 2, "secret": "s2"}
    assert restored([{**two, "secret": MASK, "type": "events"}], conceal([one, two])) == [{**two, "type": "events"}]


def test_no_secret_is_shown_of_what_no_model_knows() -> None:
    document = {
        "webhook_tracking_subscribers": [{"headers": {"a": "hunter2"}, "secret": "hunter2", "url": "x://u:hunter2@h"}]
    }
    assert "hunter2" not in json.dumps(shown(conceal(document)))
    assert "hunter2" not in repr(conceal(document))


def stream(uuid: str, **more: Any) -> dict[str, Any]:
    return {"stream_uuid": uuid, "url": "a.avi", **more}


def paths(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [d.path for d in differences(*(document_of(load_config(document)) for document in (old, new)))]


def test_differences_name_elements_by_what_they_are() -> None:
    two = {"streams": [stream(A), stream(B, name="b")]}
    assert paths(two, {"streams": [stream(B, name="c")]}) == ["/streams/0/name", "/streams/0"]
    assert paths(two, {"streams": [stream(B, name="b"), stream(A)]}) == ["/streams"]
    assert paths({}, {"map_tracking": {"enabled": True}, "ongoings_interval_in_msec": 100}) == [
        "/map_tracking/enabled", "/ongoings_interval_in_msec"]  # fmt: skip


def test_a_changed_secret_differs_and_is_not_shown() -> None:
    def with_secret(text: str) -> Any:
        hook = {"url": "http://h/", "headers": {"authorization": text}}
        return document_of(load_config({"webhook_tracking_subscribers": [hook]}))

    [change] = differences(with_secret("old"), with_secret("new"))
    assert change.path == "/webhook_tracking_subscribers/0/headers/authorization"
    assert (shown(change.old), shown(change.new)) == (MASK, MASK)


def rewritten(written: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    old = document_of(validated(written, ""))
    config = validated({**revealed(old), **change}, "")
    return revealed(merged(written, old, document_of(config), document_of(config, sparse=True)))


def test_the_file_keeps_the_users_order_spelling_and_what_they_left_out() -> None:
    written = {
        "compat": True,
        "osd": {"unknown": 1},
        "multistream_ROI": {"regions": []},
        "streams": [{"url": "b.avi", "stream_uuid": B, "loop": False}, {"stream_uuid": A, "url": "a.avi"}],
        "http": {"port": 8081},
    }
    region = {"name": "r", "uuid": A, "points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}]}
    new = rewritten(
        written,
        {
            "mutlistream_ROI": {"regions": [region]},
            "streams": [stream(A, name="yard"), {"url": "b.avi", "stream_uuid": B}],
            "anonymous_mode": False,
        },
    )
    assert list(new) == [*written, "anonymous_mode"]
    assert new["osd"] == {"unknown": 1}
    assert new["streams"] == [{"stream_uuid": A, "url": "a.avi", "name": "yard"}, written["streams"][0]]
    assert set(new["multistream_ROI"]["regions"][0]) == {"name", "uuid", "points"}
    assert rewritten(written, {}) == written


def test_what_is_taken_back_to_its_default_says_so() -> None:
    assert rewritten({"http": {"port": 9}, "streams": [stream(A)]}, {"http": {}, "streams": []}) == {
        "http": {"port": 8080}, "streams": []}  # fmt: skip


WRITES = """
import sys
from pathlib import Path
from omni.config.load import write_document
path, i = Path(sys.argv[1]), 0
while True:
    write_document(path, {"streams": [], "n": "x" * 500_000 * (i % 2)})
    i += 1
    if i == 3:
        print("writing", flush=True)
"""


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "run_params.json"
    path.write_text("{}")
    path.chmod(0o640)
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert json.loads(path.read_text())["streams"] == []
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_document(tmp_path / "none" / "run_params.json", {})
    assert list(tmp_path.iterdir()) == []
