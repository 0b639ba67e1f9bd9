from __future__ import annotations

import pytest

from omni.cli import main
from omni.cli.output import page_address


@pytest.mark.parametrize("verb", [["serve"], ["demo"], ["webhooks", "listen"]])
@pytest.mark.parametrize("port", ["65536", "-1", "http", "٣", ""])
def test_a_port_that_is_none_is_wrong_use(verb: list[str], port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*verb, f"--port={port}"])
    assert caught.value.code == 2
    assert f"argument --port: expected a port from 0 to 65535, got {port!r}" in capsys.readouterr().err


def test_an_address_can_be_clicked_on() -> None:
    assert page_address("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert page_address("::1", 8080) == "http://[::1]:8080/"
