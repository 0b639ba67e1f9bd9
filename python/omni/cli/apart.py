"""Two results never go into one file, and none into a file that is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from omni.cli.output import descriptor
from omni.errors import OmniError


class SameFileError(OmniError):
    """One file is named for two things, of which the second would take the place of the first."""

    slug = "wrong-use"
    exit_code = 2


def check_apart(written: Mapping[str, Path | None], read: Iterable[Path | None] = (), *, printed: bool = False) -> None:
    """Look at the files of a work before it begins.

    Args:
        written: option -> the file that is written; None: none is.
        read: files that are read; None: none is.
        printed: whether standard output has a result, too.

    Raises:
        SameFileError: names the option and the file.
    """
    taken = {identity: "is read as well" for path in read if path for identity in _identity(path)}
    if printed:
        taken |= dict.fromkeys(_identity(Path("/dev/stdout")), "is standard output, which has a result as well")
    for option, path in written.items():
        for identity in _identity(path) if path else ():
            if identity in taken:
                raise SameFileError(f"{option}: {path} {taken[identity]}; name another file")
            taken[identity] = f"is written by {option} as well"


def _identity(path: Path) -> list[object]:
    """What a file is known by under all its names; nothing for a device, which takes any number of results."""
    number = descriptor(path)
    try:
        about = path.stat() if number is None else os.fstat(number)
    except OSError:
        return [os.path.realpath(path)]
    return [] if stat.S_ISCHR(about.st_mode) else [(about.st_dev, about.st_ino)]
