"""A camera is asked as a player asks it, by every kind of camera that there is."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from omni.sources.diagnosis import diagnose
from omni.sources.handshake import ask_for_pictures
from omni.testing import FaultCamera

SDP = b"v=0\r\nm=audio 0 RTP/AVP 97\r\na=control:sound\r\nm=video 0 RTP/AVP 96\r\na=control:%s\r\n"
RTP = b"$\x00\x00\x04data"


def ok(body: bytes = b"", headers: str = "") -> bytes:
    return f"RTSP/1.0 200 OK\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def camera(
    answers: Sequence[bytes], *, talks_on: bool = False, whole: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Answers one request after the other. Gives its port, and the requests' first lines, or all of them.

    With ``talks_on`` it goes on with pictures after the last one, whatever it is told.
    """
    server, asked = socket.create_server(("127.0.0.1", 0)), list[str]()

    def serve() -> None:
        plain, _ = server.accept()
        with tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
            for answer in answers:
                request = connection.recv(4096)
                asked.append(request.decode() if whole else request.decode().partition("\r\n")[0])
                connection.sendall(answer)
            with contextlib.suppress(OSError):
                while talks_on:
                    connection.sendall(RTP)
            while connection.recv(4096):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with server:
        yield server.getsockname()[1], asked
    thread.join(5)


@pytest.mark.parametrize(
    ("control", "headers", "track"),
    [
        (b"track1", "", "rtsp://127.0.0.1:{port}/live?a=1/track1"),
        (b"track1", "Content-Base: rtsp://127.0.0.1/base/\r\n", "rtsp://127.0.0.1/base/track1"),
        (b"rtsp://127.0.0.1/other", "", "rtsp://127.0.0.1/other"),
        (b"*", "", "rtsp://127.0.0.1:{port}/live?a=1"),
    ],
)
def test_the_pictures_are_asked_for_and_let_go(control: bytes, headers: str, track: str) -> None:
    answers = [ok(SDP % control, headers), ok(headers="Session: 7;timeout=60\r\n"), ok() + RTP]
    with camera(answers) as (port, asked):
        assert ask_for_pictures(urlsplit(f"rtsp://127.0.0.1:{port}/live?a=1")) == 200
    assert asked[0] == f"DESCRIBE rtsp://127.0.0.1:{port}/live?a=1 RTSP/1.0"
    assert asked[1] == f"SETUP {track.format(port=port)} RTSP/1.0"
    assert asked[2].startswith("PLAY ")


def test_every_address_of_a_host_has_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first takes no connection, and does not say so: its queue is full."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        camera([ok(SDP % b"a"), ok(), ok() + RTP]) as (port, _),
    ):
        both = full.getsockname(), ("127.0.0.1", port)
        known = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in both]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: known)
        assert ask_for_pictures(urlsplit("rtsp://camera/")) == 200


def test_pictures_may_come_before_the_answer() -> None:
    with camera([ok(SDP % b"a"), ok(), RTP + ok() + RTP]) as (port, _):
        assert ask_for_pictures(urlsplit(f"rtsp://127.0.0.1:{port}/")) == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.MAXIMUM_SUPPORTED])
def test_a_camera_that_signed_its_own_certificate_is_asked(tmp_path: Path, version: ssl.TLSVersion) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine, to make a certificate with")
    line = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=camera"
    subprocess.run(["openssl", *line.split()], cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.minimum_version, tls.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
    with camera([ok(SDP % b"a"), ok(), ok() + RTP], tls=tls) as (port, asked):
        assert ask_for_pictures(urlsplit(f"rtsps://127.0.0.1:{port}/live")) == 200
    assert asked[0].startswith("DESCRIBE rtsps://")


def test_who_never_answers_the_encryption_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omni.sources.handshake.ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        failure = diagnose(f"https://127.0.0.1:{server.getsockname()[1]}/")
    assert failure is not None
    assert failure.cause == "silent"


@pytest.mark.parametrize("answers", [[ok(SDP % b"a"), ok(), ok()], [ok(SDP % b"a"), ok(), RTP]])
def test_who_never_stops_talking_is_left(answers: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not let go of the session, or does not answer at all."""
    monkeypatch.setattr("omni.sources.handshake.ANSWER_S", 0.5)
    with camera(answers, talks_on=True) as (port, _):
        failure = diagnose(f"rtsp://127.0.0.1:{port}/")
    assert (failure and failure.cause) == (None if answers[-1] == ok() else "silent")


@pytest.mark.parametrize("digest", [False, True])
@pytest.mark.parametrize("kind", ["rtsp", "ts"])
def test_no_session_is_left_with_the_camera(kind: str, digest: bool) -> None:
    login = ("ann", "a b:c")
    with FaultCamera(login=login, digest=digest, max_clients=1) as one:
        url = one.url(kind).replace("://", "://ann:a%20b%3Ac@")
        for _ in range(3):  # there is room for one client only
            assert diagnose(url) is None


def test_a_camera_may_ask_for_the_login_each_time_anew() -> None:
    def asks(nonce: str) -> bytes:
        return f'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="{nonce}"\r\n\r\n'.encode()

    answers = [asks("1"), ok(SDP % b"a"), asks("2"), ok(), asks("3"), ok() + RTP]
    with camera(answers) as (port, asked):
        assert ask_for_pictures(urlsplit(f"rtsp://ann:word@127.0.0.1:{port}/")) == 200
    assert [line.split(" ")[0] for line in asked] == ["DESCRIBE"] * 2 + ["SETUP"] * 2 + ["PLAY"] * 2


def test_a_wrong_password_is_shown_to_the_camera_once() -> None:
    """Some lock the account after a few."""
    refused = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n\r\n'
    with camera([refused, refused]) as (port, asked):
        assert ask_for_pictures(urlsplit(f"rtsp://ann:wrong@127.0.0.1:{port}/")) == 401
    assert len(asked) == 2


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_who_hangs_up_after_asking_for_the_login_is_asked_again(password: str) -> None:
    class Gate(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("authorization", ""))
            if shown[-1] == "Basic " + b64encode(b"ann:right").decode():
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"picture")
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="r"')
                self.end_headers()
                self.wfile.write(b"<html>of unknown length</html>")

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    shown: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    status = ask_for_pictures(urlsplit(f"http://ann:{password}@127.0.0.1:{server.server_port}/"))
    server.shutdown()
    server.server_close()
    thread.join()
    assert (status, len(shown)) == (200 if password == "right" else 401, 2)


def asks_for(*algorithms: str) -> bytes:
    """Who asks for a login by digest, by one algorithm or another."""
    ways = [
        f'WWW-Authenticate: Digest realm="r", qop="auth", algorithm={a}, nonce="{a}", opaque="o"' for a in algorithms
    ]
    return "\r\n".join(["HTTP/1.1 401 Unauthorized", *ways, "Content-Length: 0", "", ""]).encode()


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256", "MD5"), ("MD5-sess",)])
def test_a_login_by_digest_is_as_rfc_7616_has_it(algorithms: tuple[str, ...]) -> None:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    with camera([asks_for(*algorithms), b"HTTP/1.1 200 OK\r\n\r\npicture"], whole=True) as (port, asked):
        assert ask_for_pictures(urlsplit(f"http://ann:word@127.0.0.1:{port}/a")) == 200
    [login] = re.findall(r"Authorization: Digest (.*)\r", asked[1])
    given = {k: v or w for k, v, w in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', login)}
    assert (given["algorithm"], given["nonce"], given["opaque"]) == (algorithms[-1], algorithms[-1], "o")
    secret = md5("ann:r:word")
    if algorithms[-1] == "MD5-sess":
        secret = md5(f"{secret}:{given['nonce']}:{given['cnonce']}")
    counted = ":".join(given[name] for name in ("nonce", "nc", "cnonce", "qop"))
    assert given["response"] == md5(f"{secret}:{counted}:{md5('GET:/a')}")


def test_a_login_that_the_decoder_does_not_know_is_told() -> None:
    with camera([asks_for("MD5", "SHA-256")]) as (port, asked):
        failure = diagnose(f"rtsp://ann:word@127.0.0.1:{port}/")
    assert failure is not None
    assert (failure.cause, failure.permanent, len(asked)) == ("unauthorized", True, 1)
    assert "another algorithm than MD5" in failure.reason


def test_asking_with_the_login_once_more_has_no_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs up after asking for the login, and then says nothing."""
    monkeypatch.setattr("omni.sources.handshake.ANSWER_S", 3600.0)
    monkeypatch.setattr("omni.sources.handshake.PICTURE_S", 0.5)
    refused = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n\r\n'
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(refused)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        failure = diagnose(f"rtsp://ann:word@127.0.0.1:{server.getsockname()[1]}/")
        thread.join(5)
    assert failure is not None
    assert failure.cause == "silent"


def test_who_leads_elsewhere_is_left_to_the_decoder() -> None:
    with camera([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/there\r\n\r\n"]) as (port, _):
        assert diagnose(f"http://127.0.0.1:{port}/") is None


@pytest.mark.parametrize("url", ["rtsp://ann:word@/x", "rtsp://cam:99999/", "http://cam:0/", "http://[::1/"])
def test_an_address_that_cannot_be_is_told(url: str) -> None:
    failure = diagnose(url)
    assert failure is not None
    assert (failure.cause, failure.permanent) == ("address", True)


def test_a_name_that_no_host_can_have_is_not_known() -> None:
    failure = diagnose("rtsp://cam..local/")
    assert failure is not None
    assert failure.cause == "unknown_host"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(b"SSH-2.0-OpenSSH\r\n\r\n", "no_camera"), (b"RTSP/1.0 461 Unsupported Transport\r\n\r\n", "refused")],
)
def test_what_is_no_camera_is_told(answer: bytes, cause: str) -> None:
    with camera([answer]) as (port, _):
        failure = diagnose(f"rtsp://127.0.0.1:{port}/")
    assert failure is not None
    assert failure.cause == cause
