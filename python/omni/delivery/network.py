"""Which addresses may be connected to, checked on the address itself (delivery, line 10)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

RESOLVING = 2
"""Names of one endpoint that are looked up at once; a name server that hangs holds up nobody else."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Cloud metadata services outside the link-local networks."""


class ForbiddenAddressError(OSError):
    """The address that a name led to is none that may be told."""


def refuse_forbidden(text: str, *, private: bool) -> None:
    """Check an address just before it is connected to.

    Link-local, metadata, unspecified, multicast and reserved addresses are refused always; loopback and private ones
    unless ``private``. An IPv4 address inside an IPv6 one counts as itself.

    Raises:
        ForbiddenAddressError: it is refused.
    """
    address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    refused = (
        address.is_unspecified
        or address.is_link_local
        or address.is_multicast
        or address in _METADATA
        or (address.is_reserved and not address.is_loopback)
    )
    if refused or not (private or address.is_global):
        remedy = "" if refused else "; private_networks allows it"
        raise ForbiddenAddressError(f"address {address} is not allowed{remedy}")


def _plain(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Guard:
    """Makes the sockets of one endpoint: ``socket_factory`` of ``aiohttp.TCPConnector``.

    Args:
        private: whether loopback and private networks may be connected to.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private

    def __call__(self, address_info: tuple[Any, ...]) -> socket.socket:
        family, type_, proto, _, address = address_info
        refuse_forbidden(str(address[0]), private=self._private)
        return socket.socket(family=family, type=type_, proto=proto)


class Resolver(AbstractResolver):
    """The system's name service, in threads of this endpoint's own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING, thread_name_prefix="webhook dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            # Without AI_ADDRCONFIG: a machine that is on no network has to find "localhost", too.
            lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM),
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=found_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
