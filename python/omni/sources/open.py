"""Which source a stream's address asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from omni.config import StreamConfig
from omni.errors import SourceError
from omni.sources.condition import ConditionLog
from omni.types import Frame


class Source(Protocol):
    """A running source. Iterating gives frames until the end, or until ``stop`` is set; it may be left at any time.

    A camera also gives None when nothing came for a moment, so that whoever iterates can look at its condition.

    Attributes:
        image_size: (width, height) of the frames it gives, once it knows.
        dropped: frames that came but were not given, as a newer one was there.
        left_behind: decoders that hang and were left to themselves.
        decode_s: seconds spent decoding so far (0 for cameras, whose decoding runs beside).
        fresh_until: when the frame just given is stale, monotonic seconds; of files never.
    """

    image_size: tuple[int, int] | None
    decode_s: float
    fresh_until: float

    @property
    def dropped(self) -> int: ...

    @property
    def left_behind(self) -> int: ...

    def now(self) -> float | None:
        """The time by which frames are dated: of a camera also while none come, of a file that of the latest it gave.

        A file that has given none yet has the time of its beginning. None: it is not known.
        """

    def __iter__(self) -> Iterator[Frame | None]: ...


def open_source(
    stream: StreamConfig, started_at: float, stop: threading.Event, log: ConditionLog | None = None
) -> Source:
    """Open a stream: files and folders are checked at once, cameras are connected while iterating.

    Args:
        stream: what to open.
        started_at: Unix epoch seconds at which a file's first frame is dated.
        stop: ends the iteration, also in the middle of a wait.
        log: is told what the source is doing.

    Raises:
        SourceError: the file or folder cannot be read.
    """
    from omni.sources.decoder import settle_ffmpeg

    settle_ffmpeg()
    log = log or ConditionLog(stream.label)
    if stream.live:
        from omni.sources.live import LiveSource

        return LiveSource(stream, stop, log)
    if "://" in stream.url:
        raise SourceError(
            f"stream {stream.label}: {stream.safe_url}: expected a file, a folder, rtsp://, http:// or a device number"
        )
    from omni.sources.file import FileSource, FolderReader, VideoReader

    path = Path(stream.url)
    try:
        there = path.exists()
    except OSError as error:  # in a folder that is another's, or too long a name
        raise SourceError(f"stream {stream.label}: {stream.safe_url}: cannot be read: {error.strerror}") from None
    if not there:
        raise SourceError(f"stream {stream.label}: {stream.safe_url}: no such file or folder")
    reader = FolderReader(path) if path.is_dir() else VideoReader(path)
    return FileSource(stream, reader, started_at, stop, log)
