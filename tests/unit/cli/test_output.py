from __future__ import annotations

from omni.cli.output import page_address


def test_an_address_can_be_clicked_on() -> None:
    assert page_address("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert page_address("::1", 8080) == "http://[::1]:8080/"
