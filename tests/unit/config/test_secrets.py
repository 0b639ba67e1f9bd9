from __future__ import annotations

import json
import logging
import traceback

import pytest

from omni.config import StreamConfig, load_config
from omni.config.secrets import SecretUrl, conceal, masked_address, put_back
from omni.errors import ConfigError

ADDRESS = "rtsp://ann:p@ssw0rd@cam/1?x=y"


def test_only_who_reads_the_characters_sees_the_password(caplog: pytest.LogCaptureFixture) -> None:
    url = SecretUrl(ADDRESS)
    logging.getLogger("x").warning("%s %r", url, url)
    shown = [str(url), repr(url), f"{url}", f"{url!r:>80}", "{}".format(url), "%s" % url, caplog.text]  # noqa: UP031, UP032
    try:
        raise ConnectionError(url)
    except ConnectionError:
        shown.append(traceback.format_exc())
    assert all("rtsp://***@cam/1?x=y" in text and "ssw0rd" not in text for text in shown)
    assert url == ADDRESS
    assert json.loads(json.dumps(url)) == ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "http://cam/mjpg?user=ann&pwd=s3cret",
        "rtsp://cam/user=ann_password=s3cret_channel=1",
        "rtsp://ann:s3/cr3t@cam/1",
        "rtsp://ann:a s3cret word@cam/1",
        "rtsp://ann:a\ts3cret@cam/1",
        "http://cam/mjpg?user=ann&pwd=a s3cret word",
        "https://hook.azurewebsites.net/api/omni?code=s3cret",
        "http://cam/mjpg?credential=s3cret&codec=h264",
    ],
)
def test_passwords_that_stand_elsewhere_do_not_show_either(address: str) -> None:
    assert "s3" not in str(SecretUrl(address)), "the page, the log and /api/v1/status show it like this"


@pytest.mark.parametrize("part", ["://a:", "/:", "/pas", "pas", "://"])
def test_a_text_longer_than_any_address_is_hidden_at_once(part: str) -> None:
    """To look through it would take hours, in which nothing else runs."""
    address = "rtsp://u:hunter2@h/" + part * 300_000
    assert str(SecretUrl(address)) == masked_address(address) == "***"
    hidden = conceal({"url": address})
    assert put_back("***", hidden["url"]) == address
    known = conceal({"url": "rtsp://u:hunter2@h/1"})["url"]
    assert put_back(f"rtsp://u:***@h/{part * 300_000}", known).startswith("rtsp://u:***@h/"), "and so refused"
    with pytest.raises(ConfigError) as caught:
        load_config({"streams": [address]})
    assert "hunter2" not in str(caught.value)


def test_the_configuration_holds_one() -> None:
    stream = StreamConfig.model_validate({"stream_uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "url": ADDRESS})
    assert isinstance(stream.url, SecretUrl)
    config = load_config({"streams": [{"url": ADDRESS}]})
    for text in (repr(config), str(config), repr(config.model_dump()), stream.safe_url):
        assert "ssw0rd" not in text
    assert ADDRESS in config.model_dump_json()  # what is written back to the file is whole
