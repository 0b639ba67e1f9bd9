"""The three standard streams: closed by whoever calls, full, or read by somebody who wants no more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator


def reopen() -> None:
    """Put something in the place of streams that the caller has closed (``>&-``).

    The next file that is opened would get their number, and what is meant for people would be written into it. What is
    written to a closed standard output fails, as its result would be lost; of standard error nobody wants to know.
    """
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as of stderr: names of files may be no text at all


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Names standard output in what is raised when it cannot be written."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def settle() -> None:
    """Let go of what cannot be written: Python would try again at its end, and end with a code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str, end: str = "\n") -> None:
    """To people, on standard error; a work goes on where nobody can be told of it."""
    with contextlib.suppress(OSError):
        print(text, end=end, file=sys.stderr, flush=True)


class Lines:
    """Lines on standard output from several threads, each whole, until one cannot be written.

    Args:
        end: is set then, for nobody reads any more.
    """

    def __init__(self, end: threading.Event) -> None:
        self._end = end
        self._lock = threading.Lock()
        self._error: OSError | None = None

    def print(self, line: str) -> None:
        """One line, read at once by who waits for it. Raises nothing: whoever made it is not to blame."""
        with self._lock:
            if self._error is None:
                try:
                    with telling():
                        sys.stdout.write(line + "\n")
                        sys.stdout.flush()
                except OSError as error:
                    self._error = error
                    self._end.set()

    def check(self) -> None:
        """Raises what went wrong, in the thread that is to end with it."""
        if self._error is not None:
            raise self._error
