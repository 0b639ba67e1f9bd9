"""H.264 on the wire: RTP (RFC 3550, 6184) inside RTSP (RFC 2326, 10.12), and transport streams (ISO 13818-1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

CLOCK_HZ = 90_000
RTP_TYPE = 96
_RTP_BYTES = 1400
_PAT_PID, _PMT_PID, _VIDEO_PID = 0, 0x1000, 0x100
_PACKET = 188
_ACCESS_UNIT_DELIMITER = b"\x00\x00\x00\x01\x09\xf0"


class RtpPacker:
    """NAL units of one stream -> RTP packets, each framed for RTSP's own connection (channel 0)."""

    def __init__(self) -> None:
        self._sequence = 0

    def pack(self, units: Sequence[bytes], pts: float) -> bytes:
        """One access unit. ``pts`` in seconds."""
        pieces = [piece for unit in units for piece in _fragments(unit)]
        return b"".join(self._packet(piece, pts, last=i == len(pieces) - 1) for i, piece in enumerate(pieces))

    def _packet(self, payload: bytes, pts: float, *, last: bool) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        ticks = round(pts * CLOCK_HZ) & 0xFFFFFFFF
        head = struct.pack(">BBHII", 0x80, RTP_TYPE | last << 7, self._sequence, ticks, 0x6F6D6E69)
        return struct.pack(">cBH", b"$", 0, len(head) + len(payload)) + head + payload


def _fragments(unit: bytes) -> Iterator[bytes]:
    """A NAL unit as it is, or as fragmentation units FU-A."""
    if len(unit) <= _RTP_BYTES:
        yield unit
        return
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    for at in range(1, len(unit), _RTP_BYTES):
        first, last = at == 1, at + _RTP_BYTES >= len(unit)
        yield bytes([indicator, first << 7 | last << 6 | kind]) + unit[at : at + _RTP_BYTES]


class TsPacker:
    """NAL units of one stream -> packets of a transport stream with one programme."""

    def __init__(self) -> None:
        self._counters = dict.fromkeys((_PAT_PID, _PMT_PID, _VIDEO_PID), 0)

    def pack(self, units: Sequence[bytes], pts: float) -> bytes:
        """One access unit, the tables before it. ``pts`` in seconds."""
        ticks = round(pts * CLOCK_HZ) & 0x1FFFFFFFF
        stream = _ACCESS_UNIT_DELIMITER + b"".join(b"\x00\x00\x00\x01" + unit for unit in units)
        body = b"\x00\x00\x01\xe0\x00\x00\x84\x80\x05" + _timestamp(ticks) + stream
        return self._tables() + b"".join(self._packets(body, ticks))

    def _tables(self) -> bytes:
        programme = struct.pack(">HH", 1, 0xE000 | _PMT_PID)
        streams = struct.pack(">HHBHH", 0xE000 | _VIDEO_PID, 0xF000, 0x1B, 0xE000 | _VIDEO_PID, 0xF000)
        return self._table(_PAT_PID, 0, programme) + self._table(_PMT_PID, 2, streams)

    def _table(self, pid: int, table: int, content: bytes) -> bytes:
        section = struct.pack(">BHHBBB", table, 0xB000 | len(content) + 9, 1, 0xC1, 0, 0) + content
        payload = b"\x00" + section + struct.pack(">I", _crc(section))
        return self._head(pid, start=True, adapted=False) + payload.ljust(_PACKET - 4, b"\xff")

    def _packets(self, body: bytes, ticks: int) -> Iterator[bytes]:
        clock = b"\x50" + struct.pack(">IH", ticks >> 1, (ticks & 1) << 15 | 0x7E00)  # a point to begin at, and the PCR
        field, at = bytes([len(clock)]) + clock, 0
        while at < len(body):
            piece = body[at : at + _PACKET - 4 - len(field)]
            field = _filled(field, _PACKET - 4 - len(field) - len(piece))
            yield self._head(_VIDEO_PID, start=at == 0, adapted=bool(field)) + field + piece
            field, at = b"", at + len(piece)

    def _head(self, pid: int, *, start: bool, adapted: bool) -> bytes:
        self._counters[pid] = (self._counters[pid] + 1) & 0xF
        return struct.pack(">BHB", 0x47, start << 14 | pid, (0x30 if adapted else 0x10) | self._counters[pid])


def _filled(field: bytes, missing: int) -> bytes:
    """An adaptation field that is longer by so many bytes; its first byte is its length."""
    if missing == 0:
        return field
    if not field:
        return b"\x00" if missing == 1 else bytes([missing - 1, 0]) + b"\xff" * (missing - 2)
    return bytes([field[0] + missing]) + field[1:] + b"\xff" * missing


def _timestamp(ticks: int) -> bytes:
    return struct.pack(">BHH", 0x21 | ticks >> 29 & 0x0E, ticks >> 14 & 0xFFFE | 1, (ticks << 1) & 0xFFFE | 1)


def _crc(data: bytes) -> int:
    """CRC-32 of ISO 13818-1, annex A."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc
