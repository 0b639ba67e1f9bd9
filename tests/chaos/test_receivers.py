"""Receivers at their worst (delivery, lines 4, 5 and 16)."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from tests.chaos.conftest import Ledger, Peer, keeps, read_post
from tests.unit.delivery.conftest import STREAMS, FakeClock, eventually, message, new_delivery

Make = Callable[..., Peer]
QUICK = [0.0] + [0.1] * 50


async def slow_loris(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers, a byte at a time, for ever."""
    await read_post(reader)
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes everything and says nothing."""
    while await reader.read(65536):
        pass


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuses, with an answer that does not end."""
    await read_post(reader)
    writer.write(b"HTTP/1.1 500 no\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Resets the connection in the middle of the body."""
    await reader.readuntil(b"\r\n\r\n")
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks no HTTP."""
    await reader.read(100)
    writer.write(b"\x00\xff\r\n\r\nSSH-2.0\r\n" * 100)


@pytest.mark.parametrize("hostile", [slow_loris, silent, endless, resets, gibberish])
def test_a_hostile_receiver_holds_up_nobody_and_gets_its_messages_when_it_is_well(
    hostile: Callable[..., object],
    tmp_path: Path,
    ledger: Ledger,
    peers: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("omni.delivery.webhook.TIMEOUT", aiohttp.ClientTimeout(total=0.5, sock_connect=0.5))
    monkeypatch.setattr("omni.delivery.retry.REST_S", 0.1)
    bad, well = peers(hostile), Ledger()
    good = peers(keeps(well))
    delivery = new_delivery(
        [{"id": "bad", "url": bad.address}, {"id": "good", "url": good.address}], directory=str(tmp_path), retry_s=QUICK
    )
    delivery.start()
    for number in range(1, 301):
        delivery.publish(message("end", number, padding=1000))
    eventually(lambda: len(well.told) == 300, 10.0)
    assert [told.number for told in well.told] == list(range(1, 301))
    eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
    assert delivery.log.backlog()["bad"][0] == 300
    bad.close()
    peers(keeps(ledger), bad.port)
    eventually(lambda: len(ledger.told) >= 300)
    ledger.check_order()
    ledger.check_sequences()
    assert ledger.first_arrivals() == list(range(1, 301))
    delivery.stop()


AUTHORITY = """
[ca]
default_ca = here
[here]
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""

ONE_ATTEMPT = """
import sys
from tests.unit.delivery.conftest import eventually, message, new_delivery
delivery = new_delivery([{"id": "site", "url": sys.argv[1]}], directory=sys.argv[2])
delivery.start()
delivery.publish(message("end", 1))
eventually(lambda: delivery.stats()["endpoints"][0]["last_failure"])
[site] = delivery.stats()["endpoints"]
delivery.stop()
sys.stdout.write(f"{site['attempts']} {site['waiting']} {site['last_failure']}")
"""


def test_an_expired_certificate_is_no_receiver(tmp_path: Path, ledger: Ledger, peers: Make) -> None:
    """The certificate is one that the agent's machine trusts, were it not for its date."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine, to make a certificate with")
    (tmp_path / "authority").write_text(AUTHORITY)
    (tmp_path / "index.txt").touch()
    for line in (
        "req -new -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out request.pem",
        "ca -config authority -selfsign -keyfile key.pem -in request.pem -out certificate.pem -batch -notext"
        " -startdate 20200101000000Z -enddate 20200102000000Z",
    ):
        subprocess.run(["openssl", *line.split()], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    peer = peers(keeps(ledger), tls=context)
    done = subprocess.run(
        [sys.executable, "-c", ONE_ATTEMPT, peer.address, str(tmp_path / "outbox")],
        cwd=Path(__file__).parents[2], env={**os.environ, "SSL_CERT_FILE": str(tmp_path / "certificate.pem")},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "{'tls': 1} 1 its TLS certificate is not valid (certificate has expired)"
    assert ledger.told == []


def test_a_name_that_nobody_knows_is_tried_again(tmp_path: Path) -> None:
    delivery = new_delivery([{"id": "site", "url": "http://nobody.invalid/"}], directory=str(tmp_path))
    delivery.start()
    delivery.publish(message("end", 1))
    eventually(lambda: delivery.stats()["endpoints"][0]["attempts"] == {"unreachable": 1})
    assert delivery.log.backlog()["site"][0] == 1
    delivery.stop()


def test_the_clock_of_the_machine_jumps_by_an_hour_and_back(tmp_path: Path, ledger: Ledger, peers: Make) -> None:
    clock = FakeClock(time.time())
    receiver = peers(keeps(ledger))
    delivery = new_delivery([{"id": "site", "url": receiver.address}], directory=str(tmp_path), clock=clock)
    delivery.start()
    number = 0
    for jump in (3600, -3600, -3600, 3600, 0):
        for _ in range(20):
            number += 1
            delivery.publish(message("end", number))
        clock.jump(jump)
        eventually(lambda number=number: len(ledger.told) == number)
    assert ledger.first_arrivals() == list(range(1, 101))
    assert delivery.stats()["dropped"] == []
    delivery.stop()


def test_a_pause_between_attempts_is_not_cut_short_by_the_clock(tmp_path: Path) -> None:
    clock = FakeClock(time.time())
    delivery = new_delivery([{"id": "site", "url": "http://127.0.0.1:9/"}], directory=str(tmp_path), clock=clock)
    delivery.start()
    delivery.publish(message("end", 1, STREAMS[0]))
    eventually(lambda: clock.longest_sleep() > 3.9)
    left = clock.longest_sleep()
    for jump in (3600, -7200):
        clock.jump(jump)
        assert clock.longest_sleep() == left
    delivery.stop()
