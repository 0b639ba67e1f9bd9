"""The first words with a camera, as a player speaks them, up to the first bytes of a picture."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, unquote

ANSWER_S, PICTURE_S = 2.0, 3.5
"""A camera has answered after so long, and has begun to send pictures so long after it was first asked: of the 5 s that
opening may take in all, goodbye included, a second is left for the decoder."""
_GOODBYE_S = 0.5
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_MOST_BYTES = 64 << 10
_CNONCE = "6f6d6e69"


class NothingSentError(Exception):
    """The camera answered, and sent no byte of a picture."""


class UnknownLoginError(Exception):
    """The camera asks for a login that the decoder cannot give: by digest, with another algorithm than MD5."""


def ask_for_pictures(parts: SplitResult) -> int:
    """Ask for the stream at an address, and wait until it begins.

    Returns:
        The status of the answer that was no success; 200: bytes of a picture came.

    Raises:
        NothingSentError: it answers and sends nothing within ``PICTURE_S``.
        UnknownLoginError: it asks for a login that cannot be given.
        TimeoutError: it does not answer within ``ANSWER_S``, or not to the login within ``PICTURE_S``.
        OSError: it cannot be reached.
        ValueError: what answers speaks neither RTSP nor HTTP.
    """
    ask = _ask_rtsp if parts.scheme.lower().startswith("rtsp") else _ask_http
    until = time.monotonic() + PICTURE_S
    with _Peer(parts, until) as peer:
        status = ask(peer)
    if peer.hung_up:
        with _Peer(parts, until, peer.challenge) as peer:
            status = ask(peer)
    return status


def _ask_http(peer: _Peer) -> int:
    parts = peer.parts
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    status, _ = peer.ask("GET", target, "HTTP/1.0", {"Host": parts.netloc.rpartition("@")[2]})
    if status == 200:
        peer.wait_for_bytes()
    return status


def _ask_rtsp(peer: _Peer) -> int:
    """DESCRIBE, SETUP of the pictures over TCP, PLAY (RFC 2326)."""
    parts = peer.parts
    url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}"
    url += f"?{parts.query}" if parts.query else ""
    status, head = peer.ask("DESCRIBE", url, "RTSP/1.0", {"Accept": "application/sdp"})
    if status != 200:
        return status
    base = _header(head, "content-base") or _header(head, "content-location") or url
    track = _track(peer.body(head), base)
    status, head = peer.ask("SETUP", track, "RTSP/1.0", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
    if status != 200:
        return status
    number = _header(head, "session").partition(";")[0]
    session = {"Session": number} if number else {}
    status, _ = peer.ask("PLAY", base, "RTSP/1.0", {**session, "Range": "npt=0.000-"})
    if status == 200:
        peer.wait_for_bytes()
    with contextlib.suppress(OSError):
        peer.take_leave(base, session)
    return status


class _Peer:
    """One connection with a camera.

    Args:
        parts: its address.
        until: a byte of a picture has come by then (monotonic seconds).
        challenge: the head of the answer that asked for a login; empty: none did.

    Attributes:
        challenge: the newest.
        hung_up: it asked for a login and closed the connection.
    """

    def __init__(self, parts: SplitResult, until: float, challenge: str = "") -> None:
        self.parts = parts
        self.challenge = challenge
        self.hung_up = False
        self._until = until
        self._answered_by = min(time.monotonic() + ANSWER_S, until)
        self._data = b""
        self._asked = 0
        host, scheme = parts.hostname or "", parts.scheme.lower()
        plain = _connected(host, parts.port or _PORTS[scheme], self._answered_by)
        try:
            plain.settimeout(_left_s(self._answered_by))
            self._socket = _encrypted(plain, host) if scheme in ("rtsps", "https") else plain
        except BaseException:
            plain.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, method: str, target: str, protocol: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """One request, once more with the login where it is asked for: status and head of the answer."""
        status, head = self._exchange(method, target, protocol, headers)
        asked_before = _header(self.challenge, "www-authenticate") == _header(head, "www-authenticate")
        if status != 401 or not self.parts.username or asked_before:
            return status, head
        self.challenge = head  # some ask anew each time
        try:
            self.body(head)
            return self._exchange(method, target, protocol, headers)
        except (OSError, ValueError):  # or what comes next is the rest of that answer, of unknown length
            self.hung_up = True
            return status, head

    def _exchange(self, method: str, target: str, protocol: str, headers: Mapping[str, str]) -> tuple[int, str]:
        self._send(method, target, protocol, headers)
        while b"\r\n\r\n" not in self._without_pictures() and len(self._data) < _MOST_BYTES:
            if not self._receive(self._answered_by):
                break
        if not self._data:
            raise ConnectionResetError(0, "it closes the connection")
        first, _, self._data = self._data.partition(b"\r\n\r\n")
        head = first.decode("latin-1")
        match = re.match(r"(?:RTSP|HTTP)/\d\.\d (\d{3})", head)
        if match is None:
            raise ValueError("no status line")
        return int(match[1]), head

    def body(self, head: str) -> str:
        """The rest of an answer, as long as its head says."""
        length = _header(head, "content-length")
        size = min(int(length), _MOST_BYTES) if length.isascii() and length.isdecimal() and len(length) < 10 else 0
        while len(self._data) < size and self._receive(self._answered_by):
            pass
        taken, self._data = self._data[:size], self._data[size:]
        return taken.decode("latin-1")

    def wait_for_bytes(self) -> None:
        """Wait until it sends anything more.

        Raises:
            NothingSentError: it does not.
        """
        try:
            if not self._data and not self._receive(self._until):
                raise NothingSentError
        except TimeoutError:
            raise NothingSentError from None

    def take_leave(self, target: str, session: Mapping[str, str]) -> None:
        """End the session and wait until it is gone: many cameras have room for few."""
        self._send("TEARDOWN", target, "RTSP/1.0", session)
        self._socket.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _GOODBYE_S
        while self._receive(until):
            self._data = b""

    def _send(self, method: str, target: str, protocol: str, headers: Mapping[str, str]) -> None:
        self._asked += 1
        own = {"CSeq": str(self._asked)} if protocol.startswith("RTSP") else {}
        if self.challenge:
            own["Authorization"] = _authorisation(self.parts, self.challenge, method, target)
        lines = [f"{name}: {value}" for name, value in {**own, **headers, "User-Agent": "omni"}.items()]
        self._socket.sendall("\r\n".join([f"{method} {target} {protocol}", *lines, "", ""]).encode())

    def _without_pictures(self) -> bytes:
        """What came, but for pictures that came before the answer (RFC 2326, section 10.12)."""
        while self._data[:1] == b"$" and len(self._data) >= 4 + int.from_bytes(self._data[2:4], "big"):
            self._data = self._data[4 + int.from_bytes(self._data[2:4], "big") :]
        return self._data

    def _receive(self, until: float) -> bool:
        """Wait for more. False: it was closed."""
        self._socket.settimeout(_left_s(until))
        more = self._socket.recv(65536)
        self._data += more
        return bool(more)


def _left_s(until: float) -> float:
    """Seconds until then. Raises TimeoutError where none is left, however much the camera has to say."""
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _connected(host: str, port: int, until: float) -> socket.socket:
    """The first of the host's addresses that takes the connection; each has its share of the time until then."""
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for i, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left_s(until) / (len(addresses) - i))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _encrypted(connection: socket.socket, host: str) -> ssl.SSLSocket:
    """As the decoder does, without asking whose certificate it is: cameras sign their own. Old ones speak TLS 1.0."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context.wrap_socket(connection, server_hostname=host)


def _header(head: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", head, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


def _track(description: str, base: str) -> str:
    """The address of the pictures in a session description (RFC 2326, appendix C.1.1)."""
    _, _, video = description.partition("m=video")
    control = re.search(r"^a=control: *(\S+)", video.partition("\nm=")[0], re.MULTILINE)
    if control is None or control[1] == "*":
        return base
    return control[1] if "://" in control[1] else f"{base.rstrip('/')}/{control[1]}"


def _digest(challenge: str) -> dict[str, str] | None:
    """What a login by digest is made of. Of several the last, as the decoder takes it.

    Raises:
        UnknownLoginError: it is by another algorithm than the decoder knows.
    """
    asked = re.findall(r"^www-authenticate: *digest +(.*)$", challenge, re.IGNORECASE | re.MULTILINE)
    if not asked:
        return None
    fields = {k.lower(): v or w for k, v, w in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', asked[-1])}
    if fields.get("algorithm", "MD5").upper() not in ("MD5", "MD5-SESS"):
        raise UnknownLoginError
    return fields


def _authorisation(parts: SplitResult, challenge: str, method: str, target: str) -> str:
    """The login for a challenge: basic (RFC 7617) or digest with MD5 (RFC 2617)."""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    asked = _digest(challenge)
    if asked is None:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    realm, nonce, algorithm = asked.get("realm", ""), asked.get("nonce", ""), asked.get("algorithm", "")
    secret = _md5(f"{user}:{realm}:{password}")
    if algorithm.upper() == "MD5-SESS":
        secret = _md5(f"{secret}:{nonce}:{_CNONCE}")
    counted = f"00000001:{_CNONCE}:auth:" if "auth" in asked.get("qop", "") else ""
    response = _md5(f"{secret}:{nonce}:{counted}{_md5(f'{method}:{target}')}")
    fields = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{target}", response="{response}"'
    fields += f", algorithm={algorithm}" if algorithm else ""
    fields += f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return f"Digest {fields}" + (f', qop=auth, nc=00000001, cnonce="{_CNONCE}"' if counted else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
