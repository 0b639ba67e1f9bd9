"""Why a camera does not open: the decoder only says that it does not, so it is asked by hand, once and briefly."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT_S = 2.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_MOST_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no pictures.

    Attributes:
        cause: a word for programs.
        reason: the same for people, without credentials.
        permanent: waiting does not mend it.
    """

    cause: str
    reason: str
    permanent: bool = False


NO_PICTURE = Failure("no_picture", "it answers, but no picture came that can be decoded")
_BY_STATUS = {
    401: Failure("unauthorized", "user or password are refused (401)", permanent=True),
    403: Failure("unauthorized", "access is refused (403)", permanent=True),
    404: Failure("not_found", "there is no such stream (404)", permanent=True),
    453: Failure("busy", "it has no room for another client (453)"),
    503: Failure("busy", "it is not available now (503)"),
}


def diagnose(url: str) -> Failure:
    """Ask a camera for its description (RTSP, RFC 2326) or its stream (HTTP), within ``TIMEOUT_S``."""
    parts = urlsplit(url)
    deadline = time.monotonic() + TIMEOUT_S
    try:
        status, headers = _ask(parts, "", deadline)
        if status == 401 and parts.username:
            status, _ = _ask(parts, _authorisation(parts, headers), deadline)
    except socket.gaierror:
        return Failure("unknown_host", "the name of its host is not known")
    except TimeoutError:
        return Failure("silent", "it does not answer (switched off, or it has too many clients)")
    except ConnectionRefusedError:
        return Failure("refused", "nothing listens at its port")
    except OSError as error:
        return Failure("unreachable", f"it cannot be reached ({error.strerror or type(error).__name__})")
    except ValueError:
        return Failure("no_camera", "what answers speaks neither RTSP nor HTTP")
    if 200 <= status < 300:
        return NO_PICTURE
    return _BY_STATUS.get(status, Failure("refused", f"it answers with status {status}"))


def _ask(parts: SplitResult, authorisation: str, deadline: float) -> tuple[int, str]:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme.lower()]
    with socket.create_connection((host, port), _left(deadline)) as plain:
        connection = _encrypted(plain, host) if parts.scheme.lower() in ("rtsps", "https") else plain
        connection.sendall(_request(parts, authorisation))
        data = b""
        while b"\r\n\r\n" not in data and len(data) < _MOST_BYTES:
            connection.settimeout(_left(deadline))
            piece = connection.recv(4096)
            if not piece:
                break
            data += piece
    head = data.partition(b"\r\n\r\n")[0].decode("latin-1")
    match = re.match(r"(?:RTSP|HTTP)/\d\.\d (\d{3})", head)
    if not head:
        raise ConnectionResetError(0, "it closes the connection")
    if match is None:
        raise ValueError("no status line")
    return int(match[1]), head


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.01)


def _encrypted(connection: socket.socket, host: str) -> ssl.SSLSocket:
    """As the decoder does, without asking whose certificate it is: cameras sign their own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=host)


def _request(parts: SplitResult, authorisation: str) -> bytes:
    if parts.scheme.lower().startswith("rtsp"):
        first, own = f"DESCRIBE {_without_login(parts)} RTSP/1.0", "CSeq: 1\r\nAccept: application/sdp\r\n"
    else:
        first, own = f"GET {_target(parts)} HTTP/1.0", f"Host: {parts.hostname}\r\n"
    login = f"Authorization: {authorisation}\r\n" if authorisation else ""
    return f"{first}\r\n{own}{login}User-Agent: omni\r\n\r\n".encode()


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _without_login(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{_target(parts)}"


def _authorisation(parts: SplitResult, challenge: str) -> str:
    """The login for a challenge: basic (RFC 7617) or digest with MD5 (RFC 2617)."""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    digest = re.search(r"^www-authenticate: *digest +(.*)$", challenge, re.IGNORECASE | re.MULTILINE)
    if digest is None:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    asked = {k.lower(): v or w for k, v, w in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', digest[1])}
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    rtsp = parts.scheme.lower().startswith("rtsp")
    uri, method = (_without_login(parts), "DESCRIBE") if rtsp else (_target(parts), "GET")
    counted = "00000001:6f6d6e69:auth:" if "auth" in asked.get("qop", "") else ""
    secret = f"{_md5(f'{user}:{realm}:{password}')}:{nonce}:{counted}{_md5(f'{method}:{uri}')}"
    fields = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{_md5(secret)}"'
    return f"Digest {fields}" + (', qop=auth, nc=00000001, cnonce="6f6d6e69"' if counted else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
