"""A camera on loopback that fails on demand: RTSP over TCP, and a transport stream or JPEGs over HTTP, on one port."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self

import cv2

from omni.testing.conversation import Request, answer, authorised, challenge, describe, read_request
from omni.testing.h264 import Encoder, numbered
from omni.testing.packets import RtpPacker, TsPacker
from omni.types import UInt8

_BOUNDARY = "picture"
_MOST_UNSENT_BYTES = 8 << 20
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 453: "Not Enough Bandwidth", 503: "Unavailable"}


class FaultCamera:
    """A camera whose faults are attributes and methods. They can be used at any time and from any thread.

    Each picture shows its own number in black and white (read it with ``number_in``), unless ``picture`` is given.
    Numbers and timestamps follow the camera's own clock, whether or not a client is connected. Use it as a context
    manager.

    Args:
        size: (width, height) in pixels, multiples of 16.
        fps: pictures a second.
        gop: pictures from one key frame to the next.
        login: (user, password) that RTSP and HTTP require.
        digest: whether they are asked for by the digest scheme instead of the basic one.
        max_clients: a further client is accepted and then gets no answer, as with real cameras; None: no limit.
        picture: makes a picture from its number: (H, W, 3) uint8 BGR of ``size``.

    Attributes:
        fps, size, gop: can be changed; a new size begins with a key frame.
        silent: True: connections are accepted and never answered.
        status: HTTP or RTSP status with which every client is refused; None: no client is refused.
        sending: False: connections stay open, but no picture is sent.
        keeps_unsent: True: pictures that were not sent while ``sending`` was False are sent late, all at once; False:
            they are lost.
        frozen: True: the picture stands still while timestamps go on.
        parameter_sets: False: neither SPS nor PPS is sent.
        damaged: how many of a thousand bytes are sent wrong.
        connections: connections so far.
        clients: clients that receive pictures now.
    """

    def __init__(
        self,
        *,
        size: tuple[int, int] = (64, 48),
        fps: float = 10.0,
        gop: int = 10,
        login: tuple[str, str] | None = None,
        digest: bool = False,
        max_clients: int | None = None,
        picture: Callable[[int], UInt8] | None = None,
    ) -> None:
        self.fps, self.size, self.gop = fps, size, gop
        self.silent = False
        self.status: int | None = None
        self.sending, self.keeps_unsent = True, False
        self.frozen, self.parameter_sets, self.damaged = False, True, 0
        self.connections = 0
        self._login, self._digest, self._max_clients = login, digest, max_clients
        self._picture = picture
        self._pts_offset = 0.0
        self._clients: set[_Client] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault camera", daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._socket.getsockname()[1])

    @property
    def clients(self) -> int:
        return len(self._clients)

    def url(self, kind: str = "rtsp", *, login: tuple[str, str] | None = None) -> str:
        """Its address. ``kind``: ``rtsp``, ``ts`` or ``mjpeg`` (both over HTTP); ``login``: goes into it."""
        scheme, path = ("rtsp", "live") if kind == "rtsp" else ("http", f"live.{kind}")
        who = f"{login[0]}:{login[1]}@" if login else ""
        return f"{scheme}://{who}127.0.0.1:{self.port}/{path}"

    def jump(self, seconds: float) -> None:
        """From now on the pictures' timestamps are so much later, or earlier where it is negative."""
        self._pts_offset += seconds

    def cut(self) -> None:
        """Reset all connections (RST)."""
        self._run(self._cut())

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._socket)
        self._keep(asyncio.ensure_future(self._shoot()))

    async def _cut(self) -> None:
        for client in list(self._clients):
            client.reset()

    async def _close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(20):  # transports close in the loop's next turns
            await asyncio.sleep(0)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _shoot(self) -> None:
        """The sensor and the encoder: one for all clients, going on with none."""
        encoder, number, shown, begun = Encoder(self.size, self.fps), 0, 0, time.monotonic()
        due, since_key = begun, 0
        while True:
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            if encoder.size != self.size:
                encoder, since_key = Encoder(self.size, self.fps), 0
            shown = shown if self.frozen else number
            image = self._picture(shown) if self._picture else numbered(shown, self.size)
            key = since_key == 0
            unit = encoder.encode(image, key=key)
            units = [*encoder.parameter_sets, unit] if key and self.parameter_sets else [unit]
            for client in self._clients:
                client.take(units, image, due - begun + 10.0 + self._pts_offset)
            since_key = (since_key + 1) % max(self.gop, 1)
            number += 1
            due = max(due + 1 / self.fps, time.monotonic() - 1.0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        client = _Client(self, writer)
        try:
            if self.silent or (self._max_clients is not None and len(self._clients) >= self._max_clients):
                while await reader.read(4096):
                    pass
                return
            while (request := await read_request(reader)) is not None:
                self._reply(request, client)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ValueError):
            pass
        finally:
            self._clients.discard(client)
            writer.transport.abort()

    def _reply(self, request: Request, client: _Client) -> None:
        refused = self.status
        if refused is None and self._login is not None and not authorised(request, self._login, digest=self._digest):
            refused = 401
        if refused is not None:
            extra = challenge(digest=self._digest) if refused == 401 else {}
            client.write(answer(request, refused, _REASONS.get(refused, "Refused"), extra))
        elif request.protocol.startswith("HTTP"):
            self._reply_http(request, client)
        else:
            self._reply_rtsp(request, client)

    def _reply_http(self, request: Request, client: _Client) -> None:
        client.kind = "mjpeg" if request.path.endswith(".mjpeg") else "ts"
        content = "video/mp2t" if client.kind == "ts" else f"multipart/x-mixed-replace;boundary={_BOUNDARY}"
        client.write(f"HTTP/1.0 200 OK\r\ncontent-type: {content}\r\n\r\n".encode())
        self._clients.add(client)

    def _reply_rtsp(self, request: Request, client: _Client) -> None:
        if request.method == "DESCRIBE":
            sets = Encoder(self.size, self.fps).parameter_sets if self.parameter_sets else ()
            client.write(answer(request, 200, "OK", {"content-type": "application/sdp"}, describe(sets)))
        elif request.method == "SETUP" and "TCP" not in request.headers.get("transport", ""):
            client.write(answer(request, 461, "Unsupported Transport"))
        elif request.method == "SETUP":
            transport = {"session": "1", "transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
            client.write(answer(request, 200, "OK", transport))
        else:
            public = {"public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN", "session": "1"}
            client.write(answer(request, 200, "OK", public))
        if request.method == "PLAY":
            self._clients.add(client)


class _Client:
    """Who receives pictures."""

    def __init__(self, camera: FaultCamera, writer: asyncio.StreamWriter) -> None:
        self.kind = "rtsp"
        self._camera = camera
        self._writer = writer
        self._rtp, self._ts = RtpPacker(), TsPacker()
        self._unsent = bytearray()
        self._sent = 0

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def take(self, units: list[bytes], image: UInt8, pts: float) -> None:
        data = self._packed(units, image, pts)
        if self._camera.damaged:
            data = self._damage(data)
        if not self._camera.sending:
            if self._camera.keeps_unsent and len(self._unsent) < _MOST_UNSENT_BYTES:
                self._unsent += data
            return
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            return
        self._writer.write(bytes(self._unsent) + data)
        self._unsent.clear()

    def reset(self) -> None:
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def _packed(self, units: list[bytes], image: UInt8, pts: float) -> bytes:
        if self.kind == "rtsp":
            return self._rtp.pack(units, pts)
        if self.kind == "ts":
            return self._ts.pack(units, pts)
        jpeg = cv2.imencode(".jpg", image)[1].tobytes()
        head = f"--{_BOUNDARY}\r\ncontent-type: image/jpeg\r\ncontent-length: {len(jpeg)}\r\n\r\n"
        return head.encode() + jpeg + b"\r\n"

    def _damage(self, data: bytes) -> bytes:
        """Wrong bytes at even distances, never in the frame's own head."""
        wrong, step = bytearray(data), max(1000 // self._camera.damaged, 1)
        for at in range(200, len(wrong), step):
            wrong[at] ^= 0x55
        return bytes(wrong)
