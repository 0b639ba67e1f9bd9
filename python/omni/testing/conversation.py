"""Requests and answers of RTSP (RFC 2326) and HTTP, as far as a camera needs them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omni.testing.packets import CLOCK_HZ, RTP_TYPE

_REALM, _NONCE = "camera", "6f6d6e69"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers in lower case."""

    method: str
    path: str
    protocol: str
    headers: Mapping[str, str]


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, None at the end. What RTSP sends between them (RTCP) is passed over.

    Raises:
        ValueError: what came is no request.
    """
    while (first := await reader.read(1)) == b"$":
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:], "big"))
    if not first:
        return None
    lines = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, protocol = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:]) if name}
    return Request(method, path, protocol, headers)


def answer(
    request: Request, status: int, reason: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """An answer to a request, in its protocol."""
    protocol = request.protocol.replace("HTTP/1.1", "HTTP/1.0")
    fields = {"cseq": request.headers.get("cseq", "0"), **(headers or {}), "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{protocol} {status} {reason}\r\n{head}\r\n".encode() + body


def challenge(*, digest: bool) -> dict[str, str]:
    """What asks for a login."""
    kind = f'Digest realm="{_REALM}", nonce="{_NONCE}"' if digest else f'Basic realm="{_REALM}"'
    return {"www-authenticate": kind}


def authorised(request: Request, login: tuple[str, str], *, digest: bool) -> bool:
    """Whether a request carries the login (RFC 7617; RFC 2617 without qop)."""
    given = request.headers.get("authorization", "")
    if not digest:
        return given == "Basic " + base64.b64encode(":".join(login).encode()).decode()
    fields = dict(re.findall(r'(\w+)="([^"]*)"', given))
    secret = _md5(f"{login[0]}:{_REALM}:{login[1]}")
    return fields.get("response") == _md5(f"{secret}:{_NONCE}:" + _md5(f"{request.method}:{fields.get('uri', '')}"))


def describe(parameter_sets: Sequence[bytes]) -> bytes:
    """The session description (RFC 8866) of one H.264 stream."""
    sets = ",".join(base64.b64encode(unit).decode() for unit in parameter_sets)
    sprop = f";sprop-parameter-sets={sets}" if sets else ""
    lines = [
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
        f"m=video 0 RTP/AVP {RTP_TYPE}", f"a=rtpmap:{RTP_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{RTP_TYPE} packetization-mode=1{sprop}", "a=control:track",
    ]  # fmt: skip
    return "\r\n".join([*lines, ""]).encode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
