"""Addresses that may not be told (delivery, line 10), checked where the connection is made."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from tests.unit.delivery.conftest import Scripted, eventually, message, new_delivery

from omni.delivery.network import ForbiddenAddressError, Resolver, refuse_forbidden

NEVER = [
    "0.0.0.0", "::", "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::", "224.0.0.1", "ff02::1", "255.255.255.255", "fd00:ec2::254", "100.100.100.200", "::ffff:0.0.0.0",
]  # fmt: skip
PRIVATE = ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "fc00::1", "::ffff:127.0.0.1"]
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("private", [True, False])
def test_some_addresses_are_nobodys(address: str, private: bool) -> None:
    with pytest.raises(ForbiddenAddressError, match=r"not allowed$"):
        refuse_forbidden(address, private=private)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_for_the_operators_own_file(address: str) -> None:
    refuse_forbidden(address, private=True)
    with pytest.raises(ForbiddenAddressError, match="private_networks allows it"):
        refuse_forbidden(address, private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_for_all(address: str) -> None:
    refuse_forbidden(address, private=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"])
def test_a_public_only_endpoint_never_reaches_this_machine(scripted: Any, host: str) -> None:
    receiver: Scripted = scripted(lambda _: 200)
    port = receiver.address.split(":")[2].split("/")[0]
    delivery = new_delivery([{"id": "site", "url": f"http://{host}:{port}/hook", "private_networks": False}])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["attempts"])
    delivery.stop()
    assert receiver.requests == []
    assert "ok" not in delivery.stats()["endpoints"][0]["attempts"]


def test_a_name_that_leads_elsewhere_the_second_time_is_checked_each_time(
    scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what counts is the address that the socket is for."""
    receiver: Scripted = scripted(lambda _: 200)
    port = int(receiver.address.split(":")[2].split("/")[0])
    loopback = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: loopback)
    delivery = new_delivery([{"id": "site", "url": f"http://rebind.test:{port}/", "private_networks": False}])
    delivery.start()
    delivery.publish(message("begin", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["attempts"] == {"forbidden": 1})
    delivery.stop()
    assert receiver.requests == []


def test_the_resolver_finds_names() -> None:
    async def resolve() -> list[str]:
        resolver = Resolver()
        try:
            return [found["host"] for found in await resolver.resolve("localhost", 80)]
        finally:
            await resolver.close()

    assert "127.0.0.1" in asyncio.run(resolve())
